"""What was before: earlier vintages of the quarter, changes since, and breaks in series."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from synerstat.publish.data_sets import DataSet
from synerstat.publish.formats.vocabulary import LANGUAGES, Edition
from synerstat.site.cells import Cell, free_dimensions
from synerstat.site.figures import BY_NAME, TOTAL

REVISIONS = "revisions.csv"
SHOWN_CHANGES = 200


@dataclass(frozen=True)
class Break:
    """A break in series: from which period, in what (codes by column), and why."""

    period: str
    at: Mapping[str, str]
    texts: Mapping[str, str]

    def touches(self, at: Mapping[str, str]) -> bool:
        """Whether it concerns the cells at these codes."""
        return bool(self.at) and all(at.get(column) == code for column, code in self.at.items())


@dataclass(frozen=True)
class Change:
    """A figure that changed: its cell in both vintages and why; no values where one is withheld.

    `at`: the codes of its dimensions that are not at their total. `share`: of the old value.
    """

    data_set: DataSet
    period: str
    indicator: str
    at: Mapping[str, str]
    old: Cell
    new: Cell
    difference: int | None
    share: float | None
    cause: str


@dataclass(frozen=True)
class History:
    """Earlier vintages and what changed since the last one; rows of revisions.csv as they are."""

    numbers: tuple[int, ...]
    quarter: str
    current: str
    rows: tuple[Mapping[str, str], ...]

    @property
    def vintages(self) -> dict[str, Any]:
        """For machines: this vintage and those before it in its quarter."""
        return {
            "current": self.current,
            "vintages": [
                {"vintage": f"{self.quarter}-v{number}", "quarter": self.quarter, "number": number}
                for number in self.numbers
            ],
        }

    @property
    def changes(self) -> dict[str, Any]:
        """For machines: all changes since the vintage before."""
        return {"vintage": self.current, "changes": [dict(row) for row in self.rows]}

    @property
    def shown(self) -> Sequence[Change]:
        """The changes that the page lists; all of them are in the file."""
        return [_change(row) for row in self.rows[:SHOWN_CHANGES]]


def _change(row: Mapping[str, str]) -> Change:
    data_set = BY_NAME[row["data_set"]]
    return Change(
        data_set,
        row["time_period"],
        row["indicator"],
        {name: row[name] for name in free_dimensions(data_set) if row[name] != TOTAL},
        Cell(_whole(row["old_value"]), row["old_obs_status"]),
        Cell(_whole(row["new_value"]), row["new_obs_status"]),
        _whole(row["difference"]),
        float(row["share"]) if row["share"] else None,
        row["cause"],
    )


def _whole(text: str) -> int | None:
    return int(text) if text else None


def read_history(folder: Path, edition: Edition) -> History:
    """The vintages of the quarter up to this one, and revisions.csv where the vintage has it."""
    number = int(edition.vintage.rpartition("-v")[2])
    path = folder / REVISIONS
    rows: list[dict[str, str]] = []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    return History(tuple(range(1, number + 1)), edition.quarter, edition.vintage, tuple(rows))


def read_breaks(connection: duckdb.DuckDBPyConnection) -> tuple[Break, ...]:
    """The breaks in quarterly series, as the seed `series_breaks` declares them."""
    rows = connection.execute(
        f"""
        select time_period, operator, training_type, {", ".join(f"text_{x}" for x in LANGUAGES)}
        from warehouse.seeds.series_breaks
        where freq = 'Q'
        order by time_period, operator, training_type
        """
    ).fetchall()
    return tuple(
        Break(
            period,
            {"operator": operator, "training_type": training_type},
            dict(zip(LANGUAGES, texts, strict=True)),
        )
        for period, operator, training_type, *texts in rows
    )
