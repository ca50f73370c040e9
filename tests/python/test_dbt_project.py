"""The dbt project by itself, as somebody who lives in dbt uses it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READS_AS_ALIAS = re.compile(r"\bwhere\s*\(\s*\w+(\s*,\s*\w+)*\s*\)(?!\s*in\b)", re.IGNORECASE)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("target")


def dbt(target: Path, *arguments: str, code: int = 0) -> str:
    command = [Path(sys.executable).with_name("dbt"), *arguments]
    done = subprocess.run(
        [
            *command,
            *("--profiles-dir", "profiles", "--target-path", target, "--log-path", target),
            *("--warn-error-options", '{"error": "all"}'),
        ],
        cwd=ROOT,
        env={**os.environ, "SYNERSTAT_WAREHOUSE": str(target), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout[-5000:]
    return done.stdout


def test_it_builds_from_the_sample_without_a_warning(target: Path) -> None:
    assert "ERROR=0 SKIP=0" in dbt(target, "build")


def test_every_unit_test_passes(target: Path) -> None:
    told = dbt(target, "test", "--select", "resource_type:unit_test")
    assert "ERROR=0 SKIP=0" in told
    written = sum(
        file.read_text("utf-8").count("\n  - name: ")
        for file in (ROOT / "models").rglob("*__unit_tests.yml")
    )
    assert written > 0
    assert f"PASS={written} " in told


def test_no_condition_reads_as_an_alias_on_spark(target: Path) -> None:
    """Behind a table `where (true)` is the table's alias there, with one for its column."""
    dbt(target, "compile")
    files = list((target / "compiled").rglob("*.sql"))
    assert files
    assert [file.name for file in files if READS_AS_ALIAS.search(file.read_text("utf-8"))] == []


def test_a_statistic_that_does_not_begin_with_a_year_is_refused(tmp_path: Path) -> None:
    words = ("compile", "--select", "int_periods", "--vars", "coverage_start: '2018-07-01'")
    assert "2018-07-01 is no 1 January" in dbt(tmp_path, *words, code=2)
