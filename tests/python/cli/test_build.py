import multiprocessing
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_common.events import event_manager
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager_client import get_event_manager

import synerstat.warehouse as store
from synerstat.build import build, may_continue
from synerstat.errors import (
    BuildFailedError,
    ChecksFailedError,
    DamagedError,
    UsageError,
    WarehouseBusyError,
)
from synerstat.feedback import WrittenFeedback

PROJECT = """
name: tiny
version: 1.2.3
config-version: 2
profile: tiny
flags: {send_anonymous_usage_stats: false}
vars: {reference_quarter: 2018Q1, landing_path: nowhere, disclosure_threshold: 4}
"""
PROFILE = """
tiny:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{ env_var('SYNERSTAT_WAREHOUSE') }}/synerstat.duckdb"
      settings:
        threads: "{{ env_var('SYNERSTAT_THREADS') }}"
        memory_limit: "{{ env_var('SYNERSTAT_MEMORY_LIMIT') }}"
"""
MODEL = (
    "select '{{ var(\"reference_quarter\") }}' as quarter, '{{ var(\"landing_path\") }}' as landing"
)


HOLDING = store.ExpectationsResult(passed=True)


def check(
    warehouse: Path, quarter: str, _project: Path, progress: Callable[[str], None]
) -> store.ExpectationsResult:
    progress("Judged")
    store.write_expectations(warehouse, quarter, HOLDING)
    return HOLDING


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two models and one test, whose expectations hold."""

    def write_feedback(_project: Path, warehouse: Path, _version: str) -> WrittenFeedback:
        folder = store.Warehouse(warehouse).feedback
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(store.Warehouse(warehouse).database)) as connection:
            told = connection.execute("from main.answers").fetchall()
        (folder / "answers.txt").write_text(str(told), "utf-8")
        return WrittenFeedback(folder, ())

    monkeypatch.setattr("synerstat.build.check", check)
    monkeypatch.setattr("synerstat.feedback.write_feedback", write_feedback)
    folder = tmp_path / "project"
    for name in ("models/feedback", "tests", "profiles"):
        (folder / name).mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT, "utf-8")
    (folder / "profiles" / "profiles.yml").write_text(PROFILE, "utf-8")
    (folder / "models" / "figures.sql").write_text(MODEL, "utf-8")
    (folder / "models" / "feedback" / "answers.sql").write_text(
        "select quarter from {{ ref('figures') }}", "utf-8"
    )
    (folder / "tests" / "figures_hold.sql").write_text(
        "select * from {{ ref('figures') }} where quarter > '2019Q4'", "utf-8"
    )
    return folder


def test_a_build_fills_the_warehouse_and_notes_what_it_was_made_of(
    project: Path, tmp_path: Path
) -> None:
    warehouse, lines = tmp_path / "warehouse", list[str]()
    result = build(project, warehouse, "2019Q4", progress=lines.append)
    assert result.counts == {"model": 2, "test": 1}
    assert result.refusals == ()
    with duckdb.connect(str(warehouse / "synerstat.duckdb")) as connection:
        assert connection.execute("from main.figures").fetchall() == [
            ("2019Q4", str(warehouse / "landing"))
        ]
    state = store.read_build_state(warehouse)
    assert state.reference_quarter == "2019Q4"
    assert state.rule_set_version == "1.2.3"
    assert state.variables["disclosure_threshold"] == 4
    assert "reference_quarter" not in state.variables
    assert state.invented_persons
    assert result.expectations == HOLDING
    assert "Judged" in lines
    assert "SYNERSTAT_WAREHOUSE" not in os.environ


def test_the_log_holds_the_steps_and_no_message_is_made_of_details(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, message = list[str](), event_manager.msg_from_base_event

    def noted(event: BaseEvent, level: EventLevel | None = None) -> Any:
        made.append((level or event.level_tag()).value)
        return message(event, level=level)

    monkeypatch.setattr(event_manager, "msg_from_base_event", noted)
    before = get_event_manager()
    build(project, tmp_path / "warehouse", "2019Q4")
    log = (tmp_path / "warehouse" / "logs" / "dbt.log").read_text("utf-8")
    assert "main.figures" in log
    assert "figures_hold" in log
    assert made.count("info") >= len(("figures", "answers", "figures_hold"))
    assert "debug" not in made
    assert get_event_manager() is before


def test_a_failed_test_on_the_data_is_told_and_leaves_nothing_to_publish(
    project: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "warehouse"
    build(project, warehouse, "2019Q4")
    with pytest.raises(ChecksFailedError, match=r"failed \(1\)[^$]*figures_hold"):
        build(project, warehouse, "2020Q1")
    with pytest.raises(UsageError, match="no finished build"):
        store.read_build_state(warehouse)
    assert store.read_expectations(warehouse) is None
    # the model of the answers stands behind the failed test
    answers = store.Warehouse(warehouse).feedback / "answers.txt"
    assert answers.read_text("utf-8") == "[('2020Q1',)]"


def test_a_model_that_cannot_be_built_is_named(project: Path, tmp_path: Path) -> None:
    (project / "models" / "figures.sql").write_text("select * from nowhere", "utf-8")
    with pytest.raises(BuildFailedError, match=r"model figures: [^$]*nowhere"):
        build(project, tmp_path / "warehouse", "2019Q4")


def test_damage_that_is_met_while_a_model_is_built_is_told(project: Path, tmp_path: Path) -> None:
    (project / "models" / "figures.sql").write_text(
        "select error('Corrupt database file: computed checksum 1') as quarter", "utf-8"
    )
    with pytest.raises(BuildFailedError, match=r"Remove synerstat\.duckdb"):
        build(project, tmp_path / "warehouse", "2019Q4")


def test_a_project_that_cannot_be_read_is_told(project: Path, tmp_path: Path) -> None:
    (project / "models" / "figures.sql").write_text("{{ no_such_macro() }}", "utf-8")
    with pytest.raises(BuildFailedError, match="no_such_macro"):
        build(project, tmp_path / "warehouse", "2019Q4")


def test_a_folder_without_a_project_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no dbt_project\.yml"):
        build(tmp_path, tmp_path / "warehouse", "2019Q4")
    assert not (tmp_path / "warehouse").exists()


def test_a_quarter_before_the_statistic_begins_leaves_the_build_before(
    project: Path, tmp_path: Path
) -> None:
    file = project / "dbt_project.yml"
    file.write_text(PROJECT.replace("vars: {", 'vars: {coverage_start: "2018-01-01", '), "utf-8")
    build(project, tmp_path / "warehouse", "2018Q2")
    with pytest.raises(UsageError, match=r"2017Q4 lies before .* 2018Q1"):
        build(project, tmp_path / "warehouse", "2017Q4")
    assert store.read_build_state(tmp_path / "warehouse").reference_quarter == "2018Q2"


def test_an_interrupted_build_is_an_interruption(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dbt.task.build.BuildTask.run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(project, tmp_path / "warehouse", "2019Q4")


def test_tables_that_dbt_made_by_itself_are_no_finished_build(tmp_path: Path) -> None:
    state = store.BuildState("2019Q4", "", True, "1", "", "1", "", "", "1", "2", {}, built_by="one")
    store.write_build_state(tmp_path, state)
    with duckdb.connect(str(store.Warehouse(tmp_path).database)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_deliveries__ranked as select 'one' as built_by"
        )
    assert store.finished_build(tmp_path) == state
    with duckdb.connect(str(store.Warehouse(tmp_path).database)) as connection:
        connection.execute("update intermediate.int_deliveries__ranked set built_by = 'another'")
    with pytest.raises(UsageError, match=r"build --warehouse .* --quarter 2019Q4"):
        store.finished_build(tmp_path)


STATE = store.BuildState(
    *("2019Q3", "aa", False, "1", "bb", "2", "cc", "dd", "1.11", "2.0", {"spell_gap_days": 30}),
    deliveries={"forem/2019Q2-1": "11", "vdab/2019Q3-1": "22"},
    replacements_sha256="ee",
    seeds_sha256="ff",
    built_by="one",
)


@pytest.mark.parametrize(
    "now",
    [
        STATE,
        replace(STATE, reference_quarter="2019Q4", inputs_sha256="bb"),
        replace(STATE, deliveries={**STATE.deliveries, "adg/2018Q1-2": "33"}),
    ],
)
def test_a_build_continues_where_at_most_deliveries_came_on_top(now: store.BuildState) -> None:
    assert may_continue(STATE, now, "one")


@pytest.mark.parametrize(
    "now",
    [
        replace(STATE, reference_quarter="2019Q2"),
        replace(STATE, deliveries={"forem/2019Q2-1": "11"}),
        replace(STATE, deliveries={**STATE.deliveries, "vdab/2019Q3-1": "another"}),
        *(
            replace(STATE, **{name: "another"})
            for name in [
                *("code_version", "code_sha256", "rule_set_version", "models_sha256"),
                *("nomenclature_sha256", "seeds_sha256", "replacements_sha256"),
                *("dbt_version", "duckdb_version"),
            ]
        ),
        replace(STATE, variables={"spell_gap_days": 31}),
    ],
)
def test_any_other_change_makes_everything_anew(now: store.BuildState) -> None:
    assert not may_continue(STATE, now, "one")


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (None, "one"),
        (replace(STATE, deliveries={}), "one"),
        (STATE, "another"),
        (replace(STATE, built_by=""), ""),
    ],
)
def test_nothing_is_continued_that_was_not_finished(
    before: store.BuildState | None, found: str
) -> None:
    assert not may_continue(before, STATE, found)


def test_a_build_notes_what_the_next_one_must_find_unchanged(project: Path, tmp_path: Path) -> None:
    """Each input of the figures is seen in the state by which the next build decides."""

    def state() -> store.BuildState:
        build(project, tmp_path / "warehouse", "2019Q4")
        return replace(store.read_build_state(tmp_path / "warehouse"), deliveries=STATE.deliveries)

    def changes(file: Path, text: str) -> None:
        nonlocal before
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        now = state()
        assert not may_continue(replace(before, built_by="one"), now, "one"), file
        before = now

    before = state()
    assert may_continue(replace(before, built_by="one"), state(), "one")
    changes(project / "seeds" / "crosswalk" / "crosswalk_sex.csv", "source_code,code\nV,F\n")
    changes(project / "seeds" / "quality" / "limits.csv", "name\none\n")
    changes(project / "models" / "figures.sql", MODEL + " -- once more")
    changes(project / "macros" / "one.sql", "{% macro one() %}1{% endmacro %}")
    changes(project / "dbt_project.yml", PROJECT.replace("threshold: 4", "threshold: 5"))
    replacements = store.Warehouse(tmp_path / "warehouse").replacements
    replacements.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select 'k1' as old_key, 'k2' as new_key) to '{replacements}' (format parquet)"
        )
    assert not may_continue(replace(before, built_by="one"), state(), "one")


def test_a_command_in_a_message_can_be_copied(tmp_path: Path) -> None:
    warehouse = tmp_path / "a warehouse"
    for ask in (store.read_build_state, store.finished_build):
        with pytest.raises(UsageError) as told:
            ask(warehouse)
        command = str(told.value).split("`")[1]
        assert shlex.split(command) == ["synerstat", "build", "--warehouse", str(warehouse)]


@pytest.mark.parametrize("name", ["records.parquet", "delivery.parquet"])
def test_a_landed_file_that_is_cut_off_is_told_before_anything_is_built(
    project: Path, tmp_path: Path, name: str
) -> None:
    warehouse = tmp_path / "warehouse"
    build(project, warehouse, "2019Q4")
    landed = warehouse / "landing" / "vdab" / "2019Q1-1"
    landed.mkdir(parents=True)
    landed.joinpath(name).write_bytes(b"PAR1")
    with pytest.raises(DamagedError, match=rf"{name} is damaged .*synerstat intake"):
        build(project, warehouse, "2019Q4")
    assert store.read_build_state(warehouse).reference_quarter == "2019Q4"
    if name == "delivery.parquet":
        with pytest.raises(DamagedError, match="synerstat intake"):
            store.latest_landed_quarter(warehouse)


@pytest.mark.parametrize("most_bytes", [0, 100, 12_288, 50_000])
def test_a_damaged_database_is_made_anew(project: Path, tmp_path: Path, most_bytes: int) -> None:
    warehouse, lines = tmp_path / "a warehouse", list[str]()
    build(project, warehouse, "2019Q4")
    database = store.Warehouse(warehouse).database
    database.write_bytes(database.read_bytes()[:most_bytes])
    database.with_name("synerstat.duckdb.wal").write_bytes(b"")
    with pytest.raises(DamagedError, match=r"is damaged .*build --warehouse '.*/a warehouse'"):
        store.finished_build(warehouse)
    result = build(project, warehouse, "2019Q4", progress=lines.append)
    assert [warning.name for warning in result.warnings] == ["synerstat.duckdb"]
    assert store.finished_build(warehouse).reference_quarter == "2019Q4"
    assert any("was damaged and is removed" in line for line in lines)


def test_a_database_that_can_not_be_opened_is_not_taken_for_a_damaged_one(
    project: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "warehouse"
    build(project, warehouse, "2019Q4")
    database = store.Warehouse(warehouse).database
    holding = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        before = database.read_bytes()
        for act in (store.finished_build, lambda root: build(project, root, "2019Q4")):
            with pytest.raises(duckdb.IOException, match="lock"):
                act(warehouse)
        holder.communicate(b"\n")
    assert database.read_bytes() == before
    assert store.finished_build(warehouse).reference_quarter == "2019Q4"
    database.unlink()
    # as good as one without access rights, which those that run as root do have
    database.mkdir()
    with pytest.raises(duckdb.IOException, match="Is a directory"):
        store.finished_build(warehouse)
    with pytest.raises(duckdb.IOException, match="Is a directory"):
        build(project, warehouse, "2019Q4")
    assert database.is_dir()


def test_a_build_writes_nothing_to_standard_output(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    build(project, tmp_path / "warehouse", "2019Q4")
    assert capfd.readouterr().out == ""


def test_only_one_run_at_a_time_holds_a_warehouse(tmp_path: Path) -> None:
    with (
        store.exclusive(tmp_path),
        pytest.raises(WarehouseBusyError, match="Another run is at work"),
        store.exclusive(tmp_path),
    ):
        pass
    with store.exclusive(tmp_path):
        pass


def _hold_and_die(folder: Path, held: Callable[[], None]) -> None:
    with store.exclusive(folder):
        held()
        os._exit(1)


def test_a_run_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    spawning = multiprocessing.get_context("fork")
    held = spawning.Event()
    process = spawning.Process(target=_hold_and_die, args=(tmp_path, held.set))
    process.start()
    assert held.wait(10)
    process.join(10)
    with store.exclusive(tmp_path):
        pass
