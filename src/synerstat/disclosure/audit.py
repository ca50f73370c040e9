"""The audit: how closely a reader can bound each small count, from the published tables alone.

Written apart from the suppression, and in another way: the knowledge of a reader is put together in
SQL, over the figures themselves, each with its own unknown. Only the reading of the tables is
shared. What the suppression claims to be possible is judged by that knowledge, and linear programs
look for the rest. The truth is used for the list of the small counts, to check what is shown and
to see how far a world is from it; no further.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import highspy
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from synerstat.disclosure.tables import (
    COUNTS,
    DATA_SET_DIMENSIONS,
    DIMENSIONS,
    MIRROR_DIMENSIONS,
    PERSON_ATTRIBUTES,
    BoolArray,
    FloatArray,
    IntArray,
    Rows,
    find_cells,
    read_earlier,
    read_rows,
)

PRECISION = 1e-6

WORLDS_AT_ONCE = 100


@dataclass(frozen=True)
class AuditResult:
    """What the audit found. Counts are of rows, but `small_counts`, which are figures once each.

    `smallest` and `median` are widths of intervals as far as they were followed: the search for a
    small count ends when its interval is as wide as the threshold. `exposed` are the small counts
    bounded more closely; `faults` is what is wrong besides. `protected_by_revision` are at most so
    many of those that are not: they rest on a reader who can't tell which figures of a revised
    period were revised. `worlds` were found to be possible, `programs` were solved where they did
    not suffice.
    """

    threshold: int
    cells: int
    withheld: int
    primary: int
    secondary: int
    small_counts: int
    exposed: int
    protected_by_revision: int
    smallest: int | None
    median: float | None
    programs: int
    worlds: int
    seconds: float
    faults: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the publication may appear."""
        return not self.faults and not self.exposed

    def as_json(self) -> dict[str, Any]:
        """The content of `disclosure_audit.json`."""
        return {
            "passed": self.passed,
            "threshold": self.threshold,
            "cells": self.cells,
            "withheld": {"primary": self.primary, "secondary": self.secondary},
            "small_counts": self.small_counts,
            "exposed": self.exposed,
            "protected_by_revision": self.protected_by_revision,
            "interval": {"smallest": self.smallest, "median": self.median},
            "faults": list(self.faults),
            "solver": f"HiGHS {version('highspy')}",
            "worlds": self.worlds,
            "programs": self.programs,
            # whole minutes: the same figures give the same file
            "seconds": 60 * math.ceil(self.seconds / 60),
        }

    def in_words(self) -> str:
        """One paragraph for the reader of a log."""
        text = (
            f"{self.cells:,} figures, {self.withheld:,} withheld: {self.primary:,} that rest on "
            f"fewer than {self.threshold} persons, {self.secondary:,} to protect them. "
        )
        if not self.small_counts:
            text += "There is no small count. "
        elif self.exposed:
            text += (
                f"{self.exposed:,} of {self.small_counts:,} small counts can be bounded more "
                f"closely than {self.threshold}; the closest interval is {self.smallest} wide. "
            )
        else:
            text += (
                f"None of the {self.small_counts:,} small counts can be bounded more closely than "
                f"{self.threshold}: the smallest interval is {self.smallest} wide. "
            )
        if self.protected_by_revision:
            text += (
                f"{self.protected_by_revision:,} of them rest on a reader who can't tell which "
                "figures of a revised period were revised. "
            )
        return (text + " ".join(self.faults)).strip()


def audit(
    published: Mapping[str, pa.Table],
    figures: Mapping[str, pa.Table],
    *,
    threshold: int,
    home_areas: Mapping[str, str],
    earlier: Sequence[Path] = (),
    worlds: pa.Table | None = None,
) -> AuditResult:
    """Bound each small count as a reader could who has all the published tables.

    `published` has one table per data set with its dimensions, `indicator`, `obs_value` and
    `conf_status`; `figures` the same rows before disclosure control, with `figure` and `is_small`.
    A figure that an earlier vintage (a folder) showed and that is unchanged counts as shown. A
    small count that is not protected so passes where it is protected from a reader who can't tell
    which figures of a revised period were revised, and is counted: `protected_by_revision`.

    `worlds` are figures that might be true as well (`Pattern.worlds`), claimed by who chose the
    pattern. Each is judged here by what a reader knows; those that hold show how wide intervals are
    at least. Programs look for the rest, so without worlds the outcome is the same, but slow.
    """
    begun = time.perf_counter()
    truth, shown = read_rows(figures, home_areas), read_rows(published, home_areas)
    faults: list[str] = []
    place = _matching(shown, truth)
    if place is None:
        return _result(truth, shown, threshold, begun, ("The published rows are not those built.",))
    is_small, figure = truth.is_small[place], truth.figure[place]
    withheld = shown.is_withheld
    if (is_small & ~withheld).any():
        faults.append("Figures that rest on too few persons are shown.")
    if (~withheld & (shown.figure != figure)).any():
        faults.append("Shown figures differ from those built.")
    if (withheld & (shown.figure >= 0)).any():
        faults.append("Withheld figures have a value.")
    faults += _followers(shown)

    counted = shown.indicator >= 0
    number = shown.cell * len(COUNTS) + shown.indicator
    size = shown.cells.num_rows * len(COUNTS)
    exists, is_known, is_certain, small, is_shown = (np.zeros(size, dtype=bool) for _ in range(5))
    value = np.full(size, -1)
    exists[number[counted]] = True
    is_shown[number[counted & ~withheld]] = True
    value[number[counted]] = figure[counted]
    small[number[counted & is_small]] = True
    for vintage in earlier:
        told = read_earlier(vintage, shown, figure)
        same = counted & (told.figure >= 0) & (told.figure == figure)
        is_known[number[same]] = True
        is_certain[number[same & ~told.in_revised]] = True
        if (told.was_withheld & ~withheld & (figure > 0)).any():
            faults.append(f"Figures are shown that {vintage.name} withheld.")
    is_certain |= is_shown
    is_known |= is_shown
    reader = _Reader(shown, exists, value, threshold)
    judged = reader.judge(worlds, is_certain, is_known)
    if judged.refused:
        faults.append(
            f"{judged.refused:,} of {judged.worlds:,} worlds do not agree with what is published."
        )
    targets = np.flatnonzero(small)
    settled = judged.by_revision >= threshold
    strict = reader.widths(targets, judged.proven, is_known, settled)
    widths = strict.copy()
    left = strict < threshold
    widths[left] = reader.widths(targets[left], judged.by_revision, is_certain)
    return _result(
        truth,
        shown,
        threshold,
        begun,
        tuple(faults),
        widths,
        int(((strict < threshold) & (widths >= threshold)).sum()),
        reader.programs,
        judged.worlds - judged.refused,
    )


@dataclass(frozen=True)
class _Judged:
    """How far each figure rises in worlds that a reader can't exclude.

    `proven`: who can tell what was revised; `by_revision`: who can't.
    """

    proven: FloatArray
    by_revision: FloatArray
    worlds: int
    refused: int


class _Reader:
    """What a reader knows, and what follows from it."""

    def __init__(self, shown: Rows, exists: BoolArray, value: IntArray, threshold: int) -> None:
        self.shown, self.exists, self.value, self.threshold = shown, exists, value, threshold
        self.row, self.number, self.coefficient, self.equality = _knowledge(shown, exists)
        self.programs = 0

    def judge(self, worlds: pa.Table | None, is_certain: BoolArray, is_known: BoolArray) -> _Judged:
        """How far each figure rises in those of the worlds that a reader can't exclude.

        He can where a figure differs in it that he has for certain, a figure falls below 1, or what
        must hold between the figures does not; who can tell what was revised, also where a figure
        differs that he knows by that.
        """
        proven, by_revision = np.zeros(len(self.exists)), np.zeros(len(self.exists))
        if worlds is None:
            return _Judged(proven, by_revision, 0, 0)
        world = worlds["world"].to_numpy()
        count = int(world.max(initial=-1)) + 1
        cell = find_cells(worlds["cell"], self.shown)
        number = cell * len(COUNTS) + worlds["indicator"].to_numpy()
        step = worlds["step"].to_numpy()
        impossible = (cell < 0) | ~self.exists[number] | is_certain[number]
        impossible |= self.value[number] + step < 1 - PRECISION
        wrong = np.bincount(world, weights=impossible, minlength=count) > 0
        excluded = np.bincount(world, weights=is_known[number], minlength=count) > 0
        knowledge = sparse.csr_array(
            (self.coefficient, (self.row, self.number)),
            shape=(len(self.equality), len(self.exists)),
        )
        room = -(knowledge @ np.maximum(self.value, 0).astype(np.float64)) + PRECISION
        for first in range(0, count, WORLDS_AT_ONCE):
            inside = (world >= first) & (world < first + WORLDS_AT_ONCE) & ~wrong[world]
            change = (
                knowledge
                @ sparse.csr_array(
                    (step[inside], (number[inside], world[inside] - first)),
                    shape=(knowledge.shape[1], WORLDS_AT_ONCE),
                )
            ).tocoo()
            row, column = change.coords
            limit = np.where(self.equality[row], PRECISION, room[row])
            size = np.where(self.equality[row], np.abs(change.data), change.data)
            wrong[first + column[size > limit]] = True
        for found, holds in ((proven, ~wrong & ~excluded), (by_revision, ~wrong)):
            held = holds[world]
            np.maximum.at(found, number[held], np.floor(step[held] + PRECISION))
        return _Judged(proven, by_revision, count, int(wrong.sum()))

    def widths(
        self,
        targets: IntArray,
        proven: FloatArray,
        is_known: BoolArray,
        settled: BoolArray | None = None,
    ) -> FloatArray:
        """Width of each target's interval: as proven, or as programs find; 0 where it is known.

        No programs are solved for those that are `settled`.
        """
        found = np.where(is_known[targets], 0.0, proven[targets])
        left = (found < self.threshold) & ~is_known[targets]
        if settled is not None:
            left &= ~settled[targets]
        if left.any():
            attack = _Attack(
                self.row,
                self.number,
                self.coefficient,
                self.equality,
                self.exists,
                is_known,
                self.value,
            )
            found[left] = np.maximum(found[left], attack.widths(targets[left], self.threshold))
            self.programs += attack.programs
        return found


def _result(
    truth: Rows,
    shown: Rows,
    threshold: int,
    begun: float,
    faults: tuple[str, ...],
    widths: FloatArray | None = None,
    by_revision: int = 0,
    programs: int = 0,
    worlds: int = 0,
) -> AuditResult:
    widths = np.empty(0) if widths is None else widths
    withheld = int(shown.is_withheld.sum())
    primary = min(int(truth.is_small.sum()), withheld)
    return AuditResult(
        threshold=threshold,
        cells=len(shown.cell),
        withheld=withheld,
        primary=primary,
        secondary=withheld - primary,
        small_counts=len(widths),
        exposed=int((widths < threshold).sum()),
        protected_by_revision=by_revision,
        smallest=int(widths.min()) if len(widths) else None,
        median=float(np.median(widths)) if len(widths) else None,
        programs=programs,
        worlds=worlds,
        seconds=time.perf_counter() - begun,
        faults=faults,
    )


def _matching(shown: Rows, truth: Rows) -> IntArray | None:
    """The row of `truth` that each row of `shown` is, None where they are not the same rows."""
    if len(shown.cell) != len(truth.cell) or not shown.cells.equals(truth.cells):
        return None
    names = [
        pc.binary_join_element_wise(
            rows.table["data_set"],
            rows.table["indicator"],
            pa.array(rows.cell).cast(pa.string()),
            " ",
        )
        for rows in (shown, truth)
    ]
    place = pc.index_in(names[0], value_set=names[1].combine_chunks())
    return None if place.null_count else place.combine_chunks().to_numpy().astype(np.int64)


def _followers(shown: Rows) -> list[str]:
    """Faults where a figure is shown that follows a withheld one."""
    rows = shown.table.append_column("cell", pa.array(shown.cell)).append_column(
        "hidden", pa.array(shown.is_withheld)
    )
    faults = []
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        (hours,) = connection.execute("""
            select count(*)
            from rows as hours
            inner join rows as base using (data_set, cell)
            where hours.indicator = 'HOURS' and base.indicator = 'PARTICIPATIONS'
                and base.hidden and not hours.hidden
        """).fetchone() or (0,)
        if hours:
            faults.append("Hours are shown of participations that are withheld.")
        if "home_operator" in rows.column_names:
            (flows,) = connection.execute("""
                select count(*)
                from rows as asymmetry
                inner join rows as side
                    using (data_set, freq, time_period, home_operator, host_operator)
                where asymmetry.indicator = 'MIRROR_ASYMMETRY' and side.hidden
                    and not asymmetry.hidden
            """).fetchone() or (0,)
            if flows:
                faults.append("An asymmetry is shown though one of its sides is withheld.")
    return faults


def _knowledge(shown: Rows, exists: BoolArray) -> tuple[IntArray, IntArray, FloatArray, BoolArray]:
    """All that must hold between the figures: rows, figures, coefficients, and which are equal.

    A row says that the sum of coefficient x figure is 0, or at most 0. Figures are numbered by
    cell and indicator.
    """
    cells = shown.cells.append_column("cell", pa.array(np.arange(shown.cells.num_rows)))
    width = len(COUNTS)
    cell, indicator = np.divmod(np.flatnonzero(exists), width)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("given_cells", cells)
        connection.execute("create table cells as select * from given_cells")
        there = pa.table({"cell": cell, "indicator": indicator})
        connection.register("there", there)
        membership = pa.table({"data_set": shown.table["data_set"], "cell": pa.array(shown.cell)})
        connection.register("membership", membership)
        connection.execute("create table figures as select * from there")
        connection.execute("create table members as select distinct * from membership")
        connection.execute(
            "create table knowledge "
            "(statement varchar, cell bigint, indicator int, coefficient int, equality boolean)"
        )
        for data_set, dimensions in DATA_SET_DIMENSIONS.items():
            for dimension in () if data_set == "mirror" else dimensions:
                _margins(connection, data_set, dimension)
        _within(connection)
        _over_time(connection)
        found = connection.execute(f"""
            select
                dense_rank() over (order by statement) - 1 as row,
                cell * {width} + indicator as number,
                sum(coefficient) as coefficient,
                bool_or(equality) as equality
            from knowledge inner join figures using (cell, indicator)
            group by statement, cell, indicator
            order by row, number
        """).fetchnumpy()
    row: IntArray = np.asarray(found["row"], dtype=np.int64)
    count = int(row.max(initial=-1)) + 1
    equality = np.zeros(count, dtype=bool)
    equality[row] = np.asarray(found["equality"], dtype=bool)
    return (
        row,
        np.asarray(found["number"], dtype=np.int64),
        np.asarray(found["coefficient"], dtype=np.float64),
        equality,
    )


def _margins(connection: duckdb.DuckDBPyConnection, data_set: str, dimension: str) -> None:
    """A total and its categories in one dimension of a data set."""
    others = ", ".join(name for name in DIMENSIONS if name != dimension)
    adds_up = "true" if dimension in PERSON_ATTRIBUTES else "figures.indicator >= 4"
    connection.execute(f"""
        create or replace temp table links as
        with own as (
            select cells.* from cells inner join members using (cell)
            where data_set = '{data_set}'
        )
        select total.cell as total, part.cell as part
        from own as total
        inner join own as part using (freq, time_period, {others})
        where total.{dimension} = '_T' and part.{dimension} <> '_T'
    """)
    name = f"'{data_set} {dimension} '"
    connection.execute(f"""
        insert into knowledge
        select {name} || total || ' ' || indicator, total, indicator, 1, {adds_up}
        from (select distinct total from links) inner join figures on cell = total
        union all
        select {name} || total || ' ' || indicator, part, indicator, -1, {adds_up}
        from links inner join figures on cell = part
    """)
    if dimension not in PERSON_ATTRIBUTES:
        # the largest category is at most the total
        for cell, sign in (("part", 1), ("total", -1)):
            connection.execute(f"""
                insert into knowledge
                select {name} || 'part ' || part || ' ' || indicator, {cell}, indicator,
                    {sign}, false
                from links inner join figures on figures.cell = part
                where indicator < 4
            """)
        # present and not entered (left, in stock) in the total: then so in a category
        for other in (1, 2, 3):
            for indicator, sign in ((0, 1), (other, -1)):
                connection.execute(f"""
                    insert into knowledge
                    select {name} || 'without {other} ' || total, total, {indicator}, {sign}, false
                    from (select distinct total from links)
                    union all
                    select {name} || 'without {other} ' || total, part, {indicator}, {-sign}, false
                    from links
                """)


# Between the indicators of a cell: (name, terms), the sum of which is at most 0.
WITHIN = (
    ("entrants are present", ((1, 1), (0, -1))),
    ("leavers are present", ((2, 1), (0, -1))),
    ("stock is present", ((3, 1), (0, -1))),
    ("persons have participations", ((0, 1), (4, -1))),
    ("entrants have entries", ((1, 1), (5, -1))),
    ("entries are present", ((5, 1), (4, -1))),
    ("present left or stay", ((0, 1), (2, -1), (3, -1))),
)


def _within(connection: duckdb.DuckDBPyConnection) -> None:
    for name, terms in WITHIN:
        for indicator, sign in terms:
            connection.execute(f"""
                insert into knowledge
                select '{name} ' || cell, cell, {indicator}, {sign}, false
                from cells inner join figures using (cell)
                where indicator = 4
            """)


def _over_time(connection: duckdb.DuckDBPyConnection) -> None:
    """Between periods, in cells whose person attributes are all totals."""
    totals = " and ".join(f"{name} = '_T'" for name in PERSON_ATTRIBUTES)
    key = "concat_ws(' ', " + ", ".join((*DIMENSIONS[4:], *MIRROR_DIMENSIONS)) + ")"
    connection.execute(f"""
        create or replace temp table timed as
        select
            cell,
            freq,
            {key} as what,
            home_operator <> '_T' as is_mirror,
            cast(left(time_period, 4) as int) as year,
            case when freq = 'Q' then cast(right(time_period, 1) as int) else 0 end as quarter,
            case when freq = 'Q' then year * 4 + quarter - 1 else year end as position
        from cells
        where {totals}
            and (home_operator <> '_T' or cell in (select cell from figures where indicator = 4))
    """)
    # A period and the next: what is absent is 0, as long as the period is there.
    connection.execute("""
        create or replace temp table steps as
        with
        periods as (select distinct freq, position from timed where not is_mirror),
        pairs as (
            select freq, before.position as position
            from periods as before
            inner join periods as after using (freq)
            where after.position = before.position + 1
        ),
        old as (select * from timed inner join pairs using (freq, position) where not is_mirror),
        new as (
            select timed.* replace (timed.position - 1 as position)
            from timed inner join pairs
                on pairs.freq = timed.freq and pairs.position = timed.position - 1
            where not is_mirror
        )
        select concat_ws(' ', freq, position, what) as step, old.cell as old, new.cell as new
        from old full join new using (freq, position, what)
    """)
    for name, terms in (
        ("leavers left", (("old", 2, 1), ("old", 4, -1), ("new", 5, -1), ("new", 4, 1))),
        ("present entered or stayed", (("new", 0, 1), ("new", 1, -1), ("old", 3, -1))),
        ("stock stays or leaves", (("old", 3, 1), ("new", 0, -1), ("old", 2, -1))),
    ):
        for cell, indicator, sign in terms:
            connection.execute(f"""
                insert into knowledge
                select '{name} ' || step, {cell}, {indicator}, {sign}, false
                from steps where {cell} is not null
            """)
    # A year and its quarters; sums only where all four quarters are published.
    connection.execute("""
        create or replace temp table years as
        select year.cell as year_cell, quarters.cell as quarter_cell, quarters.quarter,
            year.is_mirror,
            (select count(distinct quarter) from timed as all_of
                where all_of.year = year.year and all_of.quarter > 0) = 4 as whole
        from timed as year
        left join timed as quarters
            on quarters.year = year.year and quarters.what = year.what and quarters.quarter > 0
        where year.quarter = 0
    """)
    for indicator in (0, 1, 2):
        connection.execute(f"""
            insert into knowledge
            select 'quarter in year {indicator} ' || quarter_cell, quarter_cell, {indicator}, 1,
                false
            from years where quarter_cell is not null
            union all
            select 'quarter in year {indicator} ' || quarter_cell, year_cell, {indicator}, -1, false
            from years where quarter_cell is not null
            union all
            select 'year of quarters {indicator} ' || year_cell, quarter_cell, {indicator}, -1,
                false
            from years where whole and quarter_cell is not null
            union all
            select distinct 'year of quarters {indicator} ' || year_cell, year_cell, {indicator}, 1,
                false
            from years where whole
        """)
    for name, indicator, first, others, condition, equality in (
        ("entries of the year", 5, 5, 5, "true", "true"),
        ("participations of the year", 4, 4, 5, "true", "true"),
        ("persons of the year", 0, 0, 1, "true", "false"),
        ("stock of the year", 3, None, 3, "quarter = 4", "true"),
    ):
        begins = "false" if first is None else "quarter = 1"
        connection.execute(f"""
            insert into knowledge
            select distinct '{name} ' || year_cell, year_cell, {indicator}, 1, {equality}
            from years where whole and not is_mirror
            union all
            select '{name} ' || year_cell, quarter_cell,
                case when {begins} then {indicator if first is None else first} else {others} end,
                -1, {equality}
            from years
            where whole and not is_mirror and quarter_cell is not null and {condition}
        """)


class _Attack:
    """The reader's linear program over the figures that are not shown."""

    def __init__(
        self,
        row: IntArray,
        number: IntArray,
        coefficient: FloatArray,
        equality: BoolArray,
        exists: BoolArray,
        is_known: BoolArray,
        value: IntArray,
    ) -> None:
        self.programs = 0
        hidden = np.flatnonzero(exists & ~is_known)
        self.position = np.full(len(exists), -1)
        self.position[hidden] = np.arange(len(hidden))
        self.truth = value[hidden]
        shown = is_known[number]
        constant = np.bincount(
            row[shown], weights=coefficient[shown] * value[number[shown]], minlength=len(equality)
        )
        row, number, coefficient = row[~shown], number[~shown], coefficient[~shown]
        start = np.searchsorted(row, np.arange(len(equality) + 1))
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = len(hidden), len(equality)
        program.col_cost_ = np.zeros(len(hidden))
        # a reader knows that a zero is shown; where one is withheld all the same, it may be any
        program.col_lower_ = np.full(len(hidden), float(min(1, self.truth.min(initial=1))))
        program.col_upper_ = np.full(len(hidden), highspy.kHighsInf)
        program.row_lower_ = np.where(equality, -constant, -highspy.kHighsInf)
        program.row_upper_ = (-constant).astype(np.float64)
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = start
        program.a_matrix_.index_ = self.position[number]
        program.a_matrix_.value_ = coefficient
        self.solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self.solver.silent()
        self.solver.setOptionValue("threads", 1)
        self.solver.passModel(program)
        self.indices = np.arange(len(hidden), dtype=np.int32)
        self.least = self.truth.astype(np.float64)
        self.most = self.truth.astype(np.float64)

    def widths(self, small: IntArray, threshold: int) -> FloatArray:
        """Width of each small count's interval, followed until it is as wide as the threshold.

        The ends are rounded inwards: figures are whole numbers, and a reader knows that.
        """
        places = self.position[small]
        random = np.random.default_rng(0)
        # some figures at once, in random directions: each solution widens many intervals
        for _ in range(8):
            is_open = places[self._width(places) < threshold]
            if not len(is_open):
                break
            self._look(is_open, random.normal(size=len(is_open)), threshold)
        for place in places:
            for direction in (1.0, -1.0):
                if self._width(place) < threshold:
                    self._look(np.array([place]), np.array([direction]), threshold)
        return self._width(places)

    def _width(self, places: IntArray) -> FloatArray:
        least = np.ceil(self.least[places] - PRECISION)
        widths: FloatArray = np.maximum(np.floor(self.most[places] + PRECISION) - least, 0.0)
        return widths

    def _look(self, places: IntArray, directions: FloatArray, threshold: int) -> None:
        """One linear program: as far as possible in the given directions, at most the threshold."""
        cost = np.zeros(len(self.indices))
        cost[places] = -directions
        upper = np.full(len(self.indices), highspy.kHighsInf)
        upper[places] = self.truth[places] + float(threshold)
        self.solver.clearSolver()
        self.solver.changeColsCost(len(cost), self.indices, cost)
        self.solver.changeColsBounds(
            len(cost), self.indices, np.full(len(cost), self._lower()), upper
        )
        self.solver.run()
        self.programs += 1
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            # no answer is no proof of protection: the interval stays as narrow as it was seen
            return
        solution = np.array(self.solver.getSolution().col_value)
        self.least = np.minimum(self.least, solution)
        self.most = np.maximum(self.most, solution)

    def _lower(self) -> float:
        return float(min(1, self.truth.min(initial=1)))
