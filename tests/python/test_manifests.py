"""What dbt reads of the project is kept beside it, for every warehouse and quarter."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from synerstat.build import read_project
from synerstat.manifests import keep_manifest, kept_manifest, manifest_file

ROOT = Path(__file__).resolve().parents[2]
# a number for each warehouse and moment, and what dbt compares to know whether to read again
OF_THE_MOMENT = ("metadata", "state_check", "env_vars", "files")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project in a folder of its own, so that what is kept of this one stays as it is."""
    copy = tmp_path / "project"
    for folder in ("models", "macros", "seeds", "profiles"):
        shutil.copytree(ROOT / folder, copy / folder)
    for folder in ("coherence", "generic"):
        shutil.copytree(ROOT / "tests" / folder, copy / "tests" / folder)
    for file in ROOT.glob("*.yml"):
        shutil.copy(file, copy)
    return copy


def test_a_kept_manifest_is_found_until_a_file_changes(project: Path) -> None:
    assert kept_manifest(manifest_file(project)) is None
    keep_manifest(project, manifest_file(project), {"read": 1})
    assert kept_manifest(manifest_file(project)) == {"read": 1}

    model = project / "models/intermediate/int_periods.sql"
    model.write_text(model.read_text("utf-8") + "\n", "utf-8")
    assert kept_manifest(manifest_file(project)) is None
    keep_manifest(project, manifest_file(project), {"read": 2})
    assert kept_manifest(manifest_file(project)) == {"read": 2}
    assert len(list((project / "target").glob("manifest-*"))) == 1

    (project / "models/intermediate/added.sql").write_text("select 1 as one", "utf-8")
    assert kept_manifest(manifest_file(project)) is None


def test_a_broken_file_is_as_good_as_none(project: Path) -> None:
    keep_manifest(project, manifest_file(project), {"read": 1})
    (kept,) = (project / "target").iterdir()
    kept.write_bytes(kept.read_bytes()[:10])
    assert kept_manifest(manifest_file(project)) is None


def test_where_nothing_can_be_written_nothing_is_kept(project: Path) -> None:
    (project / "target").write_text("in the way", "utf-8")
    keep_manifest(project, manifest_file(project), {"read": 1})
    assert kept_manifest(manifest_file(project)) is None


def test_what_was_read_while_a_file_changed_is_not_kept(project: Path) -> None:
    before = manifest_file(project)
    (project / "models/intermediate/added.sql").write_text("select 1 as one", "utf-8")
    keep_manifest(project, before, {"read": 1})
    assert kept_manifest(before) is None
    assert kept_manifest(manifest_file(project)) is None


def test_what_is_read_depends_on_no_warehouse_and_no_quarter(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    first = read_project(project, tmp_path / "one", progress=told.append)
    read_project(project, tmp_path / "two", progress=told.append)
    assert told == ["Reading the project"]

    shutil.rmtree(project / "target")
    settings = project / "dbt_project.yml"
    changed = settings.read_text("utf-8").replace('"2019Q4"', '"2018Q2"')
    settings.write_text(changed, "utf-8")
    monkeypatch.setenv("SYNERSTAT_CONTINUE", "yes")
    another = read_project(project, tmp_path / "three")
    assert _content(first) == _content(another)


def _content(manifest: Any) -> Any:
    content = {
        name: value for name, value in manifest.to_dict().items() if name not in OF_THE_MOMENT
    }
    return json.loads(
        json.dumps(content, default=lambda _: None, sort_keys=True),
        object_hook=lambda node: {k: v for k, v in node.items() if k != "created_at"},
    )
