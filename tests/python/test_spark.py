"""Spark as the engine, tested without Spark: what it needs, where landing lies, what it leaves."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

import synerstat.warehouse as store
from synerstat import spark
from synerstat.build import (
    PUBLICATION_MODELS,
    VIEWS_ON_RECORDS,
    build,
    build_models,
    may_continue,
    project_variables,
)
from synerstat.cli import app
from synerstat.errors import UsageError
from synerstat.explain import explain
from synerstat.nomenclature import diff, suggest

ROOT = Path(__file__).parents[2]
CELL = {"operator": "vdab"}


def land(folder: Path, *, operator: str = "forem") -> Path:
    """A landing folder with one delivery, as far as names go."""
    delivery = folder / operator / "2019Q4-1"
    delivery.mkdir(parents=True, exist_ok=True)
    for name in ("records.parquet", "delivery.parquet", "source.json"):
        (delivery / name).write_bytes(name.encode())
    (folder / "refusals.parquet").write_bytes(b"refusals")
    return folder


def java(folder: Path, version: str) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    (folder / "bin" / "java").chmod(0o755)


def test_without_pyspark_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="make spark"):
        spark.require_spark("3GB")


@pytest.mark.parametrize(("version", "told"), [("11.0.2", "Java 11"), ("1.8.0_292", "Java 8")])
def test_an_old_java_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, told: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    java(tmp_path, version)
    with pytest.raises(UsageError, match=told):
        spark.require_spark("3GB")


def test_java_17_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    java(tmp_path, "17.0.15")
    spark.require_spark("3GB")


def test_without_java_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="no Java was found"):
        spark.require_spark("3GB")


def test_a_fraction_of_memory_is_refused() -> None:
    with pytest.raises(UsageError, match="whole amounts"):
        spark.require_spark("1.5GB")


def test_the_warehouses_own_landing_is_listed(tmp_path: Path) -> None:
    land(tmp_path / "landing")
    assert spark.landing_variables(tmp_path, None) == {
        "landing_path": str(tmp_path / "landing"),
        "landed_files": [
            "forem/2019Q4-1/delivery.parquet",
            "forem/2019Q4-1/records.parquet",
            "refusals.parquet",
        ],
    }


def test_nothing_landed_is_an_empty_list(tmp_path: Path) -> None:
    assert spark.landing_variables(tmp_path, None)["landed_files"] == []


def test_of_a_landing_elsewhere_only_small_files_are_copied(tmp_path: Path) -> None:
    away = land(tmp_path / "away")
    variables = spark.landing_variables(tmp_path / "warehouse", away.as_uri() + "/")
    assert variables["landing_path"] == away.as_uri()
    assert "forem/2019Q4-1/records.parquet" in variables["landed_files"]
    copied = tmp_path / "warehouse" / "landing"
    assert (copied / "forem" / "2019Q4-1" / "delivery.parquet").exists()
    assert (copied / "refusals.parquet").read_bytes() == b"refusals"
    assert not list(copied.rglob("records.parquet"))


def test_what_is_gone_elsewhere_is_gone_in_the_copy(tmp_path: Path) -> None:
    away = land(land(tmp_path / "away"), operator="vdab")
    spark.landing_variables(tmp_path / "warehouse", away.as_uri())
    for file in (away / "vdab" / "2019Q4-1").iterdir():
        file.unlink()
    spark.landing_variables(tmp_path / "warehouse", away.as_uri())
    assert not (tmp_path / "warehouse" / "landing" / "vdab").exists()


def test_records_of_its_own_are_not_mixed_with_others(tmp_path: Path) -> None:
    away = land(tmp_path / "away")
    own = land(tmp_path / "warehouse" / "landing")
    with pytest.raises(UsageError, match="of its own"):
        spark.landing_variables(tmp_path / "warehouse", away.as_uri())
    assert (own / "forem" / "2019Q4-1" / "records.parquet").exists()


@pytest.mark.parametrize("landing", ["gopher://there", "away"])
def test_a_landing_that_cannot_be_read_is_wrong_usage(tmp_path: Path, landing: str) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        spark.landing_variables(tmp_path / "warehouse", landing)
    assert not (tmp_path / "warehouse" / "landing").exists()


def test_an_empty_landing_elsewhere_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    with pytest.raises(UsageError, match="No delivery has landed"):
        spark.landing_variables(tmp_path / "warehouse", (tmp_path / "away").as_uri())


def test_duckdb_does_not_take_records_that_lie_elsewhere_for_none(tmp_path: Path) -> None:
    away = land(tmp_path / "away")
    spark.landing_variables(tmp_path / "warehouse", away.as_uri())
    for landing in (None, away.as_uri()):
        with pytest.raises(UsageError, match="--target spark"):
            build(ROOT, tmp_path / "warehouse", "2019Q4", landing=landing)
    with pytest.raises(UsageError, match="lie in"):
        spark.landing_variables(tmp_path / "warehouse", None)


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse built from the sample. Not to be changed."""
    warehouse = tmp_path_factory.mktemp("on_duckdb")
    for command in ("seed", "run"):
        build_models(ROOT, warehouse, "2019Q4", command=command)
    variables = project_variables(ROOT)
    variables.pop("reference_quarter")
    state = store.BuildState("2019Q4", "", True, "1", "", "1", "", "", "1", "2", variables)
    store.write_build_state(warehouse, replace(state, built_by=store.built_by(warehouse)))
    return warehouse


@pytest.fixture(scope="module")
def on_spark(on_duckdb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a build on Spark leaves it: tables as Parquet, then handed over."""
    warehouse = tmp_path_factory.mktemp("on_spark")
    tables = []
    with duckdb.connect(str(on_duckdb / "synerstat.duckdb"), read_only=True) as connection:
        for schema, table in connection.execute(
            "select schema, name from (show all tables) where schema <> 'publication' "
            "and name not in (select view_name from duckdb_views() where schema_name = ?) ",
            ["intermediate"],
        ).fetchall():
            folder = warehouse / "spark" / f"{schema}.db" / table
            folder.mkdir(parents=True)
            connection.execute(
                f"copy {schema}.{table} to '{folder / 'part.parquet'}' (format parquet)"
            )
            tables.append((schema, table, folder))
    with duckdb.connect(str(warehouse / "synerstat.duckdb")) as connection:
        spark.take_over(connection, tables, warehouse / "spark" / "handed_over")
    views = f"{PUBLICATION_MODELS} {VIEWS_ON_RECORDS}"
    build_models(ROOT, warehouse, "2019Q4", command="run", select=views)
    store.write_build_state(warehouse, replace(store.read_build_state(on_duckdb), built_by=""))
    return warehouse


@pytest.mark.slow
def test_figures_are_explained_from_the_files_that_spark_left(
    on_duckdb: Path, on_spark: Path
) -> None:
    ours, theirs = (
        explain(warehouse, "training", "2019-Q4", CELL) for warehouse in (on_duckdb, on_spark)
    )
    assert ours.ways[0].records > 0
    assert theirs == ours


@pytest.mark.slow
def test_records_stay_in_the_files_that_spark_left(on_spark: Path) -> None:
    with duckdb.connect(str(on_spark / "synerstat.duckdb"), read_only=True) as connection:
        kept = connection.execute(
            "select distinct schema_name from duckdb_tables() order by all"
        ).fetchall()
    assert kept == [("marts",), ("quality",), ("seeds",)]


@pytest.mark.slow
def test_unknown_codes_get_the_same_proposals(on_duckdb: Path, on_spark: Path) -> None:
    assert suggest(on_spark) == suggest(on_duckdb)


@pytest.mark.slow
def test_another_crosswalk_changes_the_same_figures(
    on_duckdb: Path, on_spark: Path, tmp_path: Path
) -> None:
    name = "crosswalk_labour_status.csv"
    text = (ROOT / "seeds" / "crosswalk" / name).read_text("utf-8")
    (tmp_path / name).write_text(text.replace("vdab,WN,EMP,", "vdab,WN,OTH,"), "utf-8")
    changed = diff(ROOT, on_spark, tmp_path / name)
    assert changed
    assert changed == diff(ROOT, on_duckdb, tmp_path / name)


@pytest.mark.slow
def test_a_build_on_spark_is_never_continued_on_duckdb(on_duckdb: Path, on_spark: Path) -> None:
    assert store.built_by(on_duckdb)
    assert store.built_by(on_spark) == ""
    state = replace(store.read_build_state(on_spark), deliveries={"forem/2019Q4-1": "aa"})
    assert not may_continue(state, state, store.built_by(on_spark))


@pytest.fixture
def without_files(on_spark: Path) -> Iterator[Path]:
    """The warehouse without the files that Spark left, as if somebody had tidied up."""
    files = on_spark / "spark"
    files.rename(on_spark / "elsewhere")
    yield on_spark
    (on_spark / "elsewhere").rename(files)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("explain", "--dataset", "training", "--period", "2019-Q4"),
        ("nomenclature", "suggest"),
        ("publish", "--out", "out"),
    ],
)
def test_without_the_files_that_spark_left_the_message_says_what_to_do(
    without_files: Path, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store.write_expectations(without_files, "2019Q4", store.ExpectationsResult(passed=True))
    told = CliRunner().invoke(app, [*command, "--warehouse", str(without_files)])
    assert told.exit_code == 2
    assert f"Run `synerstat build --warehouse {without_files}" in " ".join(told.stderr.split())
