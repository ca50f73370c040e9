"""Looks for national numbers in what a command has left, without the project's code."""

import gzip
import re
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.parquet as parquet
from python_calamine import CalamineWorkbook

CANDIDATE = re.compile(r"[0-9][0-9. \-/]{9,18}[0-9]")
IN_HEX = re.compile(r"(?:3[0-9]){11}")
# three digits are four signs of base64; of eleven digits nine stand in whole groups of three
IN_BASE64 = re.compile(r"(?:[MNO][DTjz][AEIMQUYcgk][wxyz0-5]){3}")


def delivered_numbers(deliveries: Path) -> set[str]:
    """Every national number of the deliveries as eleven digits, read without the project's code."""
    numbers = set()
    for text in delivered_texts(deliveries):
        for found in re.findall(
            r"(?<![0-9])[0-9]{2}[. -]?[0-9]{2}[. -]?[0-9]{2}[. -]?[0-9]{3}[. -]?[0-9]{2}(?![0-9])",
            text,
        ):
            digits = re.sub("[^0-9]", "", found)
            if _is_valid(digits):
                numbers.add(digits)
    return numbers


def delivered_texts(deliveries: Path) -> Iterator[str]:
    for path in sorted(deliveries.rglob("*")):
        if path.name.endswith(".csv"):
            yield path.read_bytes().decode("latin-1")
        elif path.name.endswith(".csv.gz"):
            yield gzip.decompress(path.read_bytes()).decode("latin-1")
        elif path.name.endswith(".xlsx"):
            rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
            yield "\n".join(" ; ".join(_cell_text(cell) for cell in row) for row in rows)
        elif path.name.endswith(".parquet"):
            for column in parquet.read_table(path).columns:
                yield "\n".join(_cell_text(cell) for cell in column.to_pylist())


def _cell_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return f"{cell:011}" if isinstance(cell, int) else str(cell)


def _is_valid(digits: str) -> bool:
    first, check = int(digits[:9]), int(digits[9:])
    return check in (97 - first % 97, 97 - (2_000_000_000 + first) % 97)


def left_texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Everything a run has left, as text: files as they are, archives and tables inside, too.

    What a killed run has left half-written is looked at as it is.
    """
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        yield str(path), path.read_bytes().decode("latin-1")
        # not of the texts above, which are whole
        with suppress(duckdb.Error, pyarrow.ArrowException):
            yield from _inside(path)


def _inside(path: Path) -> Iterator[tuple[str, str]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield f"{path}:{name}", archive.read(name).decode("latin-1")
    elif path.suffix == ".parquet":
        for name, column in zip(*_columns(path), strict=True):
            yield f"{path}:{name}", "\n".join(map(str, column))
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
            for schema, table in tables:
                rows = connection.execute(f'select * from "{schema}"."{table}"').fetchall()
                yield f"{path}:{schema}.{table}", "\n".join(map(str, rows))


def _columns(path: Path) -> tuple[list[str], list[list[object]]]:
    table = parquet.read_table(path)
    return table.column_names, [column.to_pylist() for column in table.columns]


def numbers_in(text: str, numbers: set[str]) -> set[str]:
    """Those of the numbers that stand in the text: plain, separated, or as hex or base64 of their
    digits.
    """
    found = set()
    for run in CANDIDATE.finditer(text):
        digits = re.sub("[^0-9]", "", run.group())
        # hex keys and checksums are full of digits: a number counts when nothing joins it
        found |= {
            number
            for number in {digits[at : at + 11] for at in range(len(digits) - 10)} & numbers
            if _stands_alone(number, text)
        }
    for run in IN_HEX.finditer(text):
        found |= {bytes.fromhex(run.group()).decode()} & numbers
    if groups := {b64decode(run.group()).decode() for run in IN_BASE64.finditer(text)}:
        found |= {n for n in numbers if not groups.isdisjoint((n[:9], n[1:10], n[2:]))}
    return found


def _stands_alone(number: str, text: str) -> bool:
    separated = "[. /-]?".join(number)
    return re.search(rf"(?<![0-9a-zA-Z]){separated}(?![0-9a-zA-Z])", text) is not None
