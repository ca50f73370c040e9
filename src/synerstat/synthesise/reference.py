"""What the deliveries are made of: the crosswalks, the municipalities and the post codes of the
seeds.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from synerstat.errors import UsageError
from synerstat.synthesise.arrays import Floats, Ints, choose
from synerstat.synthesise.periods import day

DIMENSIONS = (
    "training_type",
    "delivery_mode",
    "sex",
    "labour_status",
    "education_level",
    "organiser",
)
BEFORE_ALL_DAYS = day("1900-01-01")
AFTER_ALL_DAYS = day("2999-12-31")

# Where many people live (national register, orders of magnitude): how many small municipalities
# each is worth. All others count as one.
WEIGHT_OF_CITIES = {
    **{"11002": 26, "44021": 13, "31005": 6, "24062": 5, "12025": 4, "46021": 4, "34022": 4},
    **{"71016": 3, "71022": 4, "73083": 2, "35013": 4, "36015": 3, "23025": 2, "41002": 4},
    **{"52011": 10, "62063": 10, "92094": 6, "53053": 5, "55022": 4, "57081": 4, "63079": 3},
    **{"25014": 2, "91030": 1, "82003": 1, "81001": 2, "62096": 3, "54007": 3},
    **{"21004": 8, "21015": 6, "21001": 6, "21012": 5, "21009": 4, "21016": 3, "21013": 3},
    **{"63023": 5, "63040": 3, "63067": 3, "63061": 3},
}


@dataclass(frozen=True)
class CodeTable:
    """One crosswalk for one operator: source codes, their targets, and when they hold."""

    codes: tuple[str, ...]
    targets: tuple[str, ...]
    valid_from: Ints
    valid_to: Ints

    def pick(self, target: str, days: Ints, chance: Floats) -> Ints:
        """Indices of codes that mean `target` on each day, the first ones more often; -1 where none
        does.
        """
        rows = np.array([i for i, t in enumerate(self.targets) if t == target], np.int64)
        picked = np.full(len(days), -1, np.int64)
        bounds = {BEFORE_ALL_DAYS, *self.valid_from[rows].tolist()}
        starts = np.array(sorted(bounds | {d + 1 for d in self.valid_to[rows].tolist()}), np.int64)
        period = np.searchsorted(starts, days, side="right") - 1
        for index, start in enumerate(starts.tolist()):
            valid = rows[(self.valid_from[rows] <= start) & (self.valid_to[rows] >= start)]
            inside = period == index
            if len(valid):
                picked[inside] = valid[choose(1 / np.arange(1, len(valid) + 1), chance[inside])]
        return picked

    def out_of_validity(self, days: Ints, chance: Floats) -> Ints:
        """Indices of codes that hold in no row on each day: too old or too new; -1 where there is
        none.
        """
        found = np.full(len(days), -1, np.int64)
        best = np.full(len(days), -1.0)
        for index, code in enumerate(self.codes):
            rows = [i for i, c in enumerate(self.codes) if c == code]
            holds = np.zeros(len(days), np.bool_)
            for row in rows:
                holds |= (self.valid_from[row] <= days) & (self.valid_to[row] >= days)
            luck = (chance * (index + 3) * 7.31) % 1.0
            better = ~holds & (luck > best)
            found[better] = index
            best[better] = luck[better]
        return found


@dataclass(frozen=True)
class Geography:
    """Municipalities as people name them, whatever their code is on a day.

    A place is an index into `codes`; the codes are those of the first edition, `later_codes` says
    which code stands for it from a day on.
    """

    codes: tuple[str, ...]
    areas: tuple[str, ...]
    weights: Floats
    later_codes: tuple[tuple[int, tuple[str, ...]], ...]
    post_codes: tuple[str, ...]
    home_areas: Mapping[str, str]

    @cached_property
    def area_codes(self) -> tuple[str, ...]:
        """The areas that have municipalities."""
        return tuple(sorted(set(self.areas)))

    @cached_property
    def area_of_place(self) -> Ints:
        """The index of its area, for each place."""
        return np.array([self.area_codes.index(a) for a in self.areas], np.int64)

    def draw_places(self, area: Ints, chance: Floats) -> Ints:
        """A place in each area (index), the large ones more often."""
        places = np.zeros(len(area), np.int64)
        for index in range(len(self.area_codes)):
            there = area == index
            weights = np.where(self.area_of_place == index, self.weights, 0.0)
            places[there] = choose(weights, chance[there])
        return places

    def refnis_texts(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """The REFNIS code of each place, per period: (first day, codes)."""
        return ((BEFORE_ALL_DAYS, self.codes), *self.later_codes)

    def post_code_texts(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """A post code of each place: (first day, codes)."""
        return ((BEFORE_ALL_DAYS, self.post_codes),)


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a seed. Raises UsageError when the file is missing."""
    if not path.is_file():
        raise UsageError(
            f"The seed {path} is missing. "
            "Run this from the project's folder, or name the folder of the seeds."
        )
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_code_tables(seeds: Path) -> dict[str, dict[str, CodeTable]]:
    """The crosswalks below `seeds`: operator, then dimension."""
    tables: dict[str, dict[str, CodeTable]] = {}
    for dimension in DIMENSIONS:
        rows = read_rows(seeds / "crosswalk" / f"crosswalk_{dimension}.csv")
        for operator in dict.fromkeys(row["operator"] for row in rows):
            own = [row for row in rows if row["operator"] == operator]
            tables.setdefault(operator, {})[dimension] = CodeTable(
                codes=tuple(row["source_code"] for row in own),
                targets=tuple(row["target_code"] for row in own),
                valid_from=np.array([_bound(row["valid_from"], BEFORE_ALL_DAYS) for row in own]),
                valid_to=np.array([_bound(row["valid_to"], AFTER_ALL_DAYS) for row in own]),
            )
    return tables


def read_geography(seeds: Path) -> Geography:
    """The municipalities, their mergers and the post codes below `seeds`."""
    folder = seeds / "geography"
    municipalities = read_rows(folder / "municipalities.csv")
    area_of = {row["refnis_code"]: row["area_code"] for row in municipalities}
    first_edition = [row for row in municipalities if row["valid_from"] < "2018-01-01"]
    codes = tuple(row["refnis_code"] for row in first_edition)

    later_codes = tuple(_later_codes(codes, read_rows(folder / "municipality_mergers.csv")))
    post_code_of: dict[str, str] = {}
    post_code_of_area: dict[str, str] = {}
    for row in read_rows(folder / "post_codes.csv"):
        if area_of.get(row["refnis_code"]) == row["area_code"]:
            post_code_of.setdefault(row["refnis_code"], row["post_code"])
            post_code_of_area.setdefault(row["area_code"], row["post_code"])
    post_codes = []
    for place, code in enumerate(codes):
        names = [code, *(later[place] for _, later in later_codes)]
        known = [post_code_of[name] for name in names if name in post_code_of]
        # a municipality without a post code in the list: one of its area
        post_codes.append(known[0] if known else post_code_of_area[area_of[code]])

    return Geography(
        codes=codes,
        areas=tuple(area_of[code] for code in codes),
        weights=np.array([WEIGHT_OF_CITIES.get(code, 1) for code in codes], np.float64),
        later_codes=later_codes,
        post_codes=tuple(post_codes),
        home_areas={
            row["operator"]: row["area_code"]
            for row in read_rows(folder / "operator_home_areas.csv")
        },
    )


def _bound(text: str, otherwise: int) -> int:
    return day(text) if text else otherwise


def _later_codes(
    codes: Sequence[str], mergers: Sequence[Mapping[str, str]]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    current = list(codes)
    for effective in sorted({row["effective_date"] for row in mergers}):
        successor: dict[str, str] = {}
        for row in mergers:
            if row["effective_date"] == effective:
                successor.setdefault(row["old_refnis_code"], row["new_refnis_code"])
        current = [successor.get(code, code) for code in current]
        yield day(effective), tuple(current)
