"""Small deliveries, made where they are needed. All persons are invented."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from synerstat.contracts import load_contracts
from synerstat.intake import IntakeLimits, IntakeResult, run_intake

CONTRACTS = Path(__file__).parents[3] / "contracts"
SECRET = "invented-secret"
CONTRACT = {contract.operator: contract for contract in load_contracts(CONTRACTS)}


def national_number(first_nine: str, born_from_2000: bool = False) -> str:
    """A number with the right check digits."""
    base = int(("2" if born_from_2000 else "") + first_nine)
    return f"{first_nine}{97 - base % 97:02}"


NUMBER = national_number("850730033")
OTHER = national_number("760616582")
THIRD = national_number("000516948", born_from_2000=True)

DEFAULTS = {
    "record_id": "R-1",
    "national_number": NUMBER,
    "client_number": "C-1",
    "sex": "M",
    "birth_date": "",
    "residence": "25112",
    "education_level": "X",
    "labour_status": "Y",
    "programme_code": "P1",
    "programme_name": "Programme",
    "training_type": "T",
    "delivery_mode": "D",
    "organiser": "",
    "training_place": "25112",
    "start_date": "",
    "end_date": "",
    "planned_end_date": "",
    "hours": "12",
    "cancelled": "",
}


def name_of(operator: str, meaning: str) -> str:
    return CONTRACT[operator].column(meaning).name


def header(operator: str) -> list[str]:
    return [column.name for column in CONTRACT[operator].columns]


def row(operator: str, **values: Any) -> list[Any]:
    """One row in contract order; values by meaning."""
    merged = DEFAULTS | values
    return [merged.get(column.meaning or "", "") for column in CONTRACT[operator].columns]


def csv_bytes(
    operator: str,
    rows: Iterable[Sequence[Any]],
    columns: Sequence[str] | None = None,
    line_end: str = "\n",
) -> bytes:
    contract = CONTRACT[operator]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=contract.delimiter, lineterminator=line_end)
    writer.writerow(columns or header(operator))
    writer.writerows(rows)
    return text.getvalue().encode(contract.codec)


def raw_line(operator: str, **values: Any) -> str:
    """One row as text, quotes in the values left as they are."""
    return CONTRACT[operator].delimiter.join(row(operator, **values))


class Place:
    """A deliveries folder, a warehouse and a contracts folder of one test."""

    def __init__(self, root: Path) -> None:
        self.deliveries = root / "deliveries"
        self.warehouse = root / "warehouse"
        self.contracts = CONTRACTS
        self.deliveries.mkdir()

    def deliver(
        self,
        operator: str,
        files: Mapping[str, tuple[bytes, int]],
        folder: str = "2019Q1-1",
        changes: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write a delivery: name -> (content, rows). `changes` go into the manifest."""
        place = self.deliveries / operator / folder
        place.mkdir(parents=True, exist_ok=True)
        for name, (content, _) in files.items():
            (place / name).write_bytes(content)
        quarter, _, sequence = folder.partition("-")
        manifest = {
            "operator": operator,
            "reference_quarter": quarter,
            "sequence": int(sequence) if sequence.isdecimal() else 1,
            "extracted_at": "2019-04-20T08:00:00+01:00",
            "files": [
                {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "rows": rows}
                for name, (content, rows) in files.items()
            ],
        }
        (place / "manifest.json").write_text(json.dumps(manifest | dict(changes or {})), "utf-8")
        return place

    def deliver_rows(
        self, operator: str, rows: Sequence[Sequence[Any]], folder: str = "2019Q1-1"
    ) -> Path:
        return self.deliver(operator, {"a.csv": (csv_bytes(operator, rows), len(rows))}, folder)

    def deliver_lines(
        self, operator: str, lines: Sequence[str | bytes], rows: int, folder: str = "2019Q1-1"
    ) -> Path:
        """Lines below a proper header, joined by LF."""
        codec = CONTRACT[operator].codec
        encoded = [line if isinstance(line, bytes) else line.encode(codec) for line in lines]
        content = csv_bytes(operator, []) + b"\n".join(encoded) + b"\n"
        return self.deliver(operator, {"a.csv": (content, rows)}, folder)

    def intake(self, secret: str = SECRET, limits: IntakeLimits | None = None) -> IntakeResult:
        return run_intake(self.deliveries, self.warehouse, self.contracts, secret, limits=limits)

    def landed(self, operator: str, folder: str = "2019Q1-1") -> Path:
        return self.warehouse / "landing" / operator / folder

    def records(self, operator: str, folder: str = "2019Q1-1") -> list[dict[str, Any]]:
        return parquet(self.landed(operator, folder) / "records.parquet")

    def values(self, operator: str, meaning: str, folder: str = "2019Q1-1") -> list[Any]:
        name = name_of(operator, meaning)
        return [record[name] for record in self.records(operator, folder)]


def parquet(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        result = connection.execute("select * from read_parquet(?)", [str(path)])
        names = [column[0] for column in result.description]
        return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def reasons(result: IntakeResult) -> list[str]:
    return [refused.reason for refused in result.refused]


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
