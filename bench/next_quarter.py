"""Measures what a new quarter's delivery costs beside taking in and building everything anew.

Deliveries of invented persons over all quarters are written once. A warehouse of all quarters but
the last four is made; then these are delivered one after the other, each taken in and built on top
of what there is. Beside each, everything up to it is made anew. The figure marts of both are
compared cell by cell before a time is told. A whole year, because its quarters cost differently:
the fourth adds the year, and some quarters have corrected deliveries.

python bench/next_quarter.py                                  about 10 million rows in 32 quarters
python bench/next_quarter.py --persons 95000 --to 2019Q4      a tenth of the persons, eight quarters
python bench/next_quarter.py --quarters 1                     only the last quarter
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "peers"))

from comparing import differences, export
from deliveries import invent
from measuring import Measure, measure

from synerstat.secret import SAMPLE_SECRET, SECRET_VARIABLE

ROOT = Path(__file__).resolve().parents[1]
DATABASE = "synerstat.duckdb"


@dataclass(frozen=True)
class Cost:
    """What taking in and building took."""

    intake: Measure
    build: Measure

    @property
    def seconds(self) -> float:
        return self.intake.seconds + self.build.seconds

    def told(self) -> str:
        processor = self.intake.processor_seconds + self.build.processor_seconds
        largest = max(self.intake.largest_gb, self.build.largest_gb)
        return (
            f"intake {self.intake.seconds:.1f} s, build {self.build.seconds:.1f} s; "
            f"{processor:.1f} s of processor, {largest:.2f} GB"
        )


class Bench:
    """Runs commands of synerstat on the warehouses of the comparison."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.work: Path = arguments.work
        self.engine = ["--threads", arguments.threads, "--memory-limit", arguments.memory_limit]

    def run(self, name: str, *words: object) -> Measure:
        taken = measure(
            [sys.executable, "-m", "synerstat", *map(str, words)],
            folder=ROOT,
            log=self.work / f"{name}.log",
            environment={SECRET_VARIABLE: SAMPLE_SECRET},
            seconds=self.arguments.seconds,
        )
        self.tell(name, taken)
        return taken

    def tell(self, name: str, taken: Measure) -> None:
        """Say how far it is; no time is told before the figures are compared."""
        print(f"{name}: {taken.ended}", flush=True)
        if not taken.is_done:
            raise SystemExit(f"{name}: see the logs in {self.work}")

    def take_in_and_build(self, name: str, deliveries: Path, warehouse: Path, quarter: str) -> Cost:
        return Cost(
            self.run(
                f"{name}, intake",
                *("intake", "--deliveries", deliveries, "--warehouse", warehouse),
            ),
            self.run(
                f"{name}, build",
                *("build", "--warehouse", warehouse, "--quarter", quarter, *self.engine),
            ),
        )

    def deliveries(self) -> Path:
        wanted = (self.arguments.persons, self.arguments.first, self.arguments.last)
        folder = self.work / ("deliveries-{}-{}-{}".format(*wanted))
        if taken := invent(folder, *wanted):
            self.tell("synthesise", taken)
        return folder

    def measure(self) -> int:
        delivered = self.deliveries()
        arrived, grown, anew = (self.work / name for name in ("arrived", "grown", "anew"))
        for folder in (arrived, grown, anew):
            shutil.rmtree(folder, ignore_errors=True)
        quarters = sorted({folder.name[:6] for folder in delivered.glob("*/*/")})
        history, steps = (
            quarters[: -self.arguments.quarters],
            quarters[-self.arguments.quarters :],
        )
        if not history or not steps:
            raise SystemExit(
                f"--quarters {self.arguments.quarters}: of {len(quarters)} quarters some must come "
                "before, and at least one on top."
            )
        for quarter in history:
            deliver(quarter, delivered, arrived)
        self.take_in_and_build(f"up to {history[-1]}", arrived, grown, history[-1])
        costs: dict[str, tuple[Cost, Cost]] = {}
        for quarter in steps:
            deliver(quarter, delivered, arrived)
            shutil.rmtree(anew, ignore_errors=True)
            costs[quarter] = (
                self.take_in_and_build(f"{quarter} on top", arrived, grown, quarter),
                self.take_in_and_build(f"{quarter}, everything anew", arrived, anew, quarter),
            )
            export(anew / DATABASE, self.work / "marts")
            if found := differences(grown / DATABASE, self.work / "marts"):
                print("\n".join([f"The figures differ in {quarter}:", *found]), file=sys.stderr)
                return 1
        print(f"every cell of the marts agrees, in each of {len(costs)} quarters")
        for quarter, (added, whole) in costs.items():
            print(f"{quarter} on top: {added.told()}")
            print(f"{quarter}, everything anew: {whole.told()}")
            print(f"{quarter} costs {added.seconds / whole.seconds:.1%} of everything anew")
        together, each_anew = (sum(pair[at].seconds for pair in costs.values()) for at in (0, 1))
        print(f"together they cost {together / each_anew:.1%} of making everything anew each time")
        for folder in (arrived, grown, anew):
            shutil.rmtree(folder)
        return 0


def deliver(quarter: str, source: Path, target: Path) -> None:
    """Put the deliveries of one quarter beside those that have arrived, as links to the files."""
    for folder in source.glob(f"*/{quarter}-*/"):
        shutil.copytree(folder, target / folder.relative_to(source), copy_function=os.link)
    # identifier replacements hold for all quarters
    for file in source.glob("*.*"):
        if not (target / file.name).exists():
            os.link(file, target / file.name)


def arguments_of(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--persons", type=int, default=950_000)
    parser.add_argument("--from", dest="first", default="2018Q1", metavar="QUARTER")
    parser.add_argument("--to", dest="last", default="2025Q4", metavar="QUARTER")
    parser.add_argument("--quarters", type=int, default=4, help="so many of the last, one by one")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bench" / "next-quarter")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-limit", default="4GB")
    parser.add_argument("--seconds", type=float, default=3600, help="longest for a command")
    return parser.parse_args(words)


def main() -> int:
    arguments = arguments_of()
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    return Bench(arguments).measure()


if __name__ == "__main__":
    sys.exit(main())
