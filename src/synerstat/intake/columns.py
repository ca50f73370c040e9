"""Finds the columns of a contract in a delivered header."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from synerstat.contracts import DeliveryContract
from synerstat.intake.manifest import printable
from synerstat.intake.results import RefusalReason, RefusedError
from synerstat.intake.text_files import WHITE_SPACE


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
        raise RefusedError(
            RefusalReason.UNREADABLE_FILE, f"The file has more than {most:,} columns.", file_name
        )
    plain = [name.strip(WHITE_SPACE).lower() for name in names]
    wanted = [column.name for column in contract.columns]
    if missing := [name for name in wanted if name not in plain]:
        raise RefusedError(
            RefusalReason.MISSING_COLUMN,
            f"The header lacks {', '.join(missing)}. Deliver every column of the contract"
            f" {contract.version}, separated as agreed, in {contract.encoding}.",
            file_name,
        )
    counts = Counter(plain)
    if double := [name for name in wanted if counts[name] > 1]:
        raise RefusedError(
            RefusalReason.MISSING_COLUMN,
            f"The header names {', '.join(double)} more than once, so the column can't be told. "
            "Name each column once.",
            file_name,
        )
    known = set(wanted)
    extra = tuple(printable(name) or "(no name)" for name in plain if name not in known)
    return ColumnMatch(tuple(plain.index(name) for name in wanted), extra)
