"""Delivery contracts: what each operator sends, and in which dialect.

One ODCS v3.1.0 file for each operator (`contracts/<operator>.odcs.yaml`); the set of operators is
the set of files. An operator's own column names stand in these files only: Python code speaks of
meanings.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from synerstat.errors import ContractError

SUFFIX: Final = ".odcs.yaml"

# each exactly once in a contract; `planned_end_date` may be missing
REQUIRED_MEANINGS: Final = (
    "record_id",
    "national_number",
    "client_number",
    "sex",
    "birth_date",
    "residence",
    "education_level",
    "labour_status",
    "programme_code",
    "programme_name",
    "training_type",
    "delivery_mode",
    "organiser",
    "training_place",
    "start_date",
    "end_date",
    "hours",
    "cancelled",
)
OPTIONAL_MEANINGS: Final = ("planned_end_date",)

# the contract's name of an encoding -> Python's
ENCODINGS: Final = {"utf-8": "utf-8", "windows-1252": "cp1252", "iso-8859-1": "latin-1"}

# the contract's date format -> strptime's (also DuckDB's)
DATE_FORMATS: Final = {
    "dd/MM/yyyy": "%d/%m/%Y",
    "dd-MM-yyyy": "%d-%m-%Y",
    "dd.MM.yyyy": "%d.%m.%Y",
    "yyyy-MM-dd": "%Y-%m-%d",
}

Kind = Literal["string", "date", "number"]
_KINDS: Final[dict[str, Kind]] = {"string": "string", "date": "date", "number": "number"}


@dataclass(frozen=True)
class ContractColumn:
    """One required column of a delivery.

    `meaning` is None for a column that the statistics do not use. `padded_length` is the length in
    digits of an identifier that spreadsheets like to store as a number. `cancelled_values` are the
    values, in upper case, that say that the participation was cancelled.
    """

    name: str
    meaning: str | None
    kind: Kind
    padded_length: int | None = None
    cancelled_values: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeliveryContract:
    """What one operator sends. `fingerprint` (SHA-256 of the file) changes with any change."""

    operator: str
    language: str
    delimiter: str
    encoding: str
    byte_order_mark_allowed: bool
    decimal_sign: str
    date_format: str
    strptime_format: str
    columns: tuple[ContractColumn, ...]
    version: str
    fingerprint: str

    @property
    def codec(self) -> str:
        """Python's name of the encoding."""
        return ENCODINGS[self.encoding]

    def column(self, meaning: str) -> ContractColumn:
        """The column with this meaning.

        Raises KeyError where the contract has none.
        """
        for column in self.columns:
            if column.meaning == meaning:
                return column
        raise KeyError(meaning)


def load_contracts(folder: Path) -> tuple[DeliveryContract, ...]:
    """All contracts of a folder, in order of operator.

    Raises ContractError where the folder holds none or one of them is unusable.
    """
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        raise ContractError(
            f"{folder} holds no delivery contract (*{SUFFIX}). "
            "Point to the contracts folder of the project."
        )
    contracts = tuple(load_contract(path) for path in paths)
    return tuple(sorted(contracts, key=lambda contract: contract.operator))


def load_contract(path: Path) -> DeliveryContract:
    """Read one contract and check that intake can work with it.

    Raises ContractError that names the file and what to mend.
    """
    # imported here: what reads typed files is handed contracts, and starts sooner without this
    from open_data_contract_standard.model import OpenDataContractStandard

    try:
        text = path.read_text("utf-8")
        document = OpenDataContractStandard.from_string(text)
    except Exception as error:
        raise ContractError(f"{path.name} is no readable ODCS contract: {error}") from error
    try:
        return _contract(document, text, path.name.removesuffix(SUFFIX))
    except (LookupError, TypeError, ValueError) as error:
        raise ContractError(f"{path.name}: {error}. Mend the contract.") from error


def _contract(document: Any, text: str, file_operator: str) -> DeliveryContract:
    settings = _properties(document)
    operator = _setting(settings, "operator")
    if operator != file_operator:
        raise ValueError(f"operator is {operator!r}, but the file is named {file_operator!r}")
    if len(document.schema_ or ()) != 1:
        raise ValueError("exactly one schema object is expected")
    delimiter = _setting(settings, "delimiter")
    if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
        raise ValueError("delimiter must be one ASCII character, no quote and no line end")
    if settings.get("quoteCharacter", '"') != '"':
        raise ValueError('quoteCharacter must be "')
    encoding = _setting(settings, "encoding").lower()
    if encoding not in ENCODINGS:
        raise ValueError(f"encoding {encoding!r} is none of {', '.join(ENCODINGS)}")
    date_format = _setting(settings, "dateFormat")
    if date_format not in DATE_FORMATS:
        raise ValueError(f"dateFormat {date_format!r} is none of {', '.join(DATE_FORMATS)}")
    decimal_sign = _setting(settings, "decimalSign")
    if decimal_sign not in (".", ","):
        raise ValueError("decimalSign must be a point or a comma")
    columns = tuple(_column(item) for item in document.schema_[0].properties or ())
    _check_columns(columns)
    return DeliveryContract(
        operator=operator,
        language=_setting(settings, "language"),
        delimiter=delimiter,
        encoding=encoding,
        byte_order_mark_allowed=bool(settings.get("byteOrderMarkAllowed", False)),
        decimal_sign=decimal_sign,
        date_format=date_format,
        strptime_format=DATE_FORMATS[date_format],
        columns=columns,
        version=str(document.version),
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
    )


def _column(item: Any) -> ContractColumn:
    settings = _properties(item)
    kind = _KINDS.get(item.logicalType or "")
    if kind is None:
        raise ValueError(f"column {item.name!r} has the type {item.logicalType!r}")
    padded = settings.get("paddedLength")
    if padded is not None and (not isinstance(padded, int) or not 0 < padded < 30):
        raise ValueError(f"column {item.name!r} has the paddedLength {padded!r}")
    return ContractColumn(
        name=item.name,
        meaning=settings.get("meaning"),
        kind=kind,
        padded_length=padded,
        cancelled_values=tuple(str(value).upper() for value in settings.get("cancelledValues", ())),
    )


def _check_columns(columns: tuple[ContractColumn, ...]) -> None:
    names = [column.name for column in columns]
    for name in names:
        if not (name.isidentifier() and name == name.lower() and name.isascii()):
            raise ValueError(f"column name {name!r} is not a plain lower-case name")
    if clash := sorted(set(names) & RESERVED_NAMES):
        raise ValueError(f"column names are taken by the landing: {', '.join(clash)}")
    if len(set(names)) != len(names):
        raise ValueError("a column name stands twice")
    meanings = Counter(column.meaning for column in columns if column.meaning)
    if missing := [meaning for meaning in REQUIRED_MEANINGS if not meanings[meaning]]:
        raise ValueError(f"no column with the meaning {', '.join(missing)}")
    if unknown := sorted(set(meanings) - {*REQUIRED_MEANINGS, *OPTIONAL_MEANINGS}):
        raise ValueError(f"unknown meaning {', '.join(unknown)}")
    if double := sorted(meaning for meaning, count in meanings.items() if count > 1):
        raise ValueError(f"meaning on several columns: {', '.join(double)}")


# columns of records.parquet that intake adds
RESERVED_NAMES: Final = frozenset(
    {
        "operator",
        "reference_quarter",
        "sequence",
        "file_name",
        "row_number",
        "line_number",
        "unreadable_reason",
        "raw_text",
        "national_number_status",
        "national_key",
        "national_birth_date",
        "national_sex",
        "client_key",
        "content_key",
    }
)


def _properties(item: Any) -> dict[str, Any]:
    return {entry.property: entry.value for entry in item.customProperties or ()}


def _setting(settings: dict[str, Any], name: str) -> str:
    value = settings.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"custom property {name!r} is missing")
    return value
