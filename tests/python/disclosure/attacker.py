"""An attacker of its own: plain loops over the published rows, and scipy's linear programs.

Shares nothing with the product. Its unknowns are the withheld rows of each data set by themselves;
that a row stands in two data sets is one more equation. Knows of one cell what one cell must
fulfil, and of a table its sums.
"""

import itertools
import math
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.optimize import linprog
from scipy.sparse import coo_array

PERSON = {"sex", "age_group", "education_level", "residence_area"}
PERSONS = ("PRESENT", "ENTRANTS", "LEAVERS", "STOCK")
ORDER = [
    ("PRESENT", "ENTRANTS"),
    ("PRESENT", "LEAVERS"),
    ("PRESENT", "STOCK"),
    ("PARTICIPATIONS", "PRESENT"),
    ("ENTRIES", "ENTRANTS"),
    ("PARTICIPATIONS", "ENTRIES"),
]
DIMENSIONS = {
    "training": ("training_area", "operator", "training_type", "delivery_mode"),
    "profile": ("training_area", "sex", "age_group", "education_level"),
    "status": ("operator", "training_type", "labour_status", "sex"),
    "mobility": ("residence_area", "operator"),
}

# Far above any figure of a test: where an interval ends here, nothing published bounds it.
LARGEST = 100_000

# data set, period, codes of the cell, indicator
Key = tuple[Any, ...]


class Attacker:
    """What someone knows who has the published tables, as `least` and `most` of each figure."""

    def __init__(self, published: dict[str, pa.Table]) -> None:
        self.shown: dict[Key, float | None] = {}
        for name, table in published.items():
            if name in DIMENSIONS:
                for row in table.to_pylist():
                    cell = tuple(row[each] for each in DIMENSIONS[name])
                    if row["indicator"] != "HOURS":
                        period = row["time_period"]
                        self.shown[name, period, cell, row["indicator"]] = row["obs_value"]
        self.hidden = [key for key, value in self.shown.items() if value is None]
        self.column = {key: i for i, key in enumerate(self.hidden)}
        self.equal: list[tuple[dict[int, float], float]] = []
        self.at_most: list[tuple[dict[int, float], float]] = []
        self._sums()
        self._cells()
        self._links()
        self._quarters()

    def _state(self, terms: list[tuple[Key, float]], *, equal: bool) -> None:
        """Sum of coefficient x figure is 0, or at most 0; a figure that isn't there is 0."""
        row: dict[int, float] = {}
        constant = 0.0
        for key, coefficient in terms:
            if key in self.column:
                place = self.column[key]
                row[place] = row.get(place, 0.0) + coefficient
            else:
                constant += coefficient * (self.shown.get(key) or 0.0)
        if row:
            (self.equal if equal else self.at_most).append((row, -constant))

    def _sums(self) -> None:
        children: dict[Key, list[Key]] = {}
        for name, period, cell, indicator in self.shown:
            for place, dimension in enumerate(DIMENSIONS[name]):
                if cell[place] != "_T":
                    total = (*cell[:place], "_T", *cell[place + 1 :])
                    key = (name, period, total, indicator)
                    children.setdefault((*key, dimension), []).append(
                        (name, period, cell, indicator)
                    )
        for total, parts in children.items():
            *_, dimension = total
            key = total[:-1]
            adds = dimension in PERSON or key[3] not in PERSONS
            self._state([(key, 1.0), *((part, -1.0) for part in parts)], equal=adds)
            if not adds:
                for part in parts:
                    self._state([(part, 1.0), (key, -1.0)], equal=False)

    def _cells(self) -> None:
        for key in self.shown:
            if key[3] == "PRESENT":
                for larger, smaller in ORDER:
                    self._state(
                        [((*key[:3], smaller), 1.0), ((*key[:3], larger), -1.0)], equal=False
                    )

    def _links(self) -> None:
        """The same cell in two data sets: equal. Mobility is about job-seekers."""
        named: dict[Key, list[Key]] = {}
        for key in self.shown:
            name, period, cell, indicator = key
            codes = {
                (dimension, code)
                for dimension, code in zip(DIMENSIONS[name], cell, strict=True)
                if code != "_T"
            }
            if name == "mobility":
                codes.add(("labour_status", "JSK"))
            named.setdefault((period, frozenset(codes), indicator), []).append(key)
        for same in named.values():
            for one, other in itertools.pairwise(same):
                self._state([(one, 1.0), (other, -1.0)], equal=True)

    def _quarters(self) -> None:
        """Training has no person attributes: flows between quarters, and years of quarters."""
        periods = sorted({key[1] for key in self.shown if "Q" in key[1]})
        cells = {key[2] for key in self.shown if key[0] == "training"}
        for cell in cells:
            for before, after in itertools.pairwise(periods):
                old = ("training", before, cell)
                new = ("training", after, cell)
                self._state(
                    [
                        ((*old, "LEAVERS"), 1.0),
                        ((*old, "PARTICIPATIONS"), -1.0),
                        ((*new, "ENTRIES"), -1.0),
                        ((*new, "PARTICIPATIONS"), 1.0),
                    ],
                    equal=False,
                )
            year = ("training", "2018", cell)
            if (*year, "PRESENT") not in self.shown:
                continue
            for indicator in ("PRESENT", "ENTRANTS", "LEAVERS"):
                quarters = [("training", period, cell, indicator) for period in periods]
                for quarter in quarters:
                    self._state([(quarter, 1.0), ((*year, indicator), -1.0)], equal=False)
                self._state(
                    [((*year, indicator), 1.0), *((each, -1.0) for each in quarters)], equal=False
                )
            entries = [("training", period, cell, "ENTRIES") for period in periods]
            self._state(
                [((*year, "ENTRIES"), 1.0), *((each, -1.0) for each in entries)], equal=True
            )
            last = ("training", periods[-1], cell, "STOCK")
            self._state([((*year, "STOCK"), 1.0), (last, -1.0)], equal=True)

    def interval(self, key: Key) -> tuple[int, int]:
        """The least and the most that a withheld figure can be."""
        if not hasattr(self, "_matrices"):
            self._matrices = [self._matrix(rows) for rows in (self.at_most, self.equal)]
        (less, less_than), (equal, equal_to) = self._matrices
        ends = []
        for sign in (1.0, -1.0):
            cost = np.zeros(len(self.hidden))
            cost[self.column[key]] = sign
            found = linprog(
                cost,
                A_ub=less,
                b_ub=less_than,
                A_eq=equal,
                b_eq=equal_to,
                # a program without an upper end takes much longer
                bounds=(1, LARGEST),
                method="highs-ds",
            )
            assert found.status == 0, found.message
            ends.append(sign * found.fun)
        return math.ceil(ends[0] - 1e-6), math.floor(ends[1] + 1e-6)

    def _matrix(self, rows: list[tuple[dict[int, float], float]]) -> tuple[Any, Any]:
        if not rows:
            return None, None
        row = [i for i, (terms, _) in enumerate(rows) for _ in terms]
        column = [place for terms, _ in rows for place in terms]
        value = [weight for terms, _ in rows for weight in terms.values()]
        matrix = coo_array((value, (row, column)), shape=(len(rows), len(self.hidden)))
        return matrix.tocsr(), np.array([bound for _, bound in rows])


def small_counts(figures: dict[str, pa.Table]) -> list[Key]:
    """The keys of the figures that rest on too few persons, but hours and the mirror."""
    return [
        (
            name,
            row["time_period"],
            tuple(row[each] for each in DIMENSIONS[name]),
            row["indicator"],
        )
        for name, table in figures.items()
        if name in DIMENSIONS
        for row in table.to_pylist()
        if row["is_small"] and row["indicator"] != "HOURS"
    ]
