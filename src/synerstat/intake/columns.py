"""Finds the columns of a contract in a delivered header."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from synerstat.contracts import DeliveryContract
from synerstat.intake.manifest import printable
from synerstat.intake.results import RefusalReason, RefusedError
from synerstat.intake.text_files import WHITE_SPACE

_DELIMITERS: Final = {";": "';'", ",": "','", "\t": "TAB", "|": "'|'", ":": "':'"}


@dataclass(frozen=True)
class ColumnMatch:
    """Position (from 0) of each contract column, in contract order; names of the others."""

    positions: tuple[int, ...]
    extra: tuple[str, ...]


def match_columns(
    names: Sequence[str], contract: DeliveryContract, file_name: str, most: int
) -> ColumnMatch:
    """Match without regard to case, surrounding blanks and order.

    Raises RefusedError with `missing_column` where one is missing or stands twice, and with
    `unreadable_file` where there are more than `most` columns. The message names columns of the
    contract only: a file without a header shows persons' data in its place.
    """
    if len(names) > most:
        raise RefusedError(RefusalReason.UNREADABLE_FILE, "too_many_columns", file_name, most=most)
    plain = [name.strip(WHITE_SPACE).lower() for name in names]
    wanted = [column.name for column in contract.columns]
    if missing := [name for name in wanted if name not in plain]:
        raise _missing(plain, missing, contract, file_name)
    counts = Counter(plain)
    if double := [name for name in wanted if counts[name] > 1]:
        raise RefusedError(
            RefusalReason.MISSING_COLUMN, "columns_twice", file_name, columns=", ".join(double)
        )
    known = set(wanted)
    extra = tuple(printable(name) or "(no name)" for name in plain if name not in known)
    return ColumnMatch(tuple(plain.index(name) for name in wanted), extra)


def _missing(
    names: Sequence[str], missing: list[str], contract: DeliveryContract, file_name: str
) -> RefusedError:
    """The refusal of a header that lacks columns; it says so where the delimiter is another."""
    columns = ", ".join(missing)
    for delimiter, shown in _DELIMITERS.items():
        found = {part.strip(f'{WHITE_SPACE}"') for name in names for part in name.split(delimiter)}
        if delimiter != contract.delimiter and found.issuperset(missing):
            return RefusedError(
                RefusalReason.MISSING_COLUMN,
                "columns_missing_delimiter",
                file_name,
                columns=columns,
                found=shown,
                agreed=_DELIMITERS.get(contract.delimiter, contract.delimiter),
                encoding=contract.encoding,
            )
    return RefusedError(
        RefusalReason.MISSING_COLUMN,
        "columns_missing",
        file_name,
        columns=columns,
        version=contract.version,
        encoding=contract.encoding,
    )
