"""Secondary suppression by linear programming: withhold what protects the small counts.

A *world* is other figures that agree with everything a reader knows. Linear programs find cheap
worlds in which small counts are higher by the threshold, and every published figure that differs in
one is withheld from then on. Any world found stays one when more is withheld, so together the
worlds prove how far each small count is protected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import highspy
import numpy as np
import pyarrow as pa
from scipy import sparse

from synerstat.disclosure.system import (
    PARTICIPATIONS,
    System,
    build_system,
    cell_codes,
    quarter_name,
    quarter_number,
    row_sums,
)
from synerstat.disclosure.tables import (
    COUNTS,
    DATA_SET_DIMENSIONS,
    DIMENSIONS,
    BoolArray,
    FloatArray,
    IntArray,
    Rows,
    read_earlier,
    read_rows,
)
from synerstat.disclosure.worlds import (
    REACH,
    Knowledge,
    State,
    World,
    linear_program,
    search,
    solved,
    world_of,
)
from synerstat.errors import PublicationWithheldError

# What a figure costs to withhold, by the number of dimensions that it is broken down by, times a
# little more the larger it is. Most readers come for the totals; the finest are mostly small.
LEVEL_PRICES = np.array([1e6, 1e5, 3e3, 30.0, 1.0])
MIRROR_LEVEL = 2

# The value of a person's step for a small count in a program of its own: above all prices.
REWARD = 1e9


class UnprotectableError(PublicationWithheldError):
    """Some small counts stay bounded too closely, whatever else is withheld."""


@dataclass(frozen=True)
class Pattern:
    """What is withheld.

    `withheld` has one row per withheld row of a data set: `data_set`, the dimensions (null where
    the data set has none), `indicator` and `reason`: A for a small count and what rests on it, D
    for figures that protect others. The reason is for inside: published, it would tell the small
    ones. `primary` and `secondary` are the counts of these rows.

    `worlds` proves it, for the audit: `world`, `cell` (its place in `Rows.cells` of the same
    figures), `indicator` (its place in `COUNTS`) and `step`. It tells the small counts, too.
    """

    withheld: pa.Table
    primary: int
    secondary: int
    worlds: pa.Table


def protect(
    figures: Mapping[str, pa.Table],
    *,
    threshold: int,
    home_areas: Mapping[str, str],
    earlier: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Pattern:
    """Choose the figures to withhold, so that each small count keeps an interval `threshold` wide.

    `figures` has one table per data set: its dimensions, `indicator`, `figure` and `is_small`;
    `home_areas` the area of each operator.
    `earlier` are folders of published vintages: what they withheld stays withheld, and what they
    showed unchanged protects nothing. Raises InconsistentFiguresError where the figures break the
    counting rules, UnprotectableError where a small count can't be protected. The same figures give
    the same pattern.
    """
    rows = read_rows(figures, home_areas)
    system = build_system(rows)
    counted = rows.indicator >= 0
    unknown = np.full(len(rows.cell), -1, dtype=np.int64)
    unknown[counted] = system.unknown[rows.cell[counted], rows.indicator[counted]]
    state = _state(rows, system, unknown, earlier, threshold)
    slack = np.maximum(-row_sums(system, system.value.astype(np.float64)), 0)
    knowledge = Knowledge(rows, system, slack)
    worlds: list[World] = []
    todo = int(state.is_open().sum())
    # quarters first: much of a year is protected by what protects its quarters
    order = sorted(
        range(len(knowledge.names)),
        key=lambda place: (knowledge.names[place][2:6], knowledge.names[place][0] == "A", place),
    )
    for period in order:
        progress(
            f"Protecting small counts, {knowledge.names[period][2:]}: "
            f"{int(state.is_open().sum()):,} of {todo:,} to go"
        )
        worlds += search(knowledge, state, period)
    worlds += _one_by_one(knowledge, state)
    return _pattern(rows, system, state, unknown, worlds)


def _state(
    rows: Rows, system: System, unknown: IntArray, earlier: Sequence[Path], threshold: int
) -> State:
    """Before the search: the small counts are withheld, and what earlier vintages withheld."""
    count = len(system.value)
    is_small, is_known, stays = (np.zeros(count, dtype=bool) for _ in range(3))
    counted = rows.indicator >= 0
    is_small[unknown[counted & rows.is_small]] = True
    for vintage in earlier:
        shown, was_withheld = read_earlier(vintage, rows)
        stays[unknown[counted & was_withheld]] = True
        is_known[unknown[counted & (shown == rows.figure)]] = True
    stays &= system.value > 0
    is_fixed = (is_known & ~is_small) | (system.value == 0)
    price = _prices(rows, system, unknown)
    return State(is_small, is_small | stays, is_fixed, price, threshold, np.zeros(count))


def _prices(rows: Rows, system: System, unknown: IntArray) -> FloatArray:
    """The price of withholding each unknown: that of the least detailed cell that it stands in."""
    finest = len(LEVEL_PRICES) - 1
    level = np.full(len(system.value), finest + 1)
    codes = cell_codes(rows)
    data_set = np.array(rows.table["data_set"].to_pylist())
    for name, dimensions in DATA_SET_DIMENSIONS.items():
        chosen = (data_set == name) & (unknown >= 0)
        columns = [DIMENSIONS.index(dimension) for dimension in dimensions if name != "mirror"]
        own = (codes[rows.cell[chosen]][:, columns] > 0).sum(axis=1)
        np.minimum.at(level, unknown[chosen], own if name != "mirror" else MIRROR_LEVEL)
    size = 1 + np.log2(np.maximum(system.value, 1))
    price: FloatArray = LEVEL_PRICES[np.minimum(level, finest)] * size
    return price


def _one_by_one(knowledge: Knowledge, state: State) -> list[World]:
    """Worlds of figures, not of persons, for the few small counts that are left.

    Raises UnprotectableError where there is none.
    """
    found: list[World] = []
    targets = np.flatnonzero(state.is_open())
    if not len(targets):
        return found
    system = knowledge.system
    parts = _connected(knowledge, ~state.is_fixed)
    of = knowledge.period_of
    for target in targets:
        if not state.is_open()[target]:
            continue
        inside = parts == parts[target]
        near = inside & np.isin(of, _beside(knowledge.names, int(of[target])))
        year = inside & (system.block == system.block[target])
        # smaller programs first: the periods beside it, and what is withheld already
        tries = (
            near & state.withheld,
            near,
            year & state.withheld,
            inside & state.withheld,
            inside,
        )
        world = None
        for tried in tries:
            world = world or _around(knowledge, state, int(target), np.flatnonzero(tried))
        if world is None:
            raise UnprotectableError(
                "A small count can't be protected: too few figures around it could be withheld. "
                "Publish fewer details of that period."
            )
        state.take(world)
        found.append(world)
    return found


def _beside(names: list[str], period: int) -> list[int]:
    """The places of a quarter, its neighbours and its year; of a year, its last quarter too."""
    year = int(names[period][2:6])
    if names[period].startswith("A"):
        quarters = range(year * 4 + 3, year * 4 + 5)
    else:
        now = quarter_number(names[period])
        quarters = range(now - 1, now + 2)
    wanted = {f"A {year}", *map(quarter_name, quarters)}
    return [place for place, name in enumerate(names) if name in wanted]


def _connected(knowledge: Knowledge, free: BoolArray) -> IntArray:
    """Which unknowns hang together by rows, where only the free ones may change."""
    number = np.flatnonzero(free)
    rows = knowledge.rows[:, number]
    # a row joins its unknowns to the first of them
    full = np.flatnonzero(np.diff(rows.indptr) > 0)
    rows = rows[full]
    first = np.repeat(rows.indices[rows.indptr[:-1]], np.diff(rows.indptr))
    links = sparse.csr_array(
        (np.ones(len(first)), (first, rows.indices)), shape=(len(number), len(number))
    )
    _, part = sparse.csgraph.connected_components(links, directed=False)
    label = np.full(len(free), -1, dtype=np.int64)
    label[number] = part
    return label


def _around(knowledge: Knowledge, state: State, target: int, unknowns: IntArray) -> World | None:
    """The cheapest world in which the target rises by the threshold, by one program of figures."""
    system = knowledge.system
    size = len(unknowns)
    rows = knowledge.rows[:, unknowns]
    kept = np.flatnonzero(np.diff(rows.indptr) > 0)
    equality, slack = system.is_equality[kept], knowledge.slack[kept]
    value = system.value[unknowns].astype(np.float64)
    # withheld figures cost next to nothing
    price = np.where(state.withheld[unknowns], 1e-3, state.price[unknowns])
    place = int(np.searchsorted(unknowns, target))
    rise_cost = price.copy()
    rise_cost[place] = -REWARD
    reach = float(REACH * state.threshold)
    rise, fall = np.full(size, reach), np.minimum(value - 1, reach)
    rise[place], fall[place] = state.threshold, 0.0
    steps = solved(
        linear_program(
            rows[kept],
            np.where(equality, 0.0, -highspy.kHighsInf),
            np.where(equality, 0.0, slack),
            np.concatenate([rise_cost, price]),
            np.concatenate([rise, fall]),
        )
    )
    if steps is None:
        return None
    world = world_of(unknowns, steps)
    return world if state.gain(world) and knowledge.holds(world) else None


def _pattern(
    rows: Rows, system: System, state: State, unknown: IntArray, worlds: Sequence[World]
) -> Pattern:
    """The rows of the data sets that the withheld unknowns stand in."""
    withheld = (unknown >= 0) & state.withheld[unknown]
    # hours show the pattern of the participations that they rest on
    hours = rows.indicator == -1
    withheld[hours] = state.withheld[system.unknown[rows.cell[hours], PARTICIPATIONS]]
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
    primary[unknown >= 0] |= withheld[unknown >= 0] & state.is_small[unknown[unknown >= 0]]
    reason = np.where(primary, "A", "D")[withheld]
    table = rows.table.filter(pa.array(withheld)).append_column("reason", pa.array(reason))
    return Pattern(
        table, int(primary.sum()), int((withheld & ~primary).sum()), _proof(system, worlds)
    )


def _proof(system: System, worlds: Sequence[World]) -> pa.Table:
    """The worlds by cell and indicator; an unknown may stand for several cells."""
    flat = system.unknown.ravel()
    order = np.argsort(flat, kind="stable")
    start = np.searchsorted(flat[order], np.arange(len(system.value) + 1))
    unknowns = np.concatenate([world.unknowns for world in worlds] or [np.zeros(0, np.int64)])
    steps = np.concatenate([world.steps for world in worlds] or [np.zeros(0)])
    world_of = np.repeat(np.arange(len(worlds)), [len(world.unknowns) for world in worlds])
    count = start[unknowns + 1] - start[unknowns]
    offset = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    figure = order[np.repeat(start[unknowns], count) + offset]
    return pa.table(
        {
            "world": np.repeat(world_of, count),
            "cell": figure // len(COUNTS),
            "indicator": figure % len(COUNTS),
            "step": np.repeat(steps, count),
        }
    )
