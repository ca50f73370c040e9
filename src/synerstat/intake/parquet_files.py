"""Reads a delivered Parquet file as text in the operator's format."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from synerstat.contracts import ContractColumn, DeliveryContract
from synerstat.intake.text_files import WHITE_SPACE, UnreadableFileError
from synerstat.intake.text_rows import path_literal, text_literal

_BROKEN: Final = "The file is broken or no Parquet. Write it anew and deliver it again."
# where the operators are
DAY_ZONE: Final = "Europe/Brussels"
_WHOLE: Final = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")


def read_parquet_names(path: Path) -> tuple[str, ...]:
    """Names of the columns, in order.

    Raises UnreadableFileError where the file is broken.
    """
    try:
        return tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise UnreadableFileError(_BROKEN) from None


def write_parquet_values(
    connection: duckdb.DuckDBPyConnection,
    source: Path,
    names: Sequence[str],
    positions: Sequence[int],
    contract: DeliveryContract,
    target: Path,
) -> int:
    """Write the rows as text to `target`, return their number.

    Columns: row_number (from 1), line_number (one more, as if a header stood above), value_0 ...
    for each position. Typed values are written as in `workbooks.cell_format`.
    Raises UnreadableFileError where the file is broken or a column holds no plain values.
    """
    # columns by position: names may differ in case only, or be no names at all
    aliases = ", ".join(f"c{position}" for position in range(len(names)))
    relation = f"read_parquet({path_literal(source)}, file_row_number = true)"
    relation = f"{relation} as delivered ({aliases}, place)"
    try:
        described = connection.execute(f"describe select * from {relation}").fetchall()
    except duckdb.Error:
        raise UnreadableFileError(_BROKEN) from None
    if len(described) != len(names) + 1:
        raise UnreadableFileError(_BROKEN)
    types = [str(row[1]) for row in described]
    values = ",\n".join(
        f"{value_sql(f'c{position}', types[position], column, contract)} as value_{number}"
        for number, (position, column) in enumerate(zip(positions, contract.columns, strict=True))
    )
    rows = f"select place + 1 as row_number, place + 2 as line_number, {values} from {relation}"
    try:
        connection.execute(f"copy ({rows}) to {path_literal(target)} (format parquet)")
    except duckdb.Error:
        # is it the file, or the place that is written to?
        if not _is_readable(connection, rows):
            raise UnreadableFileError(_BROKEN) from None
        raise
    counted = connection.execute(
        "select count(*) from read_parquet($rows)", {"rows": str(target)}
    ).fetchone()
    assert counted is not None
    return int(counted[0])


def _is_readable(connection: duckdb.DuckDBPyConnection, rows: str) -> bool:
    try:
        connection.execute(f"select count(columns(*)) from ({rows})").fetchall()
    except duckdb.Error:
        return False
    return True


def value_sql(value: str, kind: str, column: ContractColumn, contract: DeliveryContract) -> str:
    """SQL that turns a typed column into text in the operator's format.

    Raises UnreadableFileError for nested and binary types.
    """
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        return f"nullif(trim({value}::varchar, {text_literal(WHITE_SPACE)}), '')"
    if _WHOLE.fullmatch(kind):
        return _number_sql(f"{value}::varchar", column, contract)
    if kind.startswith("DECIMAL"):
        text = f"{value}::varchar"
        return _number_sql(
            f"case when contains({text}, '.') then rtrim(rtrim({text}, '0'), '.') else {text} end",
            column,
            contract,
        )
    if kind in ("FLOAT", "DOUBLE"):
        return _number_sql(_float_sql(value), column, contract)
    if kind == "DATE":
        return f"strftime({value}, {text_literal(contract.strptime_format)})"
    if kind.startswith("TIMESTAMP"):
        has_zone = "TIME ZONE" in kind or "TIMESTAMPTZ" in kind
        # midnight in Brussels is still the evening before in UTC
        moment = (
            f"timezone('{DAY_ZONE}', {value}::timestamptz)" if has_zone else f"{value}::timestamp"
        )
        return f"strftime({moment}, {text_literal(contract.strptime_format)})"
    if kind in ("BOOLEAN", "UUID", '"NULL"') or kind.startswith("TIME"):
        return f"{value}::varchar"
    raise UnreadableFileError(
        f"The column {column.name} is of a type that holds no plain values. "
        "Write it as text, number or date."
    )


def _float_sql(value: str) -> str:
    text = f"{value}::varchar"
    # where the text has an exponent: very large numbers are whole, very small ones are decimals
    return f"""case
        when isnan({value}) then null
        when {value} = trunc({value}) and abs({value}) < 1e38 then {value}::hugeint::varchar
        when contains({text}, 'e') then coalesce(
            rtrim(rtrim(try_cast({text} as decimal(38, 25))::varchar, '0'), '.'), {text}
        )
        else {text}
    end"""


def _number_sql(text: str, column: ContractColumn, contract: DeliveryContract) -> str:
    if contract.decimal_sign != ".":
        text = f"replace({text}, '.', {text_literal(contract.decimal_sign)})"
    if column.padded_length is None:
        return text
    length = column.padded_length
    return f"""case
        when strlen({text}) < {length} and regexp_full_match({text}, '[0-9]+')
            then lpad({text}, {length}, '0')
        else {text}
    end"""
