"""Reads the first sheet of an .xlsx as text in the operator's format."""

import lzma
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from synerstat.contracts import ContractColumn, DeliveryContract
from synerstat.intake.limits import IntakeLimits
from synerstat.intake.results import UnreadableFileError
from synerstat.intake.text_files import WHITE_SPACE

_BATCH_ROWS: Final = 20_000
_CHUNK_BYTES: Final = 1_000_000


class Workbook:
    """The first sheet of an .xlsx: the names in its first row that is not empty, and the rows."""

    def __init__(self, path: Path, copy: Path, limits: IntakeLimits) -> None:
        """Open and check it; `copy` is where what is read of it is unpacked to.

        Raises UnreadableFileError where it is broken, protected or unpacks to too much.
        """
        self._limits = limits
        _unpack(path, copy, limits)
        self._rows = self._open(copy)
        self.names: tuple[str, ...] = ()
        # only reading all of it tells
        self.rows: int | None = None
        self._header_row = 0
        for number, row in self._rows:
            if not _is_empty(row):
                self.names = tuple(_plain_text(cell) for cell in row)
                self._header_row = number
                break

    def write_values(
        self, positions: Sequence[int], contract: DeliveryContract, target: Path
    ) -> int:
        """Write the rows below the header to Parquet, return their number.

        Columns: row_number (from 1), line_number (row of the sheet), value_0 ... for each position.
        """
        schema = pa.schema(
            [("row_number", pa.int64()), ("line_number", pa.int64())]
            + [(f"value_{number}", pa.string()) for number in range(len(positions))]
        )
        formats = [cell_format(column, contract) for column in contract.columns]
        total = 0
        with pq.ParquetWriter(target, schema, compression="lz4") as writer:
            while batch := list(islice(self._rows, _BATCH_ROWS)):
                filled = [(number, row) for number, row in batch if not _is_empty(row)]
                if not filled:
                    continue
                numbers, rows = zip(*filled, strict=True)
                columns = list(zip(*rows, strict=True))
                writer.write_table(
                    pa.table(
                        [
                            pa.array(range(total + 1, total + len(rows) + 1), pa.int64()),
                            pa.array(numbers, pa.int64()),
                            *(
                                pa.array(map(form, columns[position]), pa.string())
                                for position, form in zip(positions, formats, strict=True)
                            ),
                        ],
                        schema=schema,
                    )
                )
                total += len(rows)
        return total

    def _open(self, path: Path) -> Iterator[tuple[int, list[Any]]]:
        try:
            sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
            start = sheet.start
            if start is None:
                return iter(())
            if sheet.total_height > self._limits.workbook_rows:
                raise UnreadableFileError("too_many_rows", most=self._limits.workbook_rows)
            # the reader pads with empty rows and columns up to the first cell, as a sheet shows it
            rows = iter(sheet.iter_rows())
            first = next(rows, None)
        except (KeyboardInterrupt, SystemExit, MemoryError, UnreadableFileError):
            raise
        except BaseException:
            # a fault inside the reader arrives as a BaseException
            raise _broken() from None
        return iter(()) if first is None else enumerate(_guarded(chain([first], rows)), start=1)


def cell_format(
    column: ContractColumn, contract: DeliveryContract
) -> Callable[[object], str | None]:
    """How a typed cell of this column becomes text in the operator's format.

    Dates by the contract's format, which has no time of day; numbers in their shortest form with
    the operator's decimal sign, never with an exponent; identifiers stored as numbers padded with
    zeros. Empty text becomes None.
    """
    length = column.padded_length or 0

    def form(value: object) -> str | None:
        if isinstance(value, str):
            return value.strip(WHITE_SPACE) or None
        if value is None:
            return None
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            text = shortest_number(value)
            if text.isdecimal():
                return text.zfill(length)
            return text.replace(".", contract.decimal_sign) or None
        if isinstance(value, date):  # a datetime is one, too
            return _date_text(value, contract)
        if isinstance(value, time):
            return value.isoformat()
        return str(value)

    return form


def shortest_number(value: int | float) -> str:
    """A number in its shortest form, no exponent; empty where it is not a number (NaN)."""
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value.is_integer():
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def _date_text(value: date, contract: DeliveryContract) -> str:
    # strftime does not pad years before 1000
    return (
        contract.date_format.replace("yyyy", f"{value.year:04}")
        .replace("MM", f"{value.month:02}")
        .replace("dd", f"{value.day:02}")
    )


def _unpack(path: Path, copy: Path, limits: IntakeLimits) -> None:
    """Write what a workbook is made of, unpacked, to an archive of our own.

    Sizes in a delivered archive are claims, and two readers may find different files in one. What
    was measured here is what is read afterwards; pictures, macros and the like stay behind.
    """
    packed, unpacked = path.stat().st_size, 0
    try:
        with (
            zipfile.ZipFile(path) as delivered,
            zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as written,
        ):
            for entry in {each.filename: each for each in delivered.infolist()}.values():
                if not entry.filename.lower().endswith((".xml", ".rels")):
                    continue
                with (
                    delivered.open(entry) as source,
                    written.open(entry.filename, "w", force_zip64=True) as target,
                ):
                    # ends with the size that the archive claims, and checks the sum
                    while chunk := source.read(_CHUNK_BYTES):
                        unpacked += len(chunk)
                        if unpacked > limits.workbook_bytes or (
                            unpacked > limits.ratio_free_bytes
                            and unpacked > limits.compression_ratio * packed
                        ):
                            raise UnreadableFileError("unpacks_to_too_much")
                        target.write(chunk)
    except OSError as error:
        if error.errno is None:
            raise _broken() from None
        raise
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, RuntimeError, EOFError):
        # a RuntimeError is about a password or a kind of packing that is not known
        raise _broken() from None


def _guarded(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException:
            raise _broken() from None
        yield row


def _broken() -> UnreadableFileError:
    return UnreadableFileError("workbook_broken")


def _is_empty(row: Sequence[object]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _plain_text(cell: object) -> str:
    return "" if cell is None else str(cell)
