"""Writing a table as an operator's file: CSV in its dialect, plain or gzipped, XLSX or Parquet."""

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xlsxwriter

from synerstat.contracts import ContractColumn, DeliveryContract
from synerstat.synthesise.arrays import Bools, Ints, Texts
from synerstat.synthesise.deliveries import UNDECODABLE, Table
from synerstat.synthesise.texts import NO_DAY, hundredths_to_number, overwrite, texts

ROWS_PER_CHUNK = 100_000
UNDECODABLE_BYTE = {"utf-8": b"\xff", "cp1252": b"\x81"}
"""Encodings that have bytes of no character; ISO-8859-1 has none."""


@dataclass(frozen=True)
class Layout:
    """How this file differs from the contract without breaking it."""

    column_order: tuple[int, ...] | None = None
    header_in_capitals: bool = False
    extra_column: str | None = None
    quotes_everything: bool = False
    windows_line_ends: bool = False
    byte_order_mark: bool = False


class _Sink(Protocol):
    def write(self, data: bytes, /) -> Any: ...


def write_csv(path: Path, table: Table, contract: DeliveryContract, layout: Layout) -> None:
    """Write CSV, gzipped where the name ends in .gz, without a time in it."""
    with _open(path) as file:
        for chunk in _csv_chunks(table, contract, layout):
            file.write(chunk)


def write_parquet(path: Path, table: Table, contract: DeliveryContract, layout: Layout) -> None:
    """Write Parquet: columns typed where all their values are of the contract's type, else text."""
    columns = _columns(contract, layout)
    arrays = [_typed(table, column) for column in columns]
    names = _header(columns, layout)
    if layout.extra_column:
        arrays.append(_extra(table))
    pq.write_table(pa.table(arrays, names=names), path, compression="zstd")


def write_xlsx(path: Path, table: Table, contract: DeliveryContract, layout: Layout) -> None:
    """Write XLSX: dates and numbers as typed cells, but text where they are none."""
    columns = _columns(contract, layout)
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"created": datetime(2018, 1, 1)})
        date_style = book.add_format({"num_format": contract.date_format.lower()})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, _header(columns, layout))
        for index, column in enumerate(columns):
            style = date_style if column.kind == "date" else None
            sheet.write_column(1, index, _cells(table, column), style)
        if layout.extra_column:
            sheet.write_column(1, len(columns), _extra(table).to_pylist())


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def can_be_unreadable(name: str) -> bool:
    """Whether a row of this file can be unreadable: a cell of a workbook or of Parquet can not."""
    return name.endswith((".csv", ".csv.gz"))


@contextmanager
def _open(path: Path) -> Iterator[_Sink]:
    with path.open("wb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", compresslevel=5, fileobj=raw, mtime=0) as packed:
                yield packed
        else:
            yield raw


def _columns(contract: DeliveryContract, layout: Layout) -> list[ContractColumn]:
    order = layout.column_order or range(len(contract.columns))
    return [contract.columns[i] for i in order]


def _header(columns: list[ContractColumn], layout: Layout) -> list[str]:
    names = [column.name for column in columns]
    if layout.extra_column:
        names.append(layout.extra_column)
    return [f" {name.upper()}" for name in names] if layout.header_in_capitals else names


def _extra(table: Table) -> Texts:
    return pa.nulls(len(table), pa.string()).fill_null("x")


def _csv_chunks(table: Table, contract: DeliveryContract, layout: Layout) -> Iterator[bytes]:
    line_end = "\r\n" if layout.windows_line_ends else "\n"
    columns = _columns(contract, layout)
    header = contract.delimiter.join(_header(columns, layout)) + line_end
    if layout.byte_order_mark:
        header = "\ufeff" + header
    yield header.encode(contract.codec)
    arrays = [table.columns[column.meaning or ""] for column in columns]
    if layout.extra_column:
        arrays.append(_extra(table))
    for first in range(0, len(table), ROWS_PER_CHUNK):
        parts = [_quoted(a.slice(first, ROWS_PER_CHUNK), contract, layout) for a in arrays]
        lines = pc.binary_join_element_wise(
            *parts, contract.delimiter, null_handling="replace", null_replacement=""
        )
        lines = _spoil(lines, table.unreadable[first : first + ROWS_PER_CHUNK], contract)
        lines = pc.binary_join_element_wise(lines, "", line_end)
        yield _encoded(_bytes_of(lines), contract.codec)


def _quoted(values: Texts, contract: DeliveryContract, layout: Layout) -> Texts:
    if layout.quotes_everything:
        inner = pc.replace_substring(pc.fill_null(values, ""), '"', '""')
        return pc.binary_join_element_wise('"', inner, '"', "")
    needs: Bools = np.zeros(len(values), np.bool_)
    for mark in (contract.delimiter, '"', "\n", "\r"):
        found = pc.fill_null(pc.match_substring(values, mark), False)
        needs |= np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)
    if not needs.any():
        return values
    inner = pc.replace_substring(values.filter(pa.array(needs)), '"', '""')
    return overwrite(values, needs, pc.binary_join_element_wise('"', inner, '"', ""))


def _spoil(lines: Texts, unreadable: Ints, contract: DeliveryContract) -> Texts:
    """Break the chosen lines, each in the way that its number says; the lines around stay whole."""
    ways = 4 if contract.codec in UNDECODABLE_BYTE else 3
    for way in range(ways):
        rows = (unreadable > 0) & (unreadable % ways == way)
        if not rows.any():
            continue
        whole = lines.filter(pa.array(rows))
        if way == 0:  # one field too many
            broken = pc.binary_join_element_wise(whole, "???", contract.delimiter)
        elif way == 1:  # cut off
            begun = pc.replace_substring(pc.utf8_slice_codeunits(whole, 0, 24), '"', "")
            broken = pc.binary_join_element_wise(begun, "~", "")
        elif way == 2:  # text behind a closing quote
            broken = pc.binary_join_element_wise('"?"', whole, " ")
        else:
            broken = pc.binary_join_element_wise(texts([UNDECODABLE])[0], whole, "")
        lines = overwrite(lines, rows, broken)
    return lines


def _bytes_of(lines: Texts) -> bytes:
    """The lines one after the other: the data buffer of an array of text is just that."""
    if isinstance(lines, pa.ChunkedArray):
        lines = lines.combine_chunks()
    _, offsets, data = lines.buffers()
    bounds = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return bytes(memoryview(data)[int(bounds[0]) : int(bounds[-1])])


def _encoded(data: bytes, codec: str) -> bytes:
    mark = UNDECODABLE.encode("utf-8")
    if codec != "utf-8":
        data = mark.join(part.decode("utf-8").encode(codec) for part in data.split(mark))
    return data.replace(mark, UNDECODABLE_BYTE.get(codec, b"?"))


def _typed(table: Table, column: ContractColumn) -> Any:
    meaning = column.meaning or ""
    as_text = table.columns[meaning]
    edited = table.edited.get(meaning)
    if edited is not None and edited.any():
        return as_text
    if meaning in table.days:
        days = table.days[meaning]
        return pa.array(days, mask=days == NO_DAY).cast(pa.int32()).cast(pa.date32())
    if meaning == "hours":
        return pa.array(hundredths_to_number(table.hours), mask=table.hours < 0)
    if column.padded_length and pc.all(pc.match_substring_regex(as_text, r"^\d+$")).as_py():
        # leading zeros are lost, as in real life: the contract says how many digits there were
        return pc.cast(as_text, pa.int64())
    return as_text


def _cells(table: Table, column: ContractColumn) -> list[str | float | date | None]:
    meaning = column.meaning or ""
    cells = np.array(table.columns[meaning].to_pylist(), dtype=object)
    edited = table.edited.get(meaning, np.zeros(len(table), np.bool_))
    if meaning in table.days:
        days = table.days[meaning]
        clean = ~edited & (days != NO_DAY)
        cells[clean] = days.astype("datetime64[D]").astype(object)[clean]
    elif meaning == "hours":
        clean = ~edited & (table.hours >= 0)
        cells[clean] = (table.hours[clean] / 100).tolist()
    return list(cells.tolist())
