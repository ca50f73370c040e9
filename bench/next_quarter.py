"""Measures what a new quarter's delivery costs beside taking in and building everything anew.

Deliveries of invented persons over all quarters are written once. A warehouse of all quarters but
the last is made; then the last quarter is delivered, taken in and built on top of it, and beside it
everything is made anew. The figure marts of both are compared cell by cell before a time is told.

python bench/next_quarter.py                                  about 10 million rows in 32 quarters
python bench/next_quarter.py --persons 95000 --to 2019Q4      a tenth of the persons, eight quarters
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "peers"))

from comparing import differences, export
from deliveries import invent
from measuring import Measure, measure

from synerstat.secret import SAMPLE_SECRET, SECRET_VARIABLE

ROOT = Path(__file__).resolve().parents[1]
DATABASE = "synerstat.duckdb"


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

    def take_in_and_build(
        self, name: str, deliveries: Path, warehouse: Path, quarter: str
    ) -> tuple[Measure, Measure]:
        return (
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
        last = self.arguments.last
        delivered = self.deliveries()
        history, grown, anew = (self.work / name for name in ("history", "grown", "anew"))
        for folder in (history, grown, anew):
            shutil.rmtree(folder, ignore_errors=True)
        earlier = max(folder.name[:6] for folder in delivered.glob("*/*") if folder.name[:6] < last)
        shutil.copytree(
            delivered,
            history,
            copy_function=os.link,
            ignore=lambda _, names: [name for name in names if name.startswith(f"{last}-")],
        )
        self.take_in_and_build("quarters before", history, grown, earlier)
        added = self.take_in_and_build("next quarter", delivered, grown, last)
        whole = self.take_in_and_build("everything anew", delivered, anew, last)
        export(anew / DATABASE, self.work / "marts")
        if found := differences(grown / DATABASE, self.work / "marts"):
            print("\n".join(["The figures differ:", *found]), file=sys.stderr)
            return 1
        print("every cell of the marts agrees")
        for name, pair in (("next quarter", added), ("everything anew", whole)):
            intake, build = pair
            print(
                f"{name}: intake {intake.seconds:.1f} s, build {build.seconds:.1f} s; "
                f"{intake.processor_seconds + build.processor_seconds:.1f} s of processor, "
                f"{max(intake.largest_gb, build.largest_gb):.2f} GB"
            )
        share = sum(part.seconds for part in added) / sum(part.seconds for part in whole)
        print(f"the next quarter costs {share:.0%} of everything anew")
        for folder in (history, grown, anew):
            shutil.rmtree(folder)
        return 0


def arguments_of(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--persons", type=int, default=950_000)
    parser.add_argument("--from", dest="first", default="2018Q1", metavar="QUARTER")
    parser.add_argument("--to", dest="last", default="2025Q4", metavar="QUARTER")
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
