"""Measures the whole warehouse, and what one would write instead of it, on this machine.

For each size: deliveries of invented persons (made once), `synerstat run`; intake, build and
publish one by one; the marts alone; and the peers of bench/peers/ on the same landed rows. Every
mart of every peer is compared with the warehouse's, cell by cell, before any time is told; where
one differs nothing is written. Results go to <work>/results.json, and from there into
docs/performance.md and its chart.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "peers"))

import duckdb
from common import MARTS
from comparing import differences, export
from deliveries import invent
from measuring import GB, Measure, measure
from performance_page import write_page

from synerstat.secret import SAMPLE_SECRET, SECRET_VARIABLE

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("by_hand", "with_polars", "with_pandas", "with_pandas_plainly")
FIRST, LAST = "2018Q1", "2019Q4"
PERSONS_PER_MILLION = 250_000
# of five million persons nearly all have a national number of their own, of twelve million two
# thirds: more rows come from more quarters
MOST_MILLIONS_OF_TWO_YEARS = 20
LAST_OF_EIGHT_YEARS = "2025Q4"
PERSONS_PER_MILLION_OF_EIGHT_YEARS = 95_000
COMMAND = [sys.executable, "-m", "synerstat"]
EXAMPLES = """examples:
  make bench                                            1 and 10 million rows, all peers
  .venv/bin/python bench/run.py --sizes 1               1 million only (some minutes)
  make bench BENCH_OPTIONS="--sizes 50 --memory-limit 12GB"    50 million, beside them
  .venv/bin/python bench/run.py --page-only             write the page from the last results
"""


class DifferentFiguresError(Exception):
    """Somebody came to other figures than the warehouse."""


def run_peer(
    peer: str,
    landing: Path,
    out: Path,
    *,
    quarter: str = LAST,
    threads: int = 2,
    seconds: float = 3600,
    memory_gb: float | None = None,
) -> tuple[Measure, float | None]:
    """Let a peer write the marts to `out`: what its process took, and the seconds of the work."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    words = ["--landing", landing, "--quarter", quarter, "--out", out, "--threads", threads]
    taken = measure(
        [sys.executable, str(ROOT / "bench" / "peers" / f"{peer}.py"), *map(str, words)],
        folder=ROOT,
        log=out / "log.txt",
        environment={"POLARS_MAX_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)},
        seconds=seconds,
        memory_gb=memory_gb,
    )
    told = out / "seconds.json"
    return taken, json.loads(told.read_text("utf-8")) if taken.is_done else None


class Size:
    """The measures of one number of rows."""

    def __init__(self, millions: int, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.work: Path = arguments.work / f"{millions}m"
        self.deliveries: Path = arguments.work / f"deliveries-{millions}m"
        self.persons, self.last = millions * PERSONS_PER_MILLION, LAST
        if millions > MOST_MILLIONS_OF_TWO_YEARS:
            self.persons = millions * PERSONS_PER_MILLION_OF_EIGHT_YEARS
            self.last = LAST_OF_EIGHT_YEARS
        self.result: dict[str, Any] = {"millions": millions}

    def measure(self) -> dict[str, Any]:
        self.synthesise()
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        whole, built, alone = (self.work / name for name in ("run", "warehouse", "marts"))
        words = ["--deliveries", self.deliveries, "--out", whole / "out"]
        self.result["run"] = self.tell("run", self.command("run", whole, *words))
        self.finish(whole)
        self.measure_phases(built)
        self.measure_marts(built, alone)
        self.measure_peers(built)
        self.finish(built)
        return self.result

    def synthesise(self) -> None:
        if taken := invent(self.deliveries, self.persons, FIRST, self.last):
            self.tell("synthesise", taken)

    def measure_phases(self, warehouse: Path) -> None:
        """Intake, build and publish as commands of their own."""
        phases = self.result["phases"] = {}
        phases["intake"] = self.tell(
            "intake", self.command("intake", warehouse, "--deliveries", self.deliveries)
        )
        self.result["rows"], self.result["deliveries"] = _landed(warehouse)
        phases["build"] = self.tell("build", self.command("build", warehouse))
        self.result["build_models"] = _models(warehouse)
        out = warehouse / "out"
        phases["publish"] = self.tell("publish", self.command("publish", warehouse, "--out", out))
        if self.arguments.full_control:
            words = ["--out", warehouse / "protected", "--disclosure-control", "full"]
            taken = self.command("publish", warehouse, *words, seconds=self.arguments.peer_seconds)
            phases["publish, full control"] = self.tell(
                "publish, full control", taken, may_end_early=True
            )

    def measure_marts(self, built: Path, alone: Path) -> None:
        """The models behind the marts that the peers compute, built by dbt from nothing."""
        shutil.copytree(built / "landing", alone / "landing", copy_function=os.link)
        taken = measure(
            [
                *(str(Path(sys.executable).with_name("dbt")), "--quiet", "build"),
                *("--select", *(f"+{mart}" for mart in MARTS)),
                *("--resource-type", "model", "--resource-type", "seed"),
                *("--profiles-dir", str(ROOT / "profiles"), "--project-dir", str(ROOT)),
                *("--target-path", str(alone / "target"), "--log-path", str(alone / "logs")),
                *("--vars", json.dumps({"reference_quarter": self.last})),
            ],
            folder=ROOT,
            log=self.work / "marts.log",
            environment={
                "SYNERSTAT_WAREHOUSE": str(alone),
                "SYNERSTAT_THREADS": str(self.arguments.threads),
                "SYNERSTAT_MEMORY_LIMIT": self.arguments.memory_limit,
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
            },
        )
        told = self.tell("marts by dbt", taken)
        models = _models(alone)
        # from the first model's start to the last one's end: without the reading of the project
        seconds = max(each["ended"] for each in models) - min(each["begun"] for each in models)
        self.result["marts"] = {**told, "work_seconds": seconds, "models": models}
        marts = self.work / "by_dbt"
        export(alone / "synerstat.duckdb", marts)
        self.compare("marts by dbt", built, marts)
        self.finish(alone)

    def measure_peers(self, built: Path) -> None:
        peers = self.result["peers"] = {}
        for peer in self.arguments.peers:
            out = self.work / peer
            taken, seconds = run_peer(
                peer,
                built / "landing",
                out,
                quarter=self.last,
                threads=self.arguments.threads,
                seconds=self.arguments.peer_seconds,
                memory_gb=self.arguments.peer_memory,
            )
            stopped = taken.ended in ("out of time", "out of memory")
            peers[peer] = {**self.tell(peer, taken, may_end_early=True), "work_seconds": seconds}
            if not taken.is_done and not stopped:
                raise SystemExit(f"{peer}: {taken.ended}; see {out / 'log.txt'}")
            if taken.is_done:
                self.compare(peer, built, out)

    def compare(self, peer: str, built: Path, marts: Path) -> None:
        """Raises DifferentFiguresError where one cell is not that of the warehouse."""
        if found := differences(built / "synerstat.duckdb", marts):
            raise DifferentFiguresError("\n".join([f"{peer} differs:", *found]))
        print(f"{self.result['millions']} million rows: {peer}: every cell agrees", flush=True)

    def command(
        self, name: str, warehouse: Path, *words: str | Path, seconds: float | None = None
    ) -> Measure:
        """A command of synerstat, with the throw-away secret: the persons are invented."""
        given = [*map(str, words), "--warehouse", str(warehouse)]
        if name != "intake":
            given += ["--quarter", self.last, "--threads", str(self.arguments.threads)]
            given += ["--memory-limit", self.arguments.memory_limit]
        return measure(
            [*COMMAND, name, *given],
            folder=ROOT,
            log=self.work / f"{name} {len(self.result.get('phases', ()))}.log",
            environment={SECRET_VARIABLE: SAMPLE_SECRET},
            seconds=seconds or self.arguments.seconds,
        )

    def tell(self, name: str, taken: Measure, *, may_end_early: bool = False) -> dict[str, Any]:
        """Say how far it is; no time is told before the figures are compared."""
        print(f"{self.result['millions']} million rows: {name}: {taken.ended}", flush=True)
        if not taken.is_done and not may_end_early:
            raise SystemExit(f"{name}: {taken.ended}; see the logs in {self.work}")
        return asdict(taken)

    def finish(self, folder: Path) -> None:
        if not self.arguments.keep:
            shutil.rmtree(folder)


def _models(warehouse: Path) -> list[dict[str, Any]]:
    """What each model took in the last dbt run; when it began and ended, in seconds."""
    told = json.loads((warehouse / "target" / "run_results.json").read_text("utf-8"))
    models = []
    for each in told["results"]:
        kind, _, name = each["unique_id"].split(".", 2)
        times = [t for t in each["timing"] if t["name"] == "execute"]
        if kind == "model" and times:
            begun, ended = (
                datetime.fromisoformat(times[0][edge]).timestamp()
                for edge in ("started_at", "completed_at")
            )
            models.append({"name": name, "begun": begun, "ended": ended})
    return models


def _landed(warehouse: Path) -> tuple[int, int]:
    """Rows and deliveries that have landed."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "select cast(sum(row_count) as bigint), count(*) from read_parquet($1)",
            [str(warehouse / "landing" / "*" / "*" / "delivery.parquet")],
        ).fetchall()
    return found[0]


def _machine() -> dict[str, Any]:
    """Processor, cores and memory, as Linux tells them."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GB,
        "system": platform.system(),
    }


def _commit() -> str:
    """The commit that was measured, where the folder is a clone."""
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    return told.stdout.strip()


def _measured_before(told: Path) -> dict[str, Any]:
    """The sizes that were measured on this machine with these versions, each by itself."""
    results: dict[str, Any] = {
        "machine": _machine(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("dbt-core", "duckdb", "polars", "pandas")},
        },
    }
    before = json.loads(told.read_text("utf-8")) if told.exists() else {}
    same = all(before.get(name) == value for name, value in results.items())
    return results | {"sizes": before["sizes"] if same else []}


def _sizes(text: str) -> list[int]:
    sizes = sorted({int(part) for part in text.split(",")})
    if sizes[0] < 1:
        raise argparse.ArgumentTypeError("sizes are whole millions of rows, such as 1,10")
    return sizes


def _peers(text: str) -> list[str]:
    peers = [part for part in text.split(",") if part]
    if unknown := sorted({*peers} - {*PEERS}):
        raise argparse.ArgumentTypeError(f"no peers: {', '.join(unknown)}")
    return peers


def arguments_of(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--sizes", type=_sizes, default=[1, 10], help="millions of rows (default: 1,10)"
    )
    parser.add_argument(
        "--peers", type=_peers, default=list(PEERS), help=f"default: {','.join(PEERS)}"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bench", help="folder")
    parser.add_argument("--keep", action="store_true", help="keep the warehouses")
    parser.add_argument(
        "--full-control", action="store_true", help="publish with full disclosure control too"
    )
    parser.add_argument("--threads", type=int, default=2, help="of every tool (default: 2)")
    parser.add_argument(
        "--memory-limit", default="3GB", help="of the warehouse's engine (default: 3GB)"
    )
    parser.add_argument(
        "--seconds", type=float, default=1800, help="longest for a command (default: 1800)"
    )
    parser.add_argument(
        "--peer-seconds",
        type=float,
        default=1800,
        help="longest for a peer, and for full disclosure control (default: 1800)",
    )
    parser.add_argument(
        "--peer-memory",
        type=float,
        default=round(0.8 * _machine()["memory_gb"]),
        help="most for a peer, in GB (default: four fifths of the machine's)",
    )
    parser.add_argument(
        "--page", type=Path, default=ROOT / "docs" / "performance.md", help="page to write to"
    )
    parser.add_argument(
        "--page-only", action="store_true", help="write the page from the last results"
    )
    return parser.parse_args(words)


def main() -> int:
    arguments = arguments_of()
    arguments.work = arguments.work.resolve()
    told = arguments.work / "results.json"
    if not arguments.page_only:
        results = _measured_before(told)
        how = {
            "date": date.today().isoformat(),
            "commit": _commit(),
            "threads": arguments.threads,
            "memory_limit": arguments.memory_limit,
            "peer_seconds": arguments.peer_seconds,
            "peer_memory_gb": arguments.peer_memory,
        }
        for millions in arguments.sizes:
            try:
                size = how | Size(millions, arguments).measure()
            except DifferentFiguresError as error:
                print(f"{error}\nNo time is told of figures that differ.", file=sys.stderr)
                return 1
            others = [each for each in results["sizes"] if each["millions"] != millions]
            results["sizes"] = sorted([*others, size], key=itemgetter("millions"))
            told.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    write_page(json.loads(told.read_text("utf-8")), arguments.page)
    print(f"The results are in {told}, the tables in {arguments.page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
