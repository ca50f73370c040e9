"""Secondary suppression by linear programming: withhold what protects the small counts.

A *world* is other figures that agree with everything a reader knows. Linear programs find cheap
worlds in which small counts are higher by the threshold, and every published figure that differs in
one is withheld from then on. Any world found stays one when more is withheld, so together the
worlds prove how far each small count is protected.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    cell_names,
    find_cells,
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

# The steps of the solver after which a program over figures is given up, where another rule follows
# (some seconds) and where a larger program does (a minute). Not seconds: the same figures give the
# same pattern on every machine.
MOST_STEPS, MANY_STEPS = 1_000, 20_000

# So many figures that hang together are few.
FEW = 1_000


class UnprotectableError(PublicationWithheldError):
    """Some small counts stay bounded too closely, whatever else is withheld."""


@dataclass(frozen=True)
class Pattern:
    """What is withheld.

    `withheld` has one row per withheld row of a data set: `data_set`, the dimensions (null where
    the data set has none), `indicator` and `reason`: A for a small count and what rests on it, D
    for figures that protect others. The reason is for inside: published, it would tell the small
    ones. `primary` and `secondary` are the counts of these rows.

    `worlds` proves it, for the audit and for the next vintage: `world`, `cell` (its name),
    `indicator` (its place in `COUNTS`) and `step`. It tells the small counts, too.
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
    worlds_before: pa.Table | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Pattern:
    """Choose the figures to withhold, so that each small count keeps an interval `threshold` wide.

    `figures` has one table per data set: its dimensions, `indicator`, `figure` and `is_small`;
    `home_areas` the area of each operator.
    `earlier` are folders of published vintages: what they withheld stays withheld, and what they
    showed unchanged protects nothing; where that leaves a small count open, a reader is assumed who
    can't tell which figures of a revised period were revised. `worlds_before` are the worlds of one
    of these vintages (`Pattern.worlds`): those that still hold aren't looked for again.

    Raises InconsistentFiguresError where the figures break the counting rules, UnprotectableError
    where a small count can't be protected. The same arguments give the same pattern.
    """
    rows = read_rows(figures, home_areas)
    system = build_system(rows)
    counted = rows.indicator >= 0
    unknown = np.full(len(rows.cell), -1, dtype=np.int64)
    unknown[counted] = system.unknown[rows.cell[counted], rows.indicator[counted]]
    state, is_certain = _state(rows, system, unknown, earlier, threshold)
    slack = np.maximum(-row_sums(system, system.value.astype(np.float64)), 0)
    knowledge = Knowledge(rows, system, slack)
    worlds: list[World] = []
    if worlds_before is not None:
        worlds += _still_holding(knowledge, state, rows, worlds_before)
    worlds += _search(knowledge, state, progress)
    worlds += _together(knowledge, state)
    if earlier and state.is_open().any():
        # what protects against who knows more is there already; the rest is for who knows less
        state = dataclasses.replace(state, is_fixed=is_certain)
        worlds += _search(knowledge, state, progress)
        worlds += _together(knowledge, state)
    worlds += _one_by_one(knowledge, state, rows, unknown)
    return _pattern(rows, system, state, unknown, worlds)


def _search(knowledge: Knowledge, state: State, progress: Callable[[str], None]) -> list[World]:
    """Worlds of whole persons, period by period where small counts are open.

    The earlier and the later years are searched side by side, neither knowing what the other finds:
    a world is one whatever is withheld, and the same figures give the same worlds on every machine.
    """
    names = knowledge.names
    # quarters first: much of a year is protected by what protects its quarters
    order = sorted(
        range(len(names)), key=lambda place: (names[place][2:6], names[place][0] == "A", place)
    )
    is_open = np.isin(order, knowledge.period_of[state.is_open()])
    order = [period for period, there in zip(order, is_open, strict=True) if there]
    years = sorted({names[period][2:6] for period in order})
    halves = [
        [period for period in order if names[period][2:6] in half]
        for half in (years[: len(years) // 2], years[len(years) // 2 :])
    ]

    def search_half(half: list[int]) -> list[World]:
        own = dataclasses.replace(
            state, withheld=state.withheld.copy(), highest=state.highest.copy()
        )
        found: list[World] = []
        for period in half:
            todo = int((own.is_open() & (knowledge.period_of == period)).sum())
            if todo:
                progress(f"Protecting small counts, {names[period][2:]}: {todo:,} to go")
                found += search(knowledge, own, period)
        return found

    with ThreadPoolExecutor(len(halves)) as threads:
        both = list(threads.map(search_half, halves))
    found = []
    for world in itertools.chain.from_iterable(both):
        # what one half protects may be protected by the other already
        if state.gain(world):
            state.take(world)
            found.append(world)
    return found


def _still_holding(
    knowledge: Knowledge, state: State, rows: Rows, worlds_before: pa.Table
) -> list[World]:
    """Worlds found for another vintage that no reader can exclude now either, and that are of use.

    Worlds about cells or figures that are no more are left out.
    """
    system = knowledge.system
    cell = find_cells(worlds_before["cell"], rows)
    world, indicator, step = (
        worlds_before[name].to_numpy() for name in ("world", "indicator", "step")
    )
    unknown = np.where(cell >= 0, system.unknown[cell, indicator], -1)
    start = np.searchsorted(world, np.arange(int(world.max(initial=-1)) + 2))
    found = []
    for first, last in itertools.pairwise(start):
        # a cell that is the same as another stands there twice
        unknowns, place = np.unique(unknown[first:last], return_index=True)
        if not len(unknowns) or unknowns[0] < 0 or state.is_fixed[unknowns].any():
            continue
        candidate = World(unknowns, step[first:last][place])
        if state.gain(candidate) and knowledge.holds(candidate):
            state.take(candidate)
            found.append(candidate)
    return found


def _state(
    rows: Rows, system: System, unknown: IntArray, earlier: Sequence[Path], threshold: int
) -> tuple[State, BoolArray]:
    """Before the search: the small counts are withheld, and what earlier vintages withheld.

    The second says what may not change before a reader who can't tell what was revised.
    """
    count = len(system.value)
    is_small, is_known, is_certain, stays = (np.zeros(count, dtype=bool) for _ in range(4))
    counted = rows.indicator >= 0
    is_small[unknown[counted & rows.is_small]] = True
    for vintage in earlier:
        told = read_earlier(vintage, rows, rows.figure)
        stays[unknown[counted & told.was_withheld]] = True
        same = counted & (told.figure >= 0) & (told.figure == rows.figure)
        is_known[unknown[same]] = True
        is_certain[unknown[same & ~told.in_revised]] = True
    stays &= system.value > 0
    is_zero = system.value == 0
    price = _prices(rows, system, unknown)
    seen = np.zeros(count)
    state = State(is_small, is_small | stays, is_known | is_zero, price, threshold, seen)
    return state, is_certain | is_zero


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


def _together(knowledge: Knowledge, state: State) -> list[World]:
    """Worlds of figures, not of persons, for all small counts that are left of a period at once.

    Only what is quick: the figures of the period that are withheld, and figures of which few hang
    together.
    """
    found: list[World] = []
    of = knowledge.period_of
    parts = _connected(knowledge, ~state.is_fixed)
    few = (np.bincount(parts[parts >= 0]) <= FEW)[parts] & (parts >= 0)
    for period in np.unique(of[state.is_open()]):
        for free in (state.withheld & (of == period), few):
            while True:
                targets = np.flatnonzero(state.is_open() & (of == period) & free & (parts >= 0))
                unknowns = np.flatnonzero(free & np.isin(parts, parts[targets]))
                world = _around(knowledge, state, targets, unknowns, MOST_STEPS)
                if world is None:
                    break
                state.take(world)
                found.append(world)
    return found


def _one_by_one(knowledge: Knowledge, state: State, rows: Rows, unknown: IntArray) -> list[World]:
    """Worlds of figures for each small count that is left, whatever it takes.

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
        inside = (parts == parts[target]) & ~state.is_fixed
        near = inside & np.isin(of, _beside(knowledge.names, int(of[target])))
        akin = near & _akin(knowledge, int(target))
        year = inside & (system.block == system.block[target])
        # smaller programs first: the periods beside it, and what is withheld already
        areas = (
            akin & state.withheld,
            akin,
            near & state.withheld,
            near,
            year & state.withheld,
            inside & state.withheld,
        )
        tries: list[tuple[BoolArray, int | None]] = [(area, MANY_STEPS) for area in areas]
        tries += [(near, None), (inside, None)]
        world = None
        for area, most_steps in tries:
            if world is None and area[target]:
                world = _around(
                    knowledge, state, np.array([target]), np.flatnonzero(area), most_steps
                )
        if world is None:
            inside = np.flatnonzero(unknown == target)
            data_sets = sorted(set(rows.table["data_set"].take(inside).to_pylist()))
            raise UnprotectableError(
                f"A small count of {knowledge.names[of[target]][2:]} can't be protected (data set "
                f"{', '.join(data_sets)}): too few figures around it could be withheld."
            )
        state.take(world)
        found.append(world)
    return found


def _akin(knowledge: Knowledge, target: int) -> BoolArray:
    """The figures of cells that have the same code as the target's wherever both have one."""
    system, codes = knowledge.system, knowledge.codes
    cells = np.flatnonzero((system.unknown == target).any(axis=1))
    is_akin = np.zeros(len(codes), dtype=bool)
    for cell in cells:
        same = (codes == codes[cell]) | (codes == 0) | (codes[cell] == 0)
        is_akin |= same.all(axis=1)
    unknowns = system.unknown[is_akin]
    found = np.zeros(len(system.value), dtype=bool)
    found[unknowns[unknowns >= 0]] = True
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


def _around(
    knowledge: Knowledge,
    state: State,
    targets: IntArray,
    unknowns: IntArray,
    most_steps: int | None,
) -> World | None:
    """The cheapest world in which the targets rise by the threshold, by one program of figures.

    None where there is none that protects more, or none is found in so many steps of the solver.
    """
    if not len(targets):
        return None
    system = knowledge.system
    size = len(unknowns)
    rows = knowledge.rows[:, unknowns]
    kept = np.flatnonzero(np.diff(rows.indptr) > 0)
    equality, slack = system.is_equality[kept], knowledge.slack[kept]
    value = system.value[unknowns].astype(np.float64)
    # withheld figures cost next to nothing
    price = np.where(state.withheld[unknowns], 1e-3, state.price[unknowns])
    places = np.searchsorted(unknowns, targets)
    rise_cost = price.copy()
    rise_cost[places] = -REWARD
    reach = float(REACH * state.threshold)
    rise, fall = np.full(size, reach), np.minimum(value - 1, reach)
    rise[places], fall[places] = state.threshold, 0.0
    solver = linear_program(
        rows[kept],
        np.where(equality, 0.0, -highspy.kHighsInf),
        np.where(equality, 0.0, slack),
        np.concatenate([rise_cost, price]),
        np.concatenate([rise, fall]),
    )
    if most_steps is not None:
        solver.setOptionValue("simplex_iteration_limit", most_steps)
    steps = solved(solver)
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
        table, int(primary.sum()), int((withheld & ~primary).sum()), _proof(rows, system, worlds)
    )


def _proof(rows: Rows, system: System, worlds: Sequence[World]) -> pa.Table:
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
            "cell": pa.DictionaryArray.from_arrays(figure // len(COUNTS), cell_names(rows)),
            "indicator": figure % len(COUNTS),
            "step": np.repeat(steps, count),
        }
    )
