"""Reading what the operators send: folders, manifests, dialects, cells.

Everything comes out as text in the operator's own format, trimmed, an empty value being ``""``.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import zlib
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Dialect:
    """How one operator writes its files."""

    delimiter: str
    encoding: str
    byte_order_mark: bool
    date_pattern: str  # with d, m, y for day, month and year
    decimal_sign: str
    cancelled: str


DIALECTS = {
    "vdab": Dialect(";", "utf-8", True, "d/m/y", ",", "ANN"),
    "forem": Dialect(";", "cp1252", False, "d-m-y", ",", "ANN"),
    "bruxelles_formation": Dialect(",", "utf-8", True, "y-m-d", ".", "ANNULE"),
    "adg": Dialect("\t", "latin-1", False, "d.m.y", ",", "STORNO"),
}

OPERATORS = tuple(sorted(DIALECTS))

# meaning -> column of each operator, in the order of the dialects
_TABLE = """
record_id         inschrijving_id  no_prestation       id_contrat        teilnahme_nr
national_number   insz             niss                niss              nrnr
client_number     klantnummer      no_de               id_stagiaire      kundennr
sex               geslacht         sexe                genre             geschlecht
birth_date        geboortedatum    date_naissance      date_naissance    geburtsdatum
residence         gemeente_nis     ins_commune         ins_residence     wohnort_plz
education_level   studieniveau     niveau_etudes       diplome           bildungsniveau
labour_status     statuut          categorie           statut            status
programme_code    opleiding_code   code_formation      code_produit      massnahme_code
programme_name    opleiding_naam   intitule_formation  libelle_produit   massnahme_name
training_type     soort            type_prestation     type_formation    massnahme_art
delivery_mode     lesvorm          modalite            mode_formation    form
organiser         inrichter        organisateur        organisme         traeger
training_place    campus_nis       ins_lieu            ins_lieu          ort_plz
start_date        begindatum       debut_prestation    date_debut        beginn
end_date          einddatum        fin_prestation      date_fin_reelle   ende
planned_end_date  -                -                   date_fin_prevue   -
hours             uren             heures              heures_prestees   stunden
cancelled         stopcode         statut_prestation   etat              abbruch
"""

COLUMNS: dict[str, dict[str, str]] = {operator: {} for operator in OPERATORS}
for _line in _TABLE.split("\n"):
    if _line:
        _meaning, *_names = _line.split()
        for _operator, _name in zip(DIALECTS, _names, strict=True):
            if _name != "-":
                COLUMNS[_operator][_meaning] = _name
MEANINGS = tuple(COLUMNS["bruxelles_formation"])

# required in the file, but without a meaning of their own
OTHER_COLUMNS = {
    "vdab": ("module_code",),
    "forem": ("no_contrat",),
    "bruxelles_formation": (),
    "adg": (),
}

Row = dict[str, str]


@dataclass
class Delivery:
    """What one operator sent for one quarter; a row is a dict by meaning, None if unreadable."""

    operator: str
    reference_quarter: str
    sequence: int
    rows: list[Row | None] = field(default_factory=list)


@dataclass(frozen=True)
class Refusal:
    """A delivery that was refused whole."""

    operator: str
    reference_quarter: str
    sequence: int
    reason: str


class _RefusedError(Exception):
    """Ends the reading of one delivery with its reason."""


# --------------------------------------------------------------------------------------------
# folders and manifests


def read_folder(deliveries: Path) -> tuple[list[Delivery], list[Refusal], list[str]]:
    """All deliveries of a folder: the read ones, the refused ones, the names left alone."""
    read: list[Delivery] = []
    refused: list[Refusal] = []
    left_alone: list[str] = []
    for operator_folder in sorted(deliveries.iterdir()):
        if not operator_folder.is_dir():
            if operator_folder.name != "identifier_replacements.csv":
                left_alone.append(operator_folder.name)
            continue
        if operator_folder.name not in OPERATORS:
            left_alone.append(operator_folder.name)
            continue
        for folder in sorted(operator_folder.iterdir()):
            name = re.fullmatch(r"([0-9]{4}Q[1-4])-([0-9]+)", folder.name)
            if name is None or not folder.is_dir():
                left_alone.append(f"{operator_folder.name}/{folder.name}")
                continue
            operator, quarter, sequence = operator_folder.name, name[1], int(name[2])
            try:
                rows = _read_delivery(folder, operator, quarter)
            except _RefusedError as refusal:
                refused.append(Refusal(operator, quarter, sequence, str(refusal)))
            else:
                read.append(Delivery(operator, quarter, sequence, rows))
    return read, refused, left_alone


def _read_delivery(folder: Path, operator: str, quarter: str) -> list[Row | None]:
    rows: list[Row | None] = []
    for named in _read_manifest(folder, operator, quarter):
        name: str = named["name"]
        if name in ("", ".", "..") or any(sign in name for sign in "/\\\0"):
            raise _RefusedError("unsafe_path")
        path = folder / name
        if not path.is_file():
            raise _RefusedError("file_missing")
        if hashlib.sha256(path.read_bytes()).hexdigest() != named["sha256"].strip().lower():
            raise _RefusedError("checksum_mismatch")
        file_rows = _read_file(path, operator)
        if len(file_rows) != named["rows"]:
            raise _RefusedError("row_count_mismatch")
        rows += file_rows
    return rows


def _read_manifest(folder: Path, operator: str, quarter: str) -> list[Any]:
    path = folder / "manifest.json"
    if not path.is_file():
        raise _RefusedError("no_manifest")
    try:
        manifest = json.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        raise _RefusedError("bad_manifest") from error
    if not isinstance(manifest, dict):
        raise _RefusedError("bad_manifest")
    files = manifest.get("files")
    good = (
        manifest.get("operator") == operator
        and manifest.get("reference_quarter") == quarter
        and type(manifest.get("sequence")) is int
        and f"{quarter}-{manifest['sequence']}" == folder.name
        and _is_moment(manifest.get("extracted_at"))
        and isinstance(files, list)
        and len(files) > 0
        and all(_is_named_file(named) for named in files)
        and len({named["name"] for named in files}) == len(files)
    )
    if not good:
        raise _RefusedError("bad_manifest")
    return files


def _is_named_file(named: Any) -> bool:
    return (
        isinstance(named, dict)
        and isinstance(named.get("name"), str)
        and isinstance(named.get("sha256"), str)
        and type(named.get("rows")) is int
    )


def _is_moment(text: Any) -> bool:
    """An ISO date and time with an offset from UTC."""
    if not isinstance(text, str):
        return False
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


# --------------------------------------------------------------------------------------------
# files


def _read_file(path: Path, operator: str) -> list[Row | None]:
    name = path.name.lower()
    if name.endswith(".csv"):
        return _read_csv(path.read_bytes(), operator)
    if name.endswith(".csv.gz"):
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise _RefusedError("unreadable_file") from error
        return _read_csv(content, operator)
    if name.endswith(".xlsx"):
        return _read_xlsx(path, operator)
    if name.endswith(".parquet"):
        return _read_parquet(path, operator)
    raise _RefusedError("unreadable_file")


def _positions(header: list[str], operator: str) -> dict[str, int]:
    """Meaning -> position; every column of the contract must be there."""
    names = [name.strip().lower() for name in header]
    if not any(names):
        raise _RefusedError("empty_file")
    wanted = list(COLUMNS[operator].values()) + list(OTHER_COLUMNS[operator])
    if any(name not in names for name in wanted):
        raise _RefusedError("missing_column")
    return {meaning: names.index(name) for meaning, name in COLUMNS[operator].items()}


def _read_csv(content: bytes, operator: str) -> list[Row | None]:
    dialect = DIALECTS[operator]
    if dialect.byte_order_mark and content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    lines = split_rows(content, dialect.delimiter.encode())
    if not lines:
        raise _RefusedError("empty_file")
    if lines[0] is None:
        raise _RefusedError("missing_column")
    header = [cell.decode(dialect.encoding, "replace") for cell in lines[0]]
    positions = _positions(header, operator)
    rows: list[Row | None] = []
    for cells in lines[1:]:
        if cells is None or len(cells) != len(header):
            rows.append(None)
            continue
        try:
            texts = [cell.decode(dialect.encoding) for cell in cells]
        except UnicodeDecodeError:
            rows.append(None)
            continue
        rows.append({meaning: texts[at].strip() for meaning, at in positions.items()})
    return rows


def split_rows(content: bytes, delimiter: bytes) -> list[list[bytes] | None]:
    """Rows of cells; None for a row with broken quoting; blank lines left out.

    A quote opens a quoted value only as the first sign of a cell; elsewhere it is a sign like
    any other. After broken quoting, reading goes on with the next physical line.
    """
    rows: list[list[bytes] | None] = []
    at = 0
    while at < len(content):
        cells, after = _split_row(content, at, delimiter)
        if cells is None:
            line_end = content.find(b"\n", at)
            after = len(content) if line_end < 0 else line_end + 1
        if cells is None or len(cells) > 1 or cells[0].strip():
            rows.append(cells)
        at = after
    return rows


def _split_row(content: bytes, at: int, delimiter: bytes) -> tuple[list[bytes] | None, int]:
    cells: list[bytes] = []
    while True:
        cell = b""
        if content[at : at + 1] == b'"':
            at += 1
            while True:
                if at >= len(content):
                    return None, at  # never closed
                if content[at : at + 2] == b'""':
                    cell += b'"'
                    at += 2
                elif content[at : at + 1] == b'"':
                    at += 1
                    break
                else:
                    cell += content[at : at + 1]
                    at += 1
            if not _ends_cell(content, at, delimiter):
                return None, at  # something stands behind the closing quote
        else:
            while not _ends_cell(content, at, delimiter):
                cell += content[at : at + 1]
                at += 1
        cells.append(cell)
        if content[at : at + 1] == delimiter:
            at += 1
        elif content[at : at + 2] == b"\r\n":
            return cells, at + 2
        else:
            return cells, at + 1


def _ends_cell(content: bytes, at: int, delimiter: bytes) -> bool:
    return (
        at >= len(content)
        or content[at : at + 1] in (delimiter, b"\n")
        or content[at : at + 2] == b"\r\n"
    )


def _read_xlsx(path: Path, operator: str) -> list[Row | None]:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        lines = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception as error:  # whatever breaks in there, the file is unreadable
        raise _RefusedError("unreadable_file") from error
    if not lines:
        raise _RefusedError("empty_file")
    positions = _positions([cell_text(cell, "", operator) for cell in lines[0]], operator)
    return [
        {meaning: cell_text(cells[at], meaning, operator) for meaning, at in positions.items()}
        for cells in lines[1:]
        if any(cell_text(cell, "", operator) for cell in cells)
    ]


def _read_parquet(path: Path, operator: str) -> list[Row | None]:
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(path).read()
    except Exception as error:  # whatever breaks in there, the file is unreadable
        raise _RefusedError("unreadable_file") from error
    positions = _positions(list(table.column_names), operator)
    columns = {meaning: table.column(at).to_pylist() for meaning, at in positions.items()}
    return [
        {meaning: cell_text(cells[at], meaning, operator) for meaning, cells in columns.items()}
        for at in range(table.num_rows)
    ]


def cell_text(cell: Any, meaning: str, operator: str) -> str:
    """A cell as text in the operator's format: dates, shortest numbers, padded identifiers."""
    dialect = DIALECTS[operator]
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace").strip()
    if isinstance(cell, date):  # a datetime is one, too
        text = dialect.date_pattern.replace("d", f"{cell.day:02}")
        return text.replace("m", f"{cell.month:02}").replace("y", f"{cell.year:04}")
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        number = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
        text = f"{number:f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        if text == "-0":
            text = "0"
        if text.isdigit() and meaning == "national_number":
            text = text.zfill(11)
        if text.isdigit() and meaning in ("residence", "training_place") and operator != "adg":
            text = text.zfill(5)
        return text.replace(".", dialect.decimal_sign)
    return str(cell).strip()


# --------------------------------------------------------------------------------------------
# identifier replacements


def read_replacement_rows(path: Path) -> list[tuple[str, str]]:
    """Old and new number of each line, as they stand there; no file gives no line."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [line for line in csv.reader(file) if any(cell.strip() for cell in line)]
    if not lines:
        return []
    names = [name.strip().lower() for name in lines[0]]
    old, new = names.index("old_niss"), names.index("new_niss")
    return [(line[old], line[new]) for line in lines[1:] if len(line) > max(old, new)]
