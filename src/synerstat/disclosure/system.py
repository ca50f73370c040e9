"""What a reader knows of the figures, as linear rows over the unknowns of a publication.

Sources of the rows: what adds up and what must always hold (docs/method.md); each row between
indicators or periods is explained where it is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from synerstat.disclosure.tables import (
    COUNTS,
    DATA_SET_DIMENSIONS,
    DIMENSIONS,
    KEY,
    PERSON_ATTRIBUTES,
    BoolArray,
    FloatArray,
    InconsistentFiguresError,
    IntArray,
    Rows,
)

PRESENT, ENTRANTS, LEAVERS, STOCK, PARTICIPATIONS, ENTRIES = range(len(COUNTS))
PERSONS = (PRESENT, ENTRANTS, LEAVERS, STOCK)

# In a cell the first is at most the second.
AT_MOST = (
    (ENTRANTS, PRESENT),
    (LEAVERS, PRESENT),
    (STOCK, PRESENT),
    (PRESENT, PARTICIPATIONS),
    (ENTRANTS, ENTRIES),
    (ENTRIES, PARTICIPATIONS),
)


@dataclass(frozen=True)
class System:
    """Rows over unknowns: equal to 0 where `is_equality`, else at most 0.

    `unknown` gives the unknown of (cell, indicator), -1 where there is no such figure. Figures
    that are equal whatever their values, such as a total with one category, are one unknown.
    Entries are sorted by row; zeros, which are always shown, have none.
    """

    unknown: IntArray
    value: IntArray
    block: IntArray
    """The year of each unknown: rows link the periods of a year closely, years loosely."""
    row: IntArray
    entry: IntArray
    coefficient: FloatArray
    is_equality: BoolArray

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.is_equality)


@dataclass
class _Making:
    """Rows in the making: entries (row, cell, indicator, coefficient)."""

    count: int = 0
    entries: list[tuple[IntArray, IntArray, int, float]] = field(default_factory=list)
    is_equality: list[BoolArray] = field(default_factory=list)

    def start(self, count: int, *, equality: bool) -> IntArray:
        """Numbers for so many new rows."""
        self.is_equality.append(np.full(count, equality))
        self.count += count
        return np.arange(self.count - count, self.count)

    def add(self, row: IntArray, cell: IntArray, indicator: int, coefficient: float) -> None:
        """One entry per row; a cell of -1 is absent, that is 0."""
        there = cell >= 0
        self.entries.append((row[there], cell[there], indicator, coefficient))

    def simple(self, *terms: tuple[IntArray, int, float], equality: bool = False) -> None:
        """One row per element: sum of coefficient x figure at most (or equal to) 0."""
        rows = self.start(len(terms[0][0]), equality=equality)
        for cell, indicator, coefficient in terms:
            self.add(rows, cell, indicator, coefficient)


def build_system(rows: Rows) -> System:
    """All that a reader knows. Raises InconsistentFiguresError where the figures break it."""
    codes = cell_codes(rows)
    names, period = cell_periods(rows)
    values = np.full((len(codes), len(COUNTS)), -1, dtype=np.int64)
    counted = (rows.indicator >= 0) & (rows.figure >= 0)
    cell, indicator, figure = (each[counted] for each in (rows.cell, rows.indicator, rows.figure))
    values[cell, indicator] = figure
    if (values[cell, indicator] != figure).any():
        raise InconsistentFiguresError(
            "Two data sets give different figures for the same cell: build the marts again from "
            "one set of deliveries."
        )
    is_mirror = (codes[:, len(DIMENSIONS) :] > 0).any(axis=1)
    data_set = np.array(rows.table["data_set"].to_pylist())
    member = {}
    for name in DATA_SET_DIMENSIONS:
        member[name] = np.zeros(len(codes), dtype=bool)
        member[name][rows.cell[data_set == name]] = True
    making = _Making()
    same = _categories(making, codes, period, member)
    inner = np.flatnonzero(~is_mirror & (values[:, PARTICIPATIONS] >= 0))
    _indicators(making, inner)
    _time(making, codes, period, names, inner, np.flatnonzero(is_mirror))
    return _assemble(making, values, period, names, same)


def cell_codes(rows: Rows) -> IntArray:
    """The categories of each cell as numbers, a column per dimension; 0 is the total."""
    return np.column_stack([_positions(rows.cells[name].to_pylist()) for name in KEY[2:]])


def cell_periods(rows: Rows) -> tuple[list[str], IntArray]:
    """The periods, such as `Q 2019-Q4` and `A 2019`, and the place of each cell's among them."""
    periods = [
        f"{freq} {period}"
        for freq, period in zip(
            rows.cells["freq"].to_pylist(), rows.cells["time_period"].to_pylist(), strict=True
        )
    ]
    names, place = np.unique(np.array(periods), return_inverse=True)
    return [str(name) for name in names], place.astype(np.int64)


def positions_over_time(
    codes: IntArray, period: IntArray, periods: int
) -> tuple[IntArray, IntArray]:
    """The same cell in other periods: each cell's number, and the cell of (number, period).

    The second has a row per number and a column per period, with -1 where there is no such cell.
    """
    return _over_time(_keys(codes)[0], period, np.arange(len(codes)), periods)


def _over_time(
    key: IntArray, period: IntArray, chosen: IntArray, periods: int
) -> tuple[IntArray, IntArray]:
    """As `positions_over_time`, of the chosen cells; the last column, or -1, is for no period."""
    keys, place = np.unique(key[chosen], return_inverse=True)
    grid = np.full((len(keys), periods + 1), -1, dtype=np.int64)
    grid[place, period[chosen]] = chosen
    return place.astype(np.int64), grid


def quarter_number(name: str) -> int:
    """Quarters counted on from year 0, of a period such as `Q 2019-Q4`."""
    return int(name[2:6]) * 4 + int(name[-1]) - 1


def quarter_name(number: int) -> str:
    """The period of a quarter's number."""
    return f"Q {number // 4}-Q{number % 4 + 1}"


def _positions(codes: list[str]) -> IntArray:
    """Codes as numbers in alphabetical order from 1; the total `_T` is 0."""
    _, position = np.unique(np.array(["_T", *codes]), return_inverse=True)
    total = position[0]
    position = position[1:]
    return np.where(position == total, 0, position + (position < total)).astype(np.int64)


def _keys(codes: IntArray, period: IntArray | None = None) -> tuple[IntArray, IntArray]:
    """One number per cell, and the weight of each column of `codes` in it."""
    columns = codes if period is None else np.column_stack([period, codes])
    radix = columns.max(axis=0, initial=0) + 1
    weight = np.concatenate([np.cumprod(radix[::-1])[::-1][1:], [1]]).astype(np.int64)
    return columns @ weight, weight[-codes.shape[1] :]


def _categories(
    making: _Making,
    codes: IntArray,
    period: IntArray,
    member: dict[str, BoolArray],
) -> tuple[IntArray, IntArray]:
    """Categories and their totals, in every data set and dimension.

    Returns the pairs (total, category) where the total has one category only: the same cell.
    """
    key, weight = _keys(codes, period)
    order = np.argsort(key)
    found: list[tuple[IntArray, IntArray, IntArray]] = []
    for name, dimensions in DATA_SET_DIMENSIONS.items():
        for dimension in () if name == "mirror" else dimensions:
            column = DIMENSIONS.index(dimension)
            child = np.flatnonzero(member[name] & (codes[:, column] > 0))
            total_key = key[child] - codes[child, column] * weight[column]
            place = np.minimum(np.searchsorted(key, total_key, sorter=order), len(order) - 1)
            total = order[place]
            if (key[total] != total_key).any():
                raise InconsistentFiguresError(
                    f"The data set {name} has cells without their total over {dimension}."
                )
            found.append((total, child, np.full(len(child), column)))
    total, child, dimension_of = (np.concatenate([part[i] for part in found]) for i in range(3))
    # the same categories of the same total may stand in two data sets
    _, first = np.unique(child * len(DIMENSIONS) + dimension_of, return_index=True)
    total, child, dimension_of = total[first], child[first], dimension_of[first]
    groups, group = np.unique(total * len(DIMENSIONS) + dimension_of, return_inverse=True)
    total_of, column_of = groups // len(DIMENSIONS), groups % len(DIMENSIONS)
    adds_persons = column_of < len(PERSON_ATTRIBUTES)
    for indicator in range(len(COUNTS)):
        exact = adds_persons if indicator in PERSONS else np.ones(len(groups), dtype=bool)
        for equality in (True, False):
            chosen = exact == equality
            # a total is at most the sum of its categories, and each of them at most the total
            row = np.full(len(groups), -1)
            row[chosen] = making.start(int(chosen.sum()), equality=equality)
            links = chosen[group]
            making.add(row[chosen], total_of[chosen], indicator, 1.0)
            making.add(row[group[links]], child[links], indicator, -1.0)
            if not equality:
                making.simple((child[links], indicator, 1.0), (total[links], indicator, -1.0))
    # Who is present in the total but did not enter (leave, stay to the end) in it, is present in
    # a category and did not do so there either.
    loose = ~adds_persons
    links = loose[group]
    for part in (ENTRANTS, LEAVERS, STOCK):
        row = np.full(len(groups), -1)
        row[loose] = making.start(int(loose.sum()), equality=False)
        for indicator, sign in ((PRESENT, 1.0), (part, -1.0)):
            making.add(row[loose], total_of[loose], indicator, sign)
            making.add(row[group[links]], child[links], indicator, -sign)
    alone = (np.bincount(group, minlength=len(groups)) == 1)[group]
    return total[alone], child[alone]


def _indicators(making: _Making, cell: IntArray) -> None:
    """Between the indicators of a cell."""
    for small, large in AT_MOST:
        making.simple((cell, small, 1.0), (cell, large, -1.0))
    # a participation that is present ends in the period or is in stock on its last day
    making.simple((cell, PRESENT, 1.0), (cell, LEAVERS, -1.0), (cell, STOCK, -1.0))


def _time(
    making: _Making,
    codes: IntArray,
    period: IntArray,
    names: list[str],
    cells: IntArray,
    mirror: IntArray,
) -> None:
    """Between periods, in cells whose person attributes are all `_T`."""
    is_total = (codes[:, : len(PERSON_ATTRIBUTES)] == 0).all(axis=1)
    key, _ = _keys(codes)
    grids = [
        _over_time(key, period, chosen, len(names))[1]
        for chosen in (cells[is_total[cells]], mirror)
    ]
    position = {name: i for i, name in enumerate(names)}
    for name, now in position.items():
        after = position.get(_next(name))
        if after is not None:
            _flow(making, grids[0][:, now], grids[0][:, after])
        quarters = [position.get(f"Q {name[2:]}-Q{number}", -1) for number in range(1, 5)]
        if name.startswith("A "):
            for grid, indicators in zip(
                grids, ((PRESENT, ENTRANTS, LEAVERS), (PRESENT,)), strict=True
            ):
                known = [grid[:, quarter] for quarter in quarters if quarter >= 0]
                _year_of_persons(making, grid[:, now], known, indicators)
            if min(quarters) >= 0:
                _year(making, grids[0][:, now], [grids[0][:, quarter] for quarter in quarters])


def _next(name: str) -> str:
    if name.startswith("A "):
        return f"A {int(name[2:]) + 1}"
    return quarter_name(quarter_number(name) + 1)


def _flow(making: _Making, before: IntArray, after: IntArray) -> None:
    """A period and the next of the same length.

    The participations that left in `before` are not published, but they are P(before) + N(after)
    - P(after): leavers are at most those. Who is present and did not enter was in stock; who was in
    stock is present, or left on the last day.
    """
    there = (before >= 0) | (after >= 0)
    before, after = before[there], after[there]
    is_new = before < 0
    for equality in (True, False):
        old, new = before[is_new == equality], after[is_new == equality]
        # nothing can leave a cell that was empty: all that is present entered
        making.simple(
            (old, LEAVERS, 1.0),
            (old, PARTICIPATIONS, -1.0),
            (new, ENTRIES, -1.0),
            (new, PARTICIPATIONS, 1.0),
            equality=equality,
        )
        making.simple(
            (new, PRESENT, 1.0), (new, ENTRANTS, -1.0), (old, STOCK, -1.0), equality=equality
        )
    making.simple((before, STOCK, 1.0), (after, PRESENT, -1.0), (before, LEAVERS, -1.0))


def _year_of_persons(
    making: _Making, year: IntArray, quarters: list[IntArray], indicators: Iterable[int]
) -> None:
    """Persons of a year are at least those of each quarter, and at most their sum."""
    there = year >= 0
    year, quarters = year[there], [quarter[there] for quarter in quarters]
    for indicator in indicators:
        for quarter in quarters:
            making.simple((quarter, indicator, 1.0), (year, indicator, -1.0))
        if len(quarters) == 4:
            making.simple(
                (year, indicator, 1.0), *((quarter, indicator, -1.0) for quarter in quarters)
            )


def _year(making: _Making, year: IntArray, quarters: list[IntArray]) -> None:
    """A year and its four quarters."""
    there = year >= 0
    year, (first, *others) = year[there], [quarter[there] for quarter in quarters]
    # every participation begins once, and is present in the first quarter or begins later
    making.simple(
        (year, ENTRIES, 1.0),
        (first, ENTRIES, -1.0),
        *((quarter, ENTRIES, -1.0) for quarter in others),
        equality=True,
    )
    making.simple(
        (year, PARTICIPATIONS, 1.0),
        (first, PARTICIPATIONS, -1.0),
        *((quarter, ENTRIES, -1.0) for quarter in others),
        equality=True,
    )
    making.simple(
        (year, PRESENT, 1.0),
        (first, PRESENT, -1.0),
        *((quarter, ENTRANTS, -1.0) for quarter in others),
    )
    # the last day of the year is the last day of its fourth quarter
    making.simple((year, STOCK, 1.0), (others[-1], STOCK, -1.0), equality=True)


def _assemble(
    making: _Making,
    values: IntArray,
    period: IntArray,
    names: list[str],
    same: tuple[IntArray, IntArray],
) -> System:
    """Number the unknowns and put the rows into their shortest form."""
    label = _merged(len(values), *same)
    if (values[label] != values).any():
        raise InconsistentFiguresError(
            "A total differs from its only category: build the marts again."
        )
    number = np.full(values.shape, -1, dtype=np.int64)
    own = (values >= 0) & (label == np.arange(len(values)))[:, None]
    number[own] = np.arange(int(own.sum()))
    number = number[label]
    value = values[own]
    years = np.array([int(name[2:6]) for name in names])
    block = np.broadcast_to(years[period][:, None], values.shape)[own]

    row = np.concatenate([each[0] for each in making.entries])
    entry = np.concatenate([number[cell, indicator] for _, cell, indicator, _ in making.entries])
    coefficient = np.concatenate(
        [np.full(len(row), weight) for row, _, _, weight in making.entries]
    )
    is_equality = np.concatenate(making.is_equality)
    there = entry >= 0
    there[there] = value[entry[there]] > 0
    # sum entries of the same unknown, drop empty rows and rows that say the same twice
    key, place = np.unique(row[there] * len(value) + entry[there], return_inverse=True)
    coefficient = np.bincount(place, weights=coefficient[there], minlength=len(key))
    key, coefficient = key[coefficient != 0], coefficient[coefficient != 0]
    row, entry = key // len(value), key % len(value)
    weight = np.random.default_rng(0).random(len(value))
    mark = np.bincount(row, weights=coefficient * weight[entry], minlength=making.count)
    mark = np.where(is_equality, np.abs(mark), mark)
    size = np.bincount(row, minlength=making.count)
    full = np.flatnonzero(size > 0)
    marks = np.column_stack([np.round(mark[full], 9), size[full], is_equality[full]])
    _, first = np.unique(marks, axis=0, return_index=True)
    kept = np.zeros(making.count, dtype=bool)
    kept[full[first]] = True
    renumbered = np.cumsum(kept) - 1
    inside = kept[row]
    system = System(
        number,
        value,
        block,
        renumbered[row[inside]],
        entry[inside],
        coefficient[inside],
        is_equality[kept],
    )
    excess = row_sums(system, value.astype(np.float64))
    if (np.where(system.is_equality, np.abs(excess), excess) > 0).any():
        raise InconsistentFiguresError(
            "The figures break the counting rules (totals, order of indicators, quarters and "
            "year), so what a reader knows cannot be modelled: build the marts again and see "
            "their tests."
        )
    return system


def _merged(count: int, left: IntArray, right: IntArray) -> IntArray:
    """The smallest element of the group that each element belongs to, after joining the pairs."""
    label = np.arange(count)
    while True:
        low = np.minimum(label[left], label[right])
        before = label.copy()
        np.minimum.at(label, label[left], low)
        np.minimum.at(label, label[right], low)
        while (label[label] != label).any():
            label = label[label]
        if (before == label).all():
            return label


def row_sums(system: System, value: FloatArray) -> FloatArray:
    """Left-hand side of every row at the given values of the unknowns."""
    products = system.coefficient * value[system.entry]
    sums = np.bincount(system.row, weights=products, minlength=system.row_count)
    return sums.astype(np.float64)
