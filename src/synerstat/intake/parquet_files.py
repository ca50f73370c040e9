"""Reads a delivered Parquet file as text in the operator's format."""

import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from synerstat.contracts import ContractColumn, DeliveryContract
from synerstat.intake.limits import IntakeLimits
from synerstat.intake.results import UnreadableFileError
from synerstat.intake.text_files import WHITE_SPACE
from synerstat.intake.text_rows import path_literal, text_literal

# where the operators are
DAY_ZONE: Final = "Europe/Brussels"
_WHOLE: Final = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")


class ParquetFile:
    """A delivered Parquet file: its names in order, and the number of rows it says it has."""

    def __init__(self, path: Path, limits: IntakeLimits) -> None:
        """Read what describes it.

        Raises UnreadableFileError where it is broken.
        """
        self._path = path
        self._limits = limits
        try:
            described = pq.read_metadata(path)
            self.names = tuple(described.schema.to_arrow_schema().names)
            self.rows = sum(
                described.row_group(number).num_rows for number in range(described.num_row_groups)
            )
        except (pa.ArrowException, OSError, ValueError, KeyError):
            raise UnreadableFileError("parquet_broken") from None
        if self.rows > limits.file_rows:
            raise UnreadableFileError("too_many_rows", most=limits.file_rows)

    def write_values(
        self, positions: Sequence[int], contract: DeliveryContract, target: Path
    ) -> int:
        """Write the rows as text to `target`, return their number.

        Columns: row_number (from 1), line_number (one more, as if a header stood above), value_0
        ... for each position. Typed values are written as in `workbooks.cell_format`.
        Raises UnreadableFileError where the file is broken or a column holds no plain values.
        """
        with duckdb.connect(
            config={
                # memory is limited from outside; what is left over is for the libraries
                "memory_limit": f"{self._limits.reader_memory_bytes // 2}B",
                "temp_directory": str(target.with_suffix(".spill")),
                "threads": 1,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        ) as connection:
            return self._write(connection, positions, contract, target)

    def _write(
        self,
        connection: duckdb.DuckDBPyConnection,
        positions: Sequence[int],
        contract: DeliveryContract,
        target: Path,
    ) -> int:
        # columns by position: names may differ in case only, or be no names at all
        aliases = ", ".join(f"c{position}" for position in range(len(self.names)))
        relation = f"read_parquet({path_literal(self._path)}, file_row_number = true)"
        relation = f"{relation} as delivered ({aliases}, place)"
        try:
            described = connection.execute(f"describe select * from {relation}").fetchall()
        except duckdb.Error:
            raise UnreadableFileError("parquet_broken") from None
        if len(described) != len(self.names) + 1:
            raise UnreadableFileError("parquet_broken")
        types = [str(row[1]) for row in described]
        most_bytes = self._limits.row_bytes
        values = ",\n".join(
            f"{value_sql(f'c{at}', types[at], column, contract, most_bytes)} as value_{number}"
            for number, (at, column) in enumerate(zip(positions, contract.columns, strict=True))
        )
        rows = f"select place + 1 as row_number, place + 2 as line_number, {values} from {relation}"
        try:
            connection.execute(f"copy ({rows}) to {path_literal(target)} (format parquet)")
        except duckdb.IOException as error:
            if "No space left" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
            raise UnreadableFileError("parquet_broken") from None
        except duckdb.Error:
            raise UnreadableFileError("parquet_broken") from None
        counted = connection.execute(
            "select count(*) from read_parquet($rows)", {"rows": str(target)}
        ).fetchone()
        assert counted is not None
        return int(counted[0])


def value_sql(
    value: str, kind: str, column: ContractColumn, contract: DeliveryContract, most_bytes: int
) -> str:
    """SQL that turns a typed column into text in the operator's format.

    A text longer than `most_bytes` becomes another one that is longer.
    Raises UnreadableFileError for nested and binary types.
    """
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        # the row of one that is too long is unreadable, and it is not written out before
        return f"""case
            when strlen({value}::varchar) > {most_bytes} then repeat('?', {most_bytes + 1})
            else nullif(trim({value}::varchar, {text_literal(WHITE_SPACE)}), '')
        end"""
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
    raise UnreadableFileError("column_not_plain", column=column.name)


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
