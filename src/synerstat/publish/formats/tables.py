"""The published table of a data set as labelled CSV and SDMX-CSV 2.0."""

import re
from pathlib import Path

import duckdb

from synerstat.publish.data_sets import DataSet
from synerstat.publish.formats.sdmx_structure import AGENCY, VERSION, component_id, flow_id
from synerstat.publish.formats.vocabulary import (
    LANGUAGES,
    coded_columns,
    column_name,
    columns,
    literal,
)

# Beginnings that make a spreadsheet take a cell for a formula.
FORMULA = "^[=+@\\t\\r-]"


def harmless(expression: str) -> str:
    """SQL for a label that no spreadsheet takes for a formula: an apostrophe goes before it."""
    return (
        f"case when regexp_matches({expression}, '{FORMULA}') then '''' else '' end || {expression}"
    )


def harmless_text(label: str) -> str:
    """The same for a label that is at hand."""
    return f"'{label}" if re.match(FORMULA, label) else label


def labelled_path(folder: Path, data_set: DataSet, language: str) -> Path:
    """Where the labelled CSV of a vintage stands."""
    return folder / "data" / "labelled" / f"{data_set.name}.{language}.csv"


def sdmx_path(folder: Path, data_set: DataSet) -> Path:
    """Where the SDMX-CSV of a vintage stands."""
    return folder / "sdmx" / f"{data_set.name}.csv"


def write_labelled(
    folder: Path, connection: duckdb.DuckDBPyConnection, data_set: DataSet, table: str
) -> None:
    """Write the table with labels for codes, once per language, rows in the order of the codes.

    The same columns as data/<data set>.csv, named in the language; periods and the vintage stay.
    """
    (folder / "data" / "labelled").mkdir(parents=True, exist_ok=True)
    lists = dict(coded_columns(data_set))
    # judged label by label, not cell by cell
    labels = ", ".join(f"{harmless(f'label_{each}')} as label_{each}" for each in LANGUAGES)
    connection.execute(
        "create or replace temp table harmless_labels as "
        f"select code_list, code, {labels} from code_lists"
    )
    for language in LANGUAGES:
        shown = ", ".join(
            (f"label_of_{column}.label_{language}" if column in lists else f"cells.{column}")
            + f' as "{column_name(column, language)}"'
            for column in columns(data_set)
        )
        joins = " ".join(
            f"inner join harmless_labels as label_of_{column} "
            f"on label_of_{column}.code_list = {literal(code_list)} "
            f"and label_of_{column}.code = cells.{column}"
            for column, code_list in lists.items()
        )
        order = ", ".join(f"cells.{column}" for column in data_set.key)
        write_csv(
            connection,
            f"select {shown} from {table} as cells {joins} order by {order}",
            labelled_path(folder, data_set, language),
        )


def write_sdmx(
    folder: Path, connection: duckdb.DuckDBPyConnection, data_set: DataSet, table: str
) -> None:
    """Write the table as SDMX-CSV 2.0, one dataflow per file; ACTION I: the data as they are."""
    (folder / "sdmx").mkdir(exist_ok=True)
    write_csv(connection, sdmx_rows(data_set, table), sdmx_path(folder, data_set))


def sdmx_rows(data_set: DataSet, table: str) -> str:
    """SQL for the rows of a table (or a query in brackets) as SDMX-CSV 2.0 has them."""
    components = ", ".join(f"{column} as {component_id(column)}" for column in columns(data_set))
    return f"""
        select
            'dataflow' as STRUCTURE,
            '{AGENCY}:{flow_id(data_set)}({VERSION})' as STRUCTURE_ID,
            'I' as ACTION,
            {components}
        from {table}
        order by {", ".join(data_set.key)}
        """


def write_csv(connection: duckdb.DuckDBPyConnection, rows: str, path: Path) -> None:
    """Write the rows of a query as CSV: UTF-8, commas, double quotes."""
    connection.execute(
        f"copy ({rows}) to {literal(path)} "
        "(format csv, header, delimiter ',', quote '\"', escape '\"')"
    )
