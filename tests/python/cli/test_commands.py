import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import Result
from typer.testing import CliRunner

import synerstat
import synerstat.warehouse as store
from synerstat.build import BuildResult
from synerstat.cli import _masked, app
from synerstat.errors import ChecksFailedError, PublicationWithheldError, UsageError
from synerstat.feedback import WrittenFeedback
from synerstat.publish import CellCounts, Publication
from synerstat.secret import SAMPLE_SECRET, SECRET_VARIABLE

SECRET = "a secret of these tests"
NATIONAL_NUMBER = "85.07.30-033.28"
Run = Callable[..., Result]

REFUSAL = store.RefusedDelivery(
    "forem", "2019Q4-9", "2019Q4", 9, "checksum_mismatch", "a.csv differs", "a.csv"
)


HOLDING = store.ExpectationsResult(passed=True)


@dataclass(frozen=True)
class Landed:
    landed: tuple[str, ...] = ("one",)
    unchanged: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    rows: int = 7
    unreadable_rows: int = 0


@dataclass
class Layers:
    """What the layers below the command line are told, and what they answer."""

    calls: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    quarters: list[str] = field(default_factory=list)
    refusals: tuple[store.RefusedDelivery, ...] = ()
    expectations: store.ExpectationsResult = HOLDING
    is_new: bool = True
    landed: Landed = field(default_factory=Landed)
    error: BaseException | None = None

    def run_intake(self, *args: Any, **_: Any) -> Landed:
        self.calls.append("intake")
        self.secrets.append(args[3])
        if self.error:
            raise self.error
        return self.landed

    def build(self, project: Path, warehouse: Path, quarter: str, **options: Any) -> BuildResult:
        self.calls.append("build")
        self.quarters.append(quarter)
        options["progress"]("Building")
        if self.error:
            raise self.error
        counts = {"model": 60, "test": 300}
        feedback = WrittenFeedback(warehouse / "feedback", ())
        return BuildResult(
            warehouse, quarter, counts, (), self.refusals, self.expectations, feedback
        )

    def publish(self, warehouse: Path, quarter: str, out: Path, **_: Any) -> Publication:
        self.calls.append("publish")
        if self.error:
            raise self.error
        cells = {"training": CellCounts(10, 2)}
        return Publication(out / quarter / "v1", f"{quarter}-v1", self.is_new, cells)


@contextmanager
def in_this_process(function: Callable, *arguments: Any, **named: Any) -> Iterator[Future]:
    """What `synerstat.beside.beside` does, for layers that are there in this process only."""
    done: Future = Future()
    done.set_result(function(*arguments, **named))
    yield done


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> Layers:
    layers = Layers()
    monkeypatch.setattr("synerstat.beside.beside", in_this_process)
    monkeypatch.setattr("synerstat.build.read_project", lambda *_, **__: None)
    monkeypatch.setattr("synerstat.intake.run_intake", layers.run_intake)
    monkeypatch.setattr("synerstat.build.build", layers.build)
    monkeypatch.setattr("synerstat.publish.publish", layers.publish)
    monkeypatch.setattr(store, "refused_deliveries", lambda _: layers.refusals)
    return layers


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty folder with the secret set; `deliveries` is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    (tmp_path / "deliveries").mkdir()

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


INTAKE = ("intake", "--deliveries", "deliveries", "--warehouse", "warehouse")
BUILD = ("build", "--warehouse", "warehouse", "--quarter", "2019Q4")
ALL = ("run", *INTAKE[1:], "--quarter", "2019Q4", "--out", "publication")


def test_run_goes_from_deliveries_to_publication(run: Run, layers: Layers) -> None:
    result = run(*ALL)
    assert result.exit_code == 0
    assert layers.calls == ["intake", "build", "publish"]
    assert layers.secrets == [SECRET]
    assert "Published 2019Q4-v1 in publication/2019Q4/v1" in result.stdout


def test_json_summary_is_all_that_stands_on_standard_output(run: Run, layers: Layers) -> None:
    result = run(*ALL, "--json")
    summary = json.loads(result.stdout)
    assert summary["command"] == "run"
    assert summary["exit_code"] == 0
    assert summary["problems"] == []
    assert summary["intake"]["rows"] == 7
    assert summary["build"]["counts"] == {"model": 60, "test": 300}
    assert summary["publish"]["cells"] == {"training": {"cells": 10, "withheld": 2}}
    assert summary["publish"]["vintage"] == "2019Q4-v1"
    assert "Building" in result.stderr


def test_a_second_run_says_that_nothing_changed(run: Run, layers: Layers) -> None:
    layers.is_new = False
    result = run(*ALL)
    assert result.exit_code == 0
    assert "Nothing has changed since 2019Q4-v1" in result.stdout


def test_a_refused_delivery_withholds_the_publication(run: Run, layers: Layers) -> None:
    layers.refusals = (REFUSAL,)
    result = run(*ALL)
    assert result.exit_code == 3
    assert layers.calls == ["intake", "build"]
    told = "Refused: forem/2019Q4-9: checksum_mismatch: a.csv differs"
    assert result.stderr.count(told) == 1
    assert "Nothing is published" in result.stdout


@pytest.mark.parametrize("command", [INTAKE, BUILD])
def test_intake_and_build_tell_refused_deliveries(
    run: Run, layers: Layers, command: tuple[str, ...]
) -> None:
    layers.refusals = (REFUSAL,)
    result = run(*command, "--json")
    assert result.exit_code == 3
    summary = json.loads(result.stdout)
    assert summary["exit_code"] == 3
    assert summary["problems"] == ["Refused: forem/2019Q4-9: checksum_mismatch: a.csv differs"]


def test_a_failed_expectation_withholds_the_publication(run: Run, layers: Layers) -> None:
    layers.expectations = store.ExpectationsResult(passed=False, failures=("Totals are off.",))
    result = run(*ALL)
    assert result.exit_code == 3
    assert "publish" not in layers.calls
    assert "Expectation failed: Totals are off." in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ChecksFailedError("2 tests failed"), 3),
        (PublicationWithheldError("withheld"), 3),
        (UsageError("another quarter"), 2),
        (RuntimeError("out of order"), 1),
        (KeyboardInterrupt(), 1),
    ],
)
def test_errors_end_with_their_code_and_a_message(
    run: Run, layers: Layers, error: BaseException, code: int
) -> None:
    layers.error = error
    result = run(*BUILD, "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["exit_code"] == code
    assert str(error) in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_where_an_unexpected_error_arose(run: Run, layers: Layers) -> None:
    layers.error = RuntimeError("out of order")
    result = run(*BUILD, "--debug")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr


def test_damage_within_the_database_is_told_with_what_to_do(run: Run, layers: Layers) -> None:
    layers.error = duckdb.Error("Corrupt database file: computed checksum 1 does not match 2")
    result = run(*BUILD)
    assert result.exit_code == 1
    assert "Remove synerstat.duckdb" in result.stderr


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_no_secret_and_no_national_number_is_told(
    run: Run, layers: Layers, debug: tuple[str, ...]
) -> None:
    digits = re.sub(r"\D", "", NATIONAL_NUMBER)
    layers.error = RuntimeError(f"{SECRET} {NATIONAL_NUMBER} {digits} is no date")
    result = run(*ALL, "--json", *debug)
    assert result.exit_code == 1
    assert SECRET not in result.output
    assert NATIONAL_NUMBER not in result.output
    assert digits not in result.output
    assert "##.##.##-###.##" in result.stderr


def test_a_weak_secret_is_refused_and_not_repeated(
    run: Run, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, "secretsecretsecret")
    result = run(*INTAKE)
    assert result.exit_code == 2
    assert "protects nobody" in result.stderr
    assert "secretsecret" not in result.output
    assert layers.calls == []


@pytest.mark.parametrize("command", [INTAKE, ALL])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_without_the_secret_no_delivery_is_read(
    run: Run,
    layers: Layers,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: tuple[str, ...],
    value: str | None,
) -> None:
    if value is None:
        monkeypatch.delenv(SECRET_VARIABLE)
    else:
        monkeypatch.setenv(SECRET_VARIABLE, value)
    result = run(*command)
    assert result.exit_code == 2
    assert f"export {SECRET_VARIABLE}=" in result.stderr
    assert layers.calls == []
    assert not (tmp_path / "warehouse").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("build",),
        ("no-such-command",),
        ("build", "--warehouse", "warehouse", "--quarter", "2019-Q4"),
        ("build", "--warehouse", "warehouse", "--quarter", "2019Q5"),
        ("build", "--warehouse", "warehouse", "--memory-limit", "much"),
        ("build", "--warehouse", "warehouse", "--threads", "0"),
        ("build", "--warehouse", "warehouse", "--target", "oracle"),
        ("intake", "--deliveries", "nowhere", "--warehouse", "warehouse"),
        ("publish", "--warehouse", "nowhere", "--out", "publication"),
        ("synthesise", "--out", "invented", "--from", "2019Q4", "--to", "2018Q1"),
    ],
)
def test_wrong_usage_ends_with_code_2(run: Run, layers: Layers, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
    assert layers.calls == []


def test_the_quarter_is_by_default_the_latest_that_has_landed(
    run: Run, layers: Layers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "latest_landed_quarter", lambda _: "2020Q2")
    assert run(*BUILD[:3]).exit_code == 0
    assert layers.quarters == ["2020Q2"]


def test_a_warehouse_with_nothing_landed_is_built_from_the_sample(run: Run, layers: Layers) -> None:
    result = run(*BUILD[:3])
    assert result.exit_code == 0
    assert layers.quarters == ["2019Q4"]
    assert "sample of invented persons" in result.stdout


def test_a_run_on_a_folder_without_deliveries_publishes_no_sample(run: Run, layers: Layers) -> None:
    layers.landed = Landed(landed=())
    result = run(*ALL)
    assert result.exit_code == 2
    assert "holds no delivery" in result.output
    assert layers.calls == ["intake"]


def test_a_dimension_that_is_given_twice_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    words = ("explain", "--warehouse", str(tmp_path), "--dataset", "status", "--period", "2019-Q4")
    result = run(*words, "--cell", "sex=F", "--cell", "sex=M")
    assert result.exit_code == 2
    assert "sex is given twice" in result.output


@pytest.mark.parametrize("digits", [64, 16])
def test_a_checksum_is_told_as_it_is_and_a_number_is_not(digits: int) -> None:
    number = re.sub(r"\D", "", NATIONAL_NUMBER)
    checksum = f"a{number}".ljust(digits, "b")
    assert _masked(f"(SHA-256 {checksum}) of {number}") == f"(SHA-256 {checksum}) of {'#' * 11}"
    assert number not in _masked(f"x{number} {checksum}c a{number} {number}b")


def test_persons_of_the_throw_away_secret_are_marked_as_invented(
    run: Run, layers: Layers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "warehouse" / "landing" / store.INVENTED_PERSONS
    monkeypatch.setenv(SECRET_VARIABLE, SAMPLE_SECRET)
    run(*INTAKE)
    assert mark.exists()
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    run(*INTAKE)
    assert not mark.exists()


def test_a_warehouse_at_work_is_left_alone(run: Run, layers: Layers, tmp_path: Path) -> None:
    with store.exclusive(tmp_path / "warehouse"):
        result = run(*ALL)
    assert result.exit_code == 1
    assert "Another run is at work" in result.stderr
    assert layers.calls == []


@pytest.mark.parametrize("command", ["synthesise", "intake", "build", "publish", "run", "check"])
def test_help_shows_an_example(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"synerstat {command} --" in result.stdout


def test_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "synerstat.cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"synerstat {synerstat.__version__}\n"
