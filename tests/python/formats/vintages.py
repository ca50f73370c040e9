"""A vintage of invented cells in all formats: every kind of value and flag, few periods."""

from collections.abc import Callable
from pathlib import Path

import duckdb

from synerstat.publish import publication
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats import Edition
from synerstat.publish.formats.agreement import compare, write_agreement
from synerstat.publish.formats.writing import write_formats

EDITION = Edition("2019Q4", "2019Q4-v1", threshold=4, invented_persons=True)
RELATIONS = {data_set.name: f"published_{data_set.name}" for data_set in DATA_SETS}
PROJECT = Path(__file__).parents[3]

PERIODS = [("Q", f"{year}-Q{quarter}") for year in (2018, 2019) for quarter in (1, 2, 3, 4)]
PERIODS += [("A", "2018"), ("A", "2019")]
PERIODS.insert(0, ("Q", "2017-Q4"))


def connect() -> duckdb.DuckDBPyConnection:
    """A connection with the nomenclature where a warehouse has it, and the published tables."""
    connection = duckdb.connect(config={"threads": 2})
    seeds = PROJECT / "seeds" / "nomenclature" / "code_lists.csv"
    connection.execute("attach ':memory:' as warehouse; create schema warehouse.seeds")
    connection.execute(
        "create table warehouse.seeds.code_lists as "
        f"from read_csv('{seeds}', all_varchar = true, header = true)"
    )
    # a label that a spreadsheet takes for a formula
    connection.execute(
        "update warehouse.seeds.code_lists set label_en = '=1+1', label_nl = '-2' "
        "where code_list = 'SEX' and code = '_O'"
    )
    return connection


def write_all(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Write the formats, and compare them."""
    write_formats(folder, connection, RELATIONS, EDITION)
    write_agreement(folder, compare(folder, connection))


def write_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The published tables: cells drawn by a hash, so that they are the same at each run."""
    periods = ", ".join(f"('{freq}', '{period}')" for freq, period in PERIODS)
    for data_set in DATA_SETS:
        dimensions = [each for each in data_set.dimensions if each.code_list not in (None, "FREQ")]
        codes = " ".join(
            f"cross join (select code as {each.column} from code_lists "
            f"where code_list = '{each.code_list}') as codes_{each.column}"
            for each in dimensions
        )
        detail = " + ".join(f"cast({each.column} <> '_T' as integer)" for each in dimensions)
        indicators = ", ".join(f"'{indicator.code}'" for indicator in data_set.indicators)
        names = ", ".join(each.column for each in dimensions)
        connection.execute(
            f"""
            create or replace temp table published_{data_set.name} as
            with combinations as (
                select {names}
                from (select 1)
                {codes}
                where {detail} <= 1 or ({detail} = 2 and hash({names}) % 10 = 0)
            ),
            cells as (
                select
                    freq, time_period, {names}, indicator,
                    hash(freq, time_period, {names}, indicator) % 1000 as drawn
                from combinations
                cross join (values {periods}) as periods(freq, time_period)
                cross join (select unnest([{indicators}]) as indicator)
            )
            select
                * exclude (drawn),
                case when drawn >= 100 then cast(drawn * 7 as bigint) end as obs_value,
                case
                    when drawn < 80 then 'Q'
                    when drawn < 100 then 'M'
                    when drawn > 970 then 'B'
                    when left(time_period, 4) = '2019' then 'P'
                    else 'A'
                end as obs_status,
                case when drawn < 80 then 'C' else 'F' end as conf_status,
                '2019Q4-v1' as vintage
            from cells
            where drawn % 13 > 0
            """
        )


def write_plain(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Code lists, CSV and Parquet, as they are there before the formats."""
    for name in ("data", "codelists"):
        (folder / name).mkdir(parents=True)
    publication._write_code_lists(folder / "codelists", connection)
    write_tables(connection)
    for data_set in DATA_SETS:
        rows = f"select * from published_{data_set.name} order by {', '.join(data_set.key)}"
        for suffix in ("csv", "parquet"):
            publication._copy(connection, rows, folder / "data" / f"{data_set.name}.{suffix}")


def read_tables(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """The published tables and code lists as a vintage holds them."""
    publication._write_code_lists(folder / "codelists", connection)
    for name, relation in RELATIONS.items():
        connection.execute(
            f"create temp table {relation} as from '{folder / 'data' / name}.parquet'"
        )


def rewrite(path: Path, how: Callable[[str], str]) -> None:
    """Change the text of a file; fails where nothing changed."""
    before = path.read_text("utf-8")
    after = how(before)
    assert after != before
    path.write_text(after, "utf-8", newline="\n")
