"""The same deliveries built on DuckDB and on Spark: every cell, every report, every file.

Run by `make test-spark`. Invented deliveries with errors in them, of four operators and eight
quarters; Spark reads them through a URI, as it would read object storage.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from synerstat.errors import UsageError
from synerstat.explain import explain
from synerstat.nomenclature import suggest
from synerstat.secret import SAMPLE_SECRET
from synerstat.spark import SHOWN, require_spark
from synerstat.warehouse import read_expectations

ROOT = Path(__file__).parents[2]
QUARTER = "2019Q4"
# columns that name the build
BUILDS = ("built_by", "first_built_by")
SCHEMAS = ("marts", "quality", "seeds", "publication")


def synerstat(*arguments: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "synerstat", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        # that of the sample: the control of what protects small counts has tests, and takes minutes
        env={**os.environ, "SYNERSTAT_PERSON_KEY_SECRET": SAMPLE_SECRET},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the warehouses and publications `duckdb` and `spark`."""
    try:
        require_spark("3GB")
    except UsageError as error:
        pytest.fail(str(error))
    folder = tmp_path_factory.mktemp("engines")
    deliveries, landing = folder / "deliveries", folder / "landing"
    synerstat("synthesise", "--out", deliveries, "--persons", 700, "--seed", 7)
    synerstat("intake", "--deliveries", deliveries, "--warehouse", folder / "duckdb")
    shutil.copytree(folder / "duckdb" / "landing", landing)
    for engine, options in (
        ("duckdb", ()),
        ("spark", ("--target", "spark", "--landing", landing.as_uri())),
    ):
        warehouse, out = folder / engine, folder / f"{engine}-publication"
        synerstat("build", "--warehouse", warehouse, "--quarter", QUARTER, *options)
        synerstat("publish", "--warehouse", warehouse, "--out", out)
    return folder


@pytest.fixture(scope="session")
def both(built: Path) -> duckdb.DuckDBPyConnection:
    """Both databases, as catalogs `duckdb_built` and `spark_built`."""
    connection = duckdb.connect()
    for engine in ("duckdb", "spark"):
        connection.execute(
            f"attach '{built / engine / 'synerstat.duckdb'}' as {engine}_built (read_only)"
        )
    return connection


def columns(
    both: duckdb.DuckDBPyConnection, engine: str, schemas: Sequence[str] = SCHEMAS
) -> list[tuple[str, ...]]:
    return both.execute(
        """
        select schema_name, table_name, column_name, column_index, data_type
        from duckdb_columns()
        where database_name = ? and list_contains(?, schema_name)
        order by all
        """,
        [f"{engine}_built", list(schemas)],
    ).fetchall()


def test_both_engines_make_the_same_tables_with_the_same_types(
    both: duckdb.DuckDBPyConnection,
) -> None:
    made = columns(both, "spark")
    assert {table for schema, table, *_ in made if schema == "marts"} >= {
        "mart_participants_by_training",
        "mart_participants_by_profile",
        "mart_participants_by_status",
        "mart_interregional_mobility",
        "mart_mirror_flows",
        "mart_delivery_accounting",
        "mart_delivery_findings",
    }
    assert made == columns(both, "duckdb")


def test_every_cell_is_the_same(both: duckdb.DuckDBPyConnection) -> None:
    compared, differing = 0, []
    # the records too: what explains a figure, and why it was revised
    tables = {found[:2] for found in columns(both, "duckdb", (*SCHEMAS, *SHOWN))}
    for schema, table in sorted(tables):
        names = [each[2] for each in columns(both, "duckdb", [schema]) if each[1] == table]
        shared = ", ".join(name for name in names if name not in BUILDS)
        rows, only_duckdb, only_spark = both.execute(
            f"""
            select
                (select count(*) from duckdb_built.{schema}.{table}),
                (select count(*) from (
                    select {shared} from duckdb_built.{schema}.{table}
                    except all
                    select {shared} from spark_built.{schema}.{table}
                )),
                (select count(*) from (
                    select {shared} from spark_built.{schema}.{table}
                    except all
                    select {shared} from duckdb_built.{schema}.{table}
                ))
            """
        ).fetchall()[0]
        compared += rows if schema == "marts" else 0
        if only_duckdb or only_spark:
            differing.append(f"{schema}.{table}: {only_duckdb} and {only_spark} rows differ")
    assert compared > 5_000
    assert not differing, "\n".join(differing)


def test_hours_are_the_same_to_the_millionth(built: Path, both: duckdb.DuckDBPyConnection) -> None:
    # whole hours in the marts could hide it
    model = "int_participations__by_quarter_hours"
    files = str(built / "spark" / "spark" / "intermediate.db" / model / "*.parquet")
    ours = f"select participation_id, period_number, hours from duckdb_built.intermediate.{model}"
    rows, differing = both.execute(
        f"""
        select
            (select count(*) from read_parquet($files)),
            (select count(*) from (
                {ours}
                except all
                select participation_id, period_number, hours from read_parquet($files)
            ))
        """,
        {"files": files},
    ).fetchall()[0]
    assert rows > 100
    assert differing == 0


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_publication_is_the_same(built: Path) -> None:
    ours, theirs = (digests(built / f"{engine}-publication") for engine in ("duckdb", "spark"))
    assert any(name.endswith(".csv") for name in ours)
    assert theirs == ours


def test_the_operators_get_the_same_reports(built: Path) -> None:
    ours, theirs = (
        digests(built / engine / "quality" / "feedback") for engine in ("duckdb", "spark")
    )
    assert any(name.endswith(".html") for name in ours)
    assert theirs == ours


def test_the_expectations_find_the_same(built: Path) -> None:
    ours, theirs = (read_expectations(built / engine) for engine in ("duckdb", "spark"))
    assert ours is not None
    assert len(ours.outcomes) > 10
    assert theirs == ours


def test_figures_have_the_same_explanation(built: Path) -> None:
    cell = {"operator": "forem", "training_type": "VOC"}
    ours, theirs = (
        explain(built / engine, "training", "2019-Q4", cell) for engine in ("duckdb", "spark")
    )
    assert ours.ways[0].records > 0
    assert theirs == ours


def test_unknown_codes_get_the_same_proposals(built: Path) -> None:
    ours, theirs = (suggest(built / engine) for engine in ("duckdb", "spark"))
    assert ours
    assert theirs == ours
