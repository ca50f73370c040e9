"""Worlds of whole persons: linear programs that say where persons may be more, and where fewer.

Each program is about one period and one move (`synerstat.disclosure.stays`). Its unknowns are the
cells: so many persons more or fewer with that move. Cells add up over every dimension, because each
of these persons has one participation, so the program holds a tenth of what a reader knows and is
solved in hundredths of a second; the rest is true of whole persons anyway, and is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import highspy
import numpy as np
from scipy import sparse

from synerstat.disclosure.stays import Move, Stays
from synerstat.disclosure.system import (
    AT_MOST,
    LEAVERS,
    PARTICIPATIONS,
    PRESENT,
    STOCK,
    System,
    cell_codes,
    cell_periods,
    positions_over_time,
)
from synerstat.disclosure.tables import (
    COUNTS,
    PERSON_ATTRIBUTES,
    BoolArray,
    FloatArray,
    IntArray,
    Rows,
)

# A figure counts as moved beyond this; HiGHS is exact to 1e-7.
TOLERANCE = 1e-6

# No cell moves by more than so many times the threshold: small worlds are enough.
REACH = 4

# What a person's step for a small count is worth, against the prices of withholding others: what
# costs little is found before more is spent.
REWARDS = (3e4, 3e5, 3e6, 3e8)

# The share of the open targets that a program is asked for, and how often it is asked in vain: once
# where a higher reward follows.
SHARE = 0.5
TRIES = 3


@dataclass(frozen=True)
class World:
    """Steps of some unknowns: other figures that a reader can't tell from the true ones."""

    unknowns: IntArray
    steps: FloatArray


@dataclass
class State:
    """What is withheld so far, and how far each unknown was seen to rise.

    `is_fixed`: may not change, because a reader has the figure. `price`: of withholding a figure.
    """

    is_small: BoolArray
    withheld: BoolArray
    is_fixed: BoolArray
    price: FloatArray
    threshold: int
    highest: FloatArray

    def is_open(self, unknowns: IntArray | slice = slice(None)) -> BoolArray:
        """Small counts that are not yet seen to be protected."""
        return self.is_small[unknowns] & (self.highest[unknowns] < self.threshold)

    def gain(self, world: World) -> int:
        """How many open small counts it protects."""
        enough = np.floor(world.steps + TOLERANCE) >= self.threshold
        return int((self.is_open(world.unknowns) & enough).sum())

    def take(self, world: World) -> None:
        """Withhold what differs in a world, and note how far it protects."""
        self.withheld[world.unknowns] = True
        seen = np.floor(world.steps + TOLERANCE)
        self.highest[world.unknowns] = np.maximum(self.highest[world.unknowns], seen)


class Knowledge:
    """The system by unknowns, to judge a world by, and the cells of each period.

    `period_of` has the place of each unknown's period among `names`.
    """

    def __init__(self, rows: Rows, system: System, slack: FloatArray) -> None:
        self.system = system
        self.slack = slack
        shape = (system.row_count, len(system.value))
        self.rows = sparse.csr_array((system.coefficient, (system.row, system.entry)), shape=shape)
        self.columns = self.rows.tocsc()
        self.names, self.period = cell_periods(rows)
        self.codes = cell_codes(rows)
        self.place, self.grid = positions_over_time(self.codes, self.period, len(self.names))
        self.is_total = (self.codes[:, : len(PERSON_ATTRIBUTES)] == 0).all(axis=1)
        # rows that say how participations of one period add up, and nothing else
        indicator = np.full(len(system.value), -1)
        self.period_of = np.full(len(system.value), -1)
        for number in range(len(COUNTS)):
            there = system.unknown[:, number] >= 0
            indicator[system.unknown[there, number]] = number
            self.period_of[system.unknown[there, number]] = self.period[there]
        other = indicator[system.entry] != PARTICIPATIONS
        impure = np.bincount(system.row, weights=other, minlength=system.row_count) > 0
        entry_period = self.period_of[system.entry]
        low = np.full(system.row_count, len(self.names))
        high = np.full(system.row_count, -1)
        np.minimum.at(low, system.row, entry_period)
        np.maximum.at(high, system.row, entry_period)
        self._sums_of = np.where(system.is_equality & ~impure & (low == high), low, -1)

    def cells(self, period: int) -> IntArray:
        """The cells with participants in a period, those of the data sets that count them."""
        unknown = self.system.unknown[:, PARTICIPATIONS]
        there = (self.period == period) & (unknown >= 0)
        there &= self.system.value[np.maximum(unknown, 0)] > 0
        return np.flatnonzero(there)

    def sums(self, period: int) -> sparse.csr_array:
        """The rows that say how the participations of a period add up."""
        return self.rows[np.flatnonzero(self._sums_of == period)]

    def holds(self, world: World) -> bool:
        """Whether a reader can't exclude it: all rows hold, and no figure is below 1."""
        if (self.system.value[world.unknowns] + world.steps < 1 - TOLERANCE).any():
            return False
        columns = self.columns[:, world.unknowns]
        parts = columns.data * np.repeat(world.steps, np.diff(columns.indptr))
        # of many rows few are touched, and only these are looked at
        row = columns.indices
        change = np.bincount(row, weights=parts, minlength=self.system.row_count)[row]
        equality = self.system.is_equality[row]
        broken = np.where(
            equality, np.abs(change) > TOLERANCE, change > self.slack[row] + TOLERANCE
        )
        return not broken.any()


def linear_program(
    matrix: sparse.csr_array,
    least: FloatArray | float,
    most: FloatArray | float,
    cost: FloatArray,
    upper: FloatArray,
) -> highspy.Highs:
    """A program over steps, each a rise less a fall, so that both cost.

    `matrix` has a column per step, and its rows lie between `least` and `most`; `cost` and `upper`
    are of all rises and then of all falls, which are at least 0.
    """
    both = sparse.hstack([matrix, -matrix]).tocsr()
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = both.shape
    program.col_cost_ = cost
    program.col_lower_ = np.zeros(both.shape[1])
    program.col_upper_ = upper
    program.row_lower_ = np.broadcast_to(least, both.shape[0])
    program.row_upper_ = np.broadcast_to(most, both.shape[0])
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = both.indptr
    program.a_matrix_.index_ = both.indices
    program.a_matrix_.value_ = both.data
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("threads", 1)
    solver.passModel(program)
    return solver


def solved(solver: highspy.Highs) -> FloatArray | None:
    """The best steps; None where there are none."""
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    rise, fall = np.split(np.array(solver.getSolution().col_value), 2)
    steps: FloatArray = rise - fall
    return steps


def world_of(unknowns: IntArray, steps: FloatArray) -> World:
    """The world of the unknowns that move."""
    moved = np.abs(steps) > TOLERANCE
    return World(unknowns[moved], steps[moved])


class _Program:
    """The program of one period and one move."""

    def __init__(
        self,
        knowledge: Knowledge,
        state: State,
        searched: int,
        move: Move,
        cells: IntArray,
        columns: IntArray,
        sums: sparse.csr_array,
    ) -> None:
        self.state = state
        system = knowledge.system
        reach = float(REACH * state.threshold)
        rise, fall = (np.full(len(cells), reach) for _ in range(2))
        able = np.ones(len(cells), dtype=bool)
        touched: list[IntArray] = []
        change: dict[int, IntArray] = {}
        for (period, indicator), times in move:
            beside = knowledge.grid[knowledge.place[cells], period]
            unknown = np.where(beside >= 0, system.unknown[beside, indicator], -1)
            value = np.where(unknown >= 0, system.value[unknown], 0)
            # a zero is shown; what a reader has seen can't be otherwise
            able &= (value > 0) & ~state.is_fixed[unknown]
            room = fall if times > 0 else rise
            np.minimum(room, np.maximum(value - 1, 0), out=room)
            touched.append(unknown)
            change.setdefault(period, np.zeros(len(COUNTS), dtype=np.int64))[indicator] = times
        for period, steps in change.items():
            beside = knowledge.grid[knowledge.place[cells], period]
            unknown = np.where((beside >= 0)[:, None], system.unknown[beside], -1)
            value = np.where(unknown >= 0, system.value[unknown], 0)
            pairs = [(steps[a] - steps[b], value[:, b] - value[:, a]) for a, b in AT_MOST]
            # who is present leaves or stays to the end
            outside = steps[PRESENT] - steps[LEAVERS] - steps[STOCK]
            pairs.append((outside, value[:, LEAVERS] + value[:, STOCK] - value[:, PRESENT]))
            for excess, slack in pairs:
                if excess > 0:
                    np.minimum(rise, np.maximum(slack / excess, 0), out=rise)
                elif excess < 0:
                    np.minimum(fall, np.maximum(slack / -excess, 0), out=fall)
        rise[~able] = fall[~able] = 0
        # cells that are one figure, such as a total with one category, are one column
        count = int(columns.max(initial=-1)) + 1
        self.rise, self.fall = (np.full(count, reach) for _ in range(2))
        np.minimum.at(self.rise, columns, rise)
        np.minimum.at(self.fall, columns, fall)
        kept = np.flatnonzero((self.rise > 0) | (self.fall > 0))
        number = np.full(count, -1)
        number[kept] = np.arange(len(kept))
        self.rise, self.fall = self.rise[kept], self.fall[kept]
        self.size = len(kept)
        # the figures that change: unknown, column and direction, once each
        inside = number[columns] >= 0
        unknowns = [unknown[inside] for unknown in touched]
        key, first = np.unique(np.concatenate(unknowns), return_index=True)
        self.unknowns = key
        self.column = np.tile(number[columns[inside]], len(move))[first]
        signs = np.repeat([times for _, times in move], int(inside.sum()))
        self.times = signs[first].astype(np.float64)
        self._sums, self._kept = sums, kept
        self._own = np.flatnonzero((self.times > 0) & (knowledge.period_of[key] == searched))
        self.indices = np.arange(2 * self.size, dtype=np.int32)

    @cached_property
    def solver(self) -> highspy.Highs:
        """Made when it is needed: many programs have no target that they could protect."""
        matrix = self._sums[:, self._kept]
        matrix = matrix[np.flatnonzero(np.diff(matrix.indptr))]
        return linear_program(
            matrix, 0.0, 0.0, np.zeros(2 * self.size), np.concatenate([self.rise, self.fall])
        )

    def has_own_targets(self) -> bool:
        """Whether small counts are open that it could protect and that are of its period."""
        return bool(self.state.is_open(self.unknowns[self._own]).any())

    def targets(self) -> FloatArray:
        """How many open small counts each column would protect."""
        rising = self.times > 0
        is_open = self.state.is_open(self.unknowns[rising])
        found: FloatArray = np.bincount(
            self.column[rising], weights=is_open, minlength=self.size
        ).astype(np.float64)
        found[self.rise < self.state.threshold] = 0
        return found

    def solve(self, chosen: BoolArray, is_target: BoolArray, reward: float) -> World | None:
        """The cheapest world in which the chosen columns rise, at so much reward a person each."""
        shown = ~self.state.withheld[self.unknowns]
        price = np.bincount(
            self.column,
            weights=np.where(shown, self.state.price[self.unknowns], 0.0),
            minlength=self.size,
        )
        fall_cost = price + 1e-3
        rise_cost = np.where(chosen, price - reward, fall_cost)
        rise = np.where(is_target, np.minimum(self.rise, self.state.threshold), self.rise)
        fall = np.where(chosen, 0.0, self.fall)
        cost = np.concatenate([rise_cost, fall_cost])
        self.solver.changeColsCost(len(cost), self.indices, cost)
        upper = np.concatenate([rise, fall])
        self.solver.changeColsBounds(len(cost), self.indices, np.zeros(len(cost)), upper)
        steps = solved(self.solver)
        return None if steps is None else world_of(self.unknowns, steps[self.column] * self.times)


def search(knowledge: Knowledge, state: State, period: int) -> Iterator[World]:
    """Worlds until the period's small counts are protected, or no program protects more.

    What protects cheaply comes first: each reward is tried for all moves before the next. The
    worlds are taken into `state` as they are found. The same figures give the same worlds.
    """
    random = np.random.default_rng(0)
    # few leave on a last day: their moves are for what the others leave
    for on_last_day, rewards in ((False, REWARDS), (True, REWARDS[-1:])):
        programs: list[_Program] = []
        for reward in rewards:
            if not state.is_open()[knowledge.period_of == period].any():
                return
            programs = programs or _programs(knowledge, state, period, on_last_day)
            yield from _rounds(knowledge, state, programs, reward, random)


def _programs(knowledge: Knowledge, state: State, period: int, on_last_day: bool) -> list[_Program]:
    """The programs of a period: of stays that end on a last day, or of the others."""
    cells = knowledge.cells(period)
    unknown, column = np.unique(
        knowledge.system.unknown[cells, PARTICIPATIONS], return_inverse=True
    )
    sums = knowledge.sums(period)[:, unknown].tocsr()
    # a column is free of other periods where all its cells are broken down by person
    bound = np.zeros(len(unknown), dtype=bool)
    bound[column[knowledge.is_total[cells]]] = True
    number = np.cumsum(~bound) - 1
    free = ~bound[column]
    is_open = state.is_open()
    open_here = {
        (period, indicator)
        for indicator in range(len(COUNTS))
        if is_open[(beside := knowledge.system.unknown[cells, indicator])[beside >= 0]].any()
    }

    def is_of_use(move: Move) -> bool:
        return any(times > 0 and place in open_here for place, times in move)

    stays = Stays(knowledge.names)
    programs = [
        _Program(knowledge, state, period, move, cells[free], number[column[free]], sums[:, ~bound])
        for move in filter(is_of_use, stays.within(period, on_last_day=on_last_day))
    ]
    programs += [
        _Program(knowledge, state, period, move, cells, column, sums)
        for far in (False, True)
        for move in filter(is_of_use, stays.over_time(period, far=far, on_last_day=on_last_day))
    ]
    return [program for program in programs if program.size]


def _rounds(
    knowledge: Knowledge,
    state: State,
    programs: list[_Program],
    reward: float,
    random: np.random.Generator,
) -> Iterator[World]:
    """Programs with the most open targets first, until a round over all of them gains nothing."""
    failures = np.zeros(len(programs), dtype=int)
    tries = TRIES if reward == REWARDS[-1] else 1
    gained = True
    while gained:
        gained = False
        count = [
            (program.targets().sum(), -place)
            for place, program in enumerate(programs)
            if program.has_own_targets()
        ]
        for targets, negative in sorted(count, reverse=True):
            if not targets:
                continue
            program = programs[-negative]
            # others have their turn with the period that they would protect
            if not program.has_own_targets():
                continue
            is_target = program.targets() > 0
            # there is little to draw from few targets
            if failures[-negative] >= min(tries, int(is_target.sum())):
                continue
            # not all at once, because they compete for the same room
            chosen = is_target & (random.random(program.size) < SHARE)
            if not chosen.any():
                chosen = is_target & (np.cumsum(is_target) == 1 + random.integers(is_target.sum()))
            world = program.solve(chosen, is_target, reward)
            if world is not None and state.gain(world) and knowledge.holds(world):
                state.take(world)
                failures[-negative] = 0
                gained = True
                yield world
            else:
                failures[-negative] += 1
