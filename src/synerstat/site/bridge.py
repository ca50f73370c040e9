"""From delivered rows to persons: the counting units, operator by operator and together.

Rows and records come from the bridge of the marts, participations and persons from the published
cells. A step that tells of fewer rows than the largest small count is not shown, nor records where
participations are withheld: with operators whose record is a participation they are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from synerstat.publish.formats.vocabulary import Edition
from synerstat.site.cells import Cell, Cells
from synerstat.site.figures import BY_NAME


@dataclass(frozen=True)
class Steps:
    """The steps of one operator, or of all (`_T`), in the reference quarter."""

    operator: str
    rows: Cell | None
    records: Cell | None
    participations: Cell | None
    persons: Cell | None


@dataclass(frozen=True)
class Bridge:
    """The steps of each operator and of all; `sum_of_persons`: over operators, None if withheld.

    `overlap`: persons whom more than one operator counts, each as often as it is too much.
    """

    steps: tuple[Steps, ...]
    total: Steps
    sum_of_persons: int | None
    overlap: int | None

    @property
    def all_steps(self) -> tuple[Steps, ...]:
        """The operators, then all of them together."""
        return (*self.steps, self.total)

    @property
    def largest(self) -> int:
        """The largest figure of a single operator, for the lengths of bars."""
        values = [
            cell.value
            for steps in self.steps
            for cell in (steps.rows, steps.records, steps.participations, steps.persons)
            if cell and cell.value
        ]
        return max(values, default=1)


def read_bridge(
    connection: duckdb.DuckDBPyConnection,
    cells: Cells,
    operators: Sequence[str],
    edition: Edition,
) -> Bridge:
    """The bridge of the reference quarter."""
    rows = connection.execute(
        """
        select operator, delivered_rows, counted_records
        from warehouse.marts.mart_counting_bridge
        where freq = 'Q' and time_period = ? and operator <> '_T'
        """,
        [edition.period],
    ).fetchall()
    counted = {
        operator: (_guarded(edition, delivered), _guarded(edition, used))
        for operator, delivered, used in rows
    }
    training = BY_NAME["training"]

    def steps(operator: str, delivered: Cell | None, used: Cell | None) -> Steps:
        participations = cells.get(training, "PARTICIPATIONS", edition.period, operator=operator)
        if used and participations and participations.value is None:
            used = Cell(None, "Q")
        return Steps(
            operator,
            delivered,
            used,
            participations,
            cells.get(training, "PRESENT", edition.period, operator=operator),
        )

    each = tuple(steps(operator, *counted.get(operator, (None, None))) for operator in operators)
    total = steps("_T", _sum([one.rows for one in each]), _sum([one.records for one in each]))
    persons = _sum([one.persons for one in each])
    overlap = None
    if persons and persons.value is not None and total.persons and total.persons.value is not None:
        overlap = persons.value - total.persons.value
        # a small overlap is a small count of persons
        if 0 < overlap < edition.threshold:
            overlap = None
    return Bridge(each, total, persons.value if persons else None, overlap)


def _guarded(edition: Edition, count: int) -> Cell:
    """A count of rows; withheld where it is small, as a row is about one person."""
    return Cell(None, "Q") if 0 < count < edition.threshold else Cell(count, "A")


def _sum(cells: Sequence[Cell | None]) -> Cell | None:
    """The sum, withheld where a part is: a partial sum is never shown as a total."""
    known = [cell for cell in cells if cell is not None]
    if not known:
        return None
    values = [cell.value for cell in known if cell.value is not None]
    return Cell(sum(values), "A") if len(values) == len(known) else Cell(None, "Q")
