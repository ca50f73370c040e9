import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from click.testing import Result
from typer.testing import CliRunner

import synerstat.warehouse as store
from synerstat.cli import app
from synerstat.contracts import load_contract
from synerstat.feedback import write_feedback
from synerstat.secret import SECRET_VARIABLE
from synerstat.synthesise import synthesise

PROJECT = Path(__file__).parents[3]
Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Run the check without a secret; its temporary folders would stay below `left`."""
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)
    (tmp_path / "left").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "left"))

    def check(*arguments: object) -> Result:
        command = ["check", "--project", PROJECT, "--out", tmp_path / "out", "--delivery"]
        return CliRunner().invoke(app, [str(each) for each in (*command, *arguments)])

    return check


def test_a_delivery_that_would_be_refused_is_told_why(check: Check, tmp_path: Path) -> None:
    delivery = tmp_path / "adg" / "2019Q4-1"
    delivery.mkdir(parents=True)
    result = check(delivery, "--lang", "fr", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["check"]["refusal"]["reason"] == "no_manifest"
    assert "no_manifest: The folder holds no manifest.json. Add one." in result.stderr
    assert "manifest.json absent" in (tmp_path / "out" / "adg-2019Q4-1.fr.html").read_text("utf-8")
    assert not list((tmp_path / "left").iterdir())


def test_what_a_killed_check_left_is_removed(check: Check, tmp_path: Path) -> None:
    killed, at_work, young = (tmp_path / "left" / f"synerstat-check-{n}" for n in "123")
    for folder in (killed, at_work, young):
        folder.mkdir(mode=0o700)
    with store.exclusive(at_work):
        for folder in (killed, at_work):
            os.utime(folder, (0, 0))
        delivery = tmp_path / "adg" / "2019Q4-1"
        delivery.mkdir(parents=True)
        assert check(delivery).exit_code == 3
        assert sorted((tmp_path / "left").iterdir()) == [at_work, young]


@pytest.mark.parametrize("arguments", [("--lang", "xx"), ()])
def test_what_cannot_be_checked_is_wrong_usage(
    check: Check, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "somewhere").mkdir()
    assert check(tmp_path / "somewhere", *arguments).exit_code == 2


@pytest.mark.slow
def test_rows_that_would_be_left_out_are_listed(check: Check, tmp_path: Path) -> None:
    synthesise(
        tmp_path / "made", 40, "2019Q4", "2019Q4", 1,
        contracts=PROJECT / "contracts", seeds=PROJECT / "seeds",
    )  # fmt: skip
    made = tmp_path / "made" / "adg" / "2019Q4-1"
    manifest = json.loads((made / "manifest.json").read_text("utf-8"))
    # any file will do: one of text takes its place
    contract = load_contract(PROJECT / "contracts" / "adg.odcs.yaml")
    header = [column.name for column in contract.columns]
    rows = [
        {"teilnahme_nr": "good", "nrnr": "85073003328", "beginn": "01.10.2019"},
        {"teilnahme_nr": "bad", "nrnr": "85073003328", "beginn": "32.10.2019"},
    ]
    lines = [header] + [
        [{"massnahme_art": "SPR", **row}.get(name, "") for name in header] for row in rows
    ]
    content = "\n".join("\t".join(line) for line in lines).encode("latin-1")
    (made / "rows.csv").write_bytes(content)
    manifest["files"] = [
        {"name": "rows.csv", "sha256": hashlib.sha256(content).hexdigest(), "rows": 2}
    ]
    (made / "manifest.json").write_text(json.dumps(manifest), "utf-8")

    result = check(made)
    assert result.exit_code == 3, result.output
    assert "1 of 2 rows would be left out" in result.stderr
    report = json.loads((tmp_path / "out" / "adg-2019Q4-1.de.json").read_text("utf-8"))
    (finding,) = [each for each in report["findings"] if each["severity"] == "error"]
    assert (finding["rule"], finding["rows"]) == ("invalid_date", 1)
    assert [row["record_id"] for row in finding["samples"]] == ["bad"]
    # the same person stands in the good row: nobody would be added
    assert report["effect"] == {"participants": 1, "participants_with_left_out": 1}
    for path in (tmp_path / "out").iterdir():
        assert "85073003328" not in path.read_text("utf-8")
    assert not list((tmp_path / "left").iterdir())


def test_refused_deliveries_are_answered_before_anything_was_built(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    refused = {
        "operator": "forem",
        "folder": "2019Q4-1",
        "reference_quarter": "2019Q4",
        "sequence": 1,
        "reason": "empty_file",
        "message": "The file is empty.",
        "file_name": "a.csv",
    }
    replacements = {**refused, "operator": "", "reference_quarter": None, "sequence": None}
    parquet.write_table(
        arrow.Table.from_pylist([refused, replacements]), landing / "refusals.parquet"
    )
    left_over = tmp_path / "quality" / "feedback" / "adg"
    left_over.mkdir(parents=True)
    written = write_feedback(PROJECT, tmp_path, "0.1.0")
    assert written.pages == ("forem/2019Q4-1.fr.html",)
    assert not left_over.exists()
    assert sorted(path.name for path in (tmp_path / "quality").iterdir()) == [
        "feedback",
        "feedback_published",
    ]
    page = (written.folder / "forem" / "2019Q4-1.fr.html").read_text("utf-8")
    assert "Un fichier est vide" in page
