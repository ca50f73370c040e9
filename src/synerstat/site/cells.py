"""The published cells that the pages show, read from the published tables only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.site.words import ABSENT, NOT_AVAILABLE, WITHHELD

# Two dimensions apart from their total: all that the tables of the pages need.
DEPTH = 2
WITHHELD_STATUS, ABSENT_STATUS = "Q", "M"


@dataclass(frozen=True)
class Cell:
    """A published value with its flag; no value where it is withheld or cannot be."""

    value: int | None
    status: str

    @property
    def withheld(self) -> bool:
        """Whether it is withheld to protect persons."""
        return self.status == WITHHELD_STATUS


def sign(cell: Cell | None) -> str:
    """The shorthand of why there is no value, as in the workbook: without a cell, nobody was there.

    Only for periods that are published.
    """
    if cell is None or cell.status == ABSENT_STATUS:
        return ABSENT
    return WITHHELD if cell.withheld else NOT_AVAILABLE


@dataclass(frozen=True)
class Cells:
    """Cells by data set and key, in the order of the data set's columns."""

    by_key: Mapping[tuple[str, ...], Cell]
    periods: Sequence[str]

    def get(self, data_set: DataSet, indicator: str, period: str, **at: str) -> Cell | None:
        """A cell; dimensions that are not named are totals. None: no such cell is published."""
        key = [data_set.name, "A" if len(period) == 4 else "Q", period]
        key += [at.get(column, "_T") for column in free_dimensions(data_set)]
        return self.by_key.get((*key, indicator))

    @property
    def quarters(self) -> tuple[str, ...]:
        """The quarters in order."""
        return tuple(period for period in self.periods if len(period) > 4)

    @property
    def years(self) -> tuple[str, ...]:
        """The calendar years in order."""
        return tuple(period for period in self.periods if len(period) == 4)


def free_dimensions(data_set: DataSet) -> tuple[str, ...]:
    """The columns of a data set that are neither frequency nor period nor indicator."""
    return tuple(each.column for each in data_set.dimensions)[2:]


def list_of(data_set: DataSet, column: str) -> str:
    """The code list of a column."""
    return next(
        each.code_list
        for each in data_set.dimensions
        if each.column == column and each.code_list is not None
    )


def read_cells(connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str]) -> Cells:
    """Read the cells in which at most two dimensions are not totals, over all periods."""
    by_key: dict[tuple[str, ...], Cell] = {}
    for data_set in DATA_SETS:
        free = free_dimensions(data_set)
        detail = " + ".join(f"cast({column} <> '_T' as integer)" for column in free)
        rows = connection.execute(
            f"select {', '.join(data_set.key)}, obs_value, obs_status "
            f"from {relations[data_set.name]} where {detail} <= {DEPTH}"
        ).fetchall()
        by_key.update({(data_set.name, *row[:-2]): Cell(row[-2], row[-1]) for row in rows})
    periods = sorted({key[2] for key in by_key}, key=lambda each: (len(each) == 4, each))
    return Cells(by_key, periods)


def year_before(period: str) -> str:
    """The same quarter, or the year, of the year before."""
    return f"{int(period[:4]) - 1}{period[4:]}"
