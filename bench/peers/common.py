"""What the peers share: how they are started, where things are, what the marts look like."""

import argparse
import csv
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from synerstat.contracts import DeliveryContract

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "seeds"
CONTRACTS = ROOT / "contracts"

# the dimensions of the cubes, after freq and time_period
CUBES = {
    "mart_participants_by_training": (
        "training_area",
        "operator",
        "training_type",
        "delivery_mode",
    ),
    "mart_participants_by_profile": ("training_area", "sex", "age_group", "education_level"),
    "mart_participants_by_status": ("operator", "training_type", "labour_status", "sex"),
    "mart_interregional_mobility": ("residence_area", "operator"),
}
JOB_SEEKERS_ONLY = ("mart_interregional_mobility",)
MARTS = (*CUBES, "mart_mirror_flows", "mart_delivery_accounting", "mart_delivery_findings")
# how the codes of a row are called after `source_`, in the rows and in the names of the crosswalks
DIMENSIONS_OF_CODES = (
    "training_type",
    "delivery_mode",
    "sex",
    "labour_status",
    "education_level",
    "organiser",
)
OPERATORS_WITH_POST_CODES = ("adg",)

with (SEEDS / "quality" / "quality_rules.csv").open(encoding="utf-8", newline="") as file:
    _rules = [(line["rule"], line["severity"]) for line in csv.DictReader(file)]
# broken rules are the bits of one number, the errors first
RULES = [rule for rule, _ in _rules]
ERRORS = [rule for rule, severity in _rules if severity == "error"]


def levels(dimensions: Sequence[str]) -> Iterator[list[str]]:
    """The dimensions that each level of a cube keeps: from none of them to all."""
    for size in range(len(dimensions) + 1):
        yield from map(list, itertools.combinations(dimensions, size))


def date_pattern(contract: DeliveryContract) -> str:
    """What a date of the operator looks like."""
    pattern = contract.strptime_format.replace(".", "[.]").replace("%Y", "[0-9]{4}")
    return f"^{pattern.replace('%d', '[0-9]{2}').replace('%m', '[0-9]{2}')}$"


@dataclass(frozen=True)
class Task:
    """What a peer is to do. `rules`: the numbers of dbt_project.yml that the rules need."""

    landing: Path
    quarter: str
    out: Path
    threads: int
    rules: dict[str, Any]

    @property
    def replacements(self) -> Path | None:
        """Replaced keys, where any have landed."""
        path = self.landing / "identifier_replacements.parquet"
        return path if path.exists() else None

    @property
    def last_quarter(self) -> int:
        """The reference quarter as year * 4 + 0 to 3."""
        return int(self.quarter[:4]) * 4 + int(self.quarter[5]) - 1

    @property
    def first_quarter(self) -> int:
        return int(self.rules["coverage_start"][:4]) * 4

    @property
    def years(self) -> range:
        """The years that are complete."""
        return range(self.first_quarter // 4, (self.last_quarter + 1) // 4)


def main(write_marts: Callable[[Task], None]) -> None:
    """Do what the command line asks for, and note the seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--quarter", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    rules = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))["vars"]
    arguments.out.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    write_marts(Task(**vars(arguments), rules=rules))
    seconds = time.perf_counter() - begun
    (arguments.out / "seconds.json").write_text(json.dumps(seconds), "utf-8")
