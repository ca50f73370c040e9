"""Secondary suppression by linear programming: withhold what protects the small counts.

A *world* is other figures that agree with everything a reader knows. For each small count that is
still bounded too closely, a linear program finds the cheapest world in which it differs, and every
published figure that differs in it is withheld from then on. Any world found stays one when more is
withheld, so the worlds together prove how far each small count is protected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import highspy
import numpy as np
import pyarrow as pa

from synerstat.disclosure.system import PARTICIPATIONS, System, build_system, row_sums
from synerstat.disclosure.tables import (
    BoolArray,
    FloatArray,
    IntArray,
    Rows,
    read_earlier,
    read_rows,
)
from synerstat.errors import SynerstatError

# A solution's figure counts as moved beyond this; HiGHS is exact to 1e-7.
TOLERANCE = 1e-6

# No figure moves further than so many times the threshold: small worlds are enough.
REACH = 4

# The value of a person's step for a small count, against the cost of withholding others.
REWARD = 10_000.0

# Published figures up to these are tried first: a small figure withheld is less lost.
CAPS = (20, 200, np.inf)


class UnprotectableError(SynerstatError):
    """Some small counts stay bounded too closely, whatever else is withheld."""


@dataclass(frozen=True)
class Pattern:
    """What is withheld.

    `withheld` has one row per withheld row of a data set: `data_set`, the dimensions (null where
    the data set has none), `indicator` and `reason`: A for a small count and what rests on it, D
    for figures that protect others. The reason is for inside: published, it would tell the small
    ones. `primary` and `secondary` are the counts of these rows, `worlds` of linear programs.
    """

    withheld: pa.Table
    primary: int
    secondary: int
    worlds: int


def protect(
    figures: Mapping[str, pa.Table],
    *,
    threshold: int,
    earlier: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Pattern:
    """Choose the figures to withhold, so that each small count keeps an interval `threshold` wide.

    `figures` has one table per data set: its dimensions, `indicator`, `figure` and `is_small`.
    `earlier` are folders of published vintages: what they withheld stays withheld, and what they
    showed unchanged protects nothing. Raises InconsistentFiguresError where the figures break the
    counting rules, UnprotectableError where a small count can't be protected. The same figures give
    the same pattern.
    """
    rows = read_rows(figures)
    system = build_system(rows)
    count = len(system.value)
    is_small, is_known, stays = (np.zeros(count, dtype=bool) for _ in range(3))
    counted = rows.indicator >= 0
    unknown = np.full(len(rows.cell), -1, dtype=np.int64)
    unknown[counted] = system.unknown[rows.cell[counted], rows.indicator[counted]]
    is_small[unknown[counted & rows.is_small]] = True
    for vintage in earlier:
        shown, was_withheld = read_earlier(vintage, rows)
        stays[unknown[counted & was_withheld]] = True
        is_known[unknown[counted & (shown == rows.figure)]] = True
    stays &= system.value > 0
    search = _Search(system, is_small, is_small | stays, is_known & ~is_small, threshold)
    search.run(progress)
    return _pattern(rows, system, search, unknown)


def _pattern(rows: Rows, system: System, search: _Search, unknown: IntArray) -> Pattern:
    """The rows of the data sets that the withheld unknowns stand in."""
    withheld = (unknown >= 0) & search.withheld[unknown]
    # hours show the pattern of the participations that they rest on
    hours = rows.indicator == -1
    withheld[hours] = search.withheld[system.unknown[rows.cell[hours], PARTICIPATIONS]]
    # the asymmetry would give one side of the mirror away to who knows the other
    mirror = np.array(rows.table["data_set"].to_pylist()) == "mirror"
    if mirror.any():
        names = ("freq", "time_period", "home_operator", "host_operator")
        key = np.column_stack(
            [np.array(rows.table[name].to_pylist(), str)[mirror] for name in names]
        )
        _, flow = np.unique(key, axis=0, return_inverse=True)
        touched = np.bincount(flow, weights=withheld[mirror]) > 0
        follows = rows.indicator[mirror] == -2
        withheld[np.flatnonzero(mirror)[follows]] = touched[flow][follows]
    withheld |= rows.is_small
    primary = withheld & rows.is_small
    primary[unknown >= 0] |= withheld[unknown >= 0] & search.is_small[unknown[unknown >= 0]]
    reason = np.where(primary, "A", "D")[withheld]
    table = rows.table.filter(pa.array(withheld)).append_column("reason", pa.array(reason))
    return Pattern(table, int(primary.sum()), int((withheld & ~primary).sum()), search.worlds)


class _Search:
    """What is withheld so far, and how far each unknown was seen to move."""

    def __init__(
        self,
        system: System,
        is_small: BoolArray,
        withheld: BoolArray,
        is_fixed: BoolArray,
        threshold: int,
    ) -> None:
        self.system = system
        self.is_small = is_small
        self.withheld = withheld.copy()
        self.is_fixed = is_fixed | (system.value == 0)
        self.threshold = threshold
        self.highest = np.zeros(len(is_small))
        self.lowest = np.zeros(len(is_small))
        self.worlds = 0
        self.slack = np.maximum(-row_sums(system, system.value.astype(np.float64)), 0)
        self.solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self.solver.silent()
        self.solver.setOptionValue("threads", 1)

    def is_open(self) -> BoolArray:
        """Small counts that are not yet seen to be protected."""
        return self.is_small & (self.highest - self.lowest < self.threshold)

    def run(self, progress: Callable[[str], None]) -> None:
        """Find worlds until every small count is protected. Raises UnprotectableError."""
        value = self.system.value
        todo = self.is_open().sum()
        # the scarcest room first: what protects a count of one often protects the others
        for target in np.lexsort((np.arange(len(value)), value)):
            if not self.is_open()[target]:
                continue
            if self.worlds % 100 == 0:
                progress(f"Protecting small counts: {self.is_open().sum()} of {todo} to go")
            if not any(self._open_up(int(target), cap) for cap in CAPS):
                raise UnprotectableError(
                    "A small count can't be protected: too few figures around it could be "
                    "withheld. Publish fewer details of that period."
                )

    def _open_up(self, target: int, cap: float) -> bool:
        """Move the target as far as it must, changing published figures up to the cap only."""
        value = self.system.value
        block = self.system.block == self.system.block[target]
        free = block & ~self.is_fixed & (self.withheld | (value <= cap))
        for sign in (1, -1):
            room = self.threshold + self.lowest[target] if sign > 0 else value[target] - 1.0
            seen = self.highest[target] if sign > 0 else -self.lowest[target]
            if self.highest[target] - self.lowest[target] >= self.threshold or room <= seen:
                continue
            unknowns, step = self._world(np.flatnonzero(free), target, sign, room)
            moved = np.abs(step) > TOLERANCE
            self.worlds += 1
            reached = step[np.searchsorted(unknowns, target)] * sign
            enough = reached >= room - TOLERANCE
            if not (enough or (reached >= 1 and cap == CAPS[-1])):
                continue
            self.withheld[unknowns[moved]] = True
            self.highest[unknowns] = np.maximum(self.highest[unknowns], np.floor(step + TOLERANCE))
            self.lowest[unknowns] = np.minimum(self.lowest[unknowns], np.ceil(step - TOLERANCE))
        return not self.is_open()[target]

    def _world(
        self, unknowns: IntArray, target: int, sign: int, room: float
    ) -> tuple[IntArray, FloatArray]:
        """The cheapest world, as steps of the unknowns, in which the target moves."""
        system = self.system
        number = np.full(len(system.value), -1)
        number[unknowns] = np.arange(len(unknowns))
        inside = number[system.entry] >= 0
        numbers, row = np.unique(system.row[inside], return_inverse=True)
        column, coefficient = number[system.entry[inside]], system.coefficient[inside]
        size = len(unknowns)
        value = system.value[unknowns].astype(np.float64)
        withheld = self.withheld[unknowns]
        reach = float(REACH * self.threshold)
        # each step is a rise less a fall, so that both cost; withheld figures cost next to nothing
        price = np.where(withheld, 0.01, 1 + np.log2(value))
        # other small counts may as well rise, where that withholds nothing more
        is_open = self.is_open()[unknowns]
        rise_cost = np.where(is_open, -0.1, price)
        fall_cost = price.copy()
        rise_limit, fall_limit = np.full(size, reach), np.minimum(value - 1, reach)
        place = int(number[target])
        (rise_cost if sign > 0 else fall_cost)[place] = -REWARD
        (rise_limit if sign > 0 else fall_limit)[place] = room
        (fall_limit if sign > 0 else rise_limit)[place] = 0.0
        order = np.argsort(row, kind="stable")
        start = np.searchsorted(row[order], np.arange(len(numbers) + 1))
        is_equality = system.is_equality[numbers]
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = 2 * size, len(numbers)
        program.col_cost_ = np.concatenate([rise_cost, fall_cost])
        program.col_lower_ = np.zeros(2 * size)
        program.col_upper_ = np.concatenate([rise_limit, fall_limit])
        program.row_lower_ = np.where(is_equality, 0.0, -highspy.kHighsInf)
        program.row_upper_ = np.where(is_equality, 0.0, self.slack[numbers])
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = 2 * start
        program.a_matrix_.index_ = np.column_stack([column[order], column[order] + size]).ravel()
        program.a_matrix_.value_ = np.column_stack(
            [coefficient[order], -coefficient[order]]
        ).ravel()
        self.solver.passModel(program)
        self.solver.run()
        solution = np.array(self.solver.getSolution().col_value)
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return unknowns, np.zeros(size)
        return unknowns, solution[:size] - solution[size:]
