"""Measures intake: seconds, processor seconds and peak memory for a number of delivered rows.

python bench/intake_rate.py --rows 1000000 10000000 --work DIR

Invented deliveries of all four operators, text files only, are written once to DIR/base and linked
as often as it takes. Needs some 10 GB of disk for ten million rows. Prints one line for each size.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECRET = "a secret of the benchmark, of no use elsewhere"
PERSONS = 250_000


def write_base(base: Path, persons: int) -> None:
    """Deliveries of two years; those that are no plain text files are taken away."""
    words = ["--persons", persons, "--from", "2018Q1", "--to", "2019Q4", "--seed", 1]
    subprocess.run(
        [sys.executable, "-m", "synerstat", "synthesise", "--out", str(base), *map(str, words)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (base / "identifier_replacements.csv").unlink(missing_ok=True)
    for manifest in base.glob("*/*/manifest.json"):
        files = json.loads(manifest.read_text("utf-8"))["files"]
        if not all(file["name"].endswith(".csv") for file in files):
            shutil.rmtree(manifest.parent)


def link(base: Path, target: Path, wanted: int) -> Counter[str]:
    """Link deliveries of `base` under new sequences until there are `wanted` rows; the rows of
    each operator.
    """
    rows: Counter[str] = Counter()
    manifests = sorted(base.glob("*/*/manifest.json"))
    # quarter by quarter, so that every size has all four operators in like shares
    manifests.sort(key=lambda path: path.parent.name)
    copy = 0
    while rows.total() < wanted:
        copy += 1
        for path in manifests:
            manifest = json.loads(path.read_text("utf-8"))
            manifest["sequence"] = copy * 100 + manifest["sequence"]
            name = f"{manifest['reference_quarter']}-{manifest['sequence']}"
            folder = target / manifest["operator"] / name
            folder.mkdir(parents=True)
            for file in manifest["files"]:
                os.link(path.parent / file["name"], folder / file["name"])
                rows[manifest["operator"]] += file["rows"]
            (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
            if rows.total() >= wanted:
                break
    return rows


def measure(deliveries: Path, warehouse: Path) -> tuple[float, float, float]:
    """Seconds, processor seconds and the largest resident memory in GB of one intake."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "synerstat", "intake"),
            *("--deliveries", str(deliveries), "--warehouse", str(warehouse)),
        ],
        cwd=ROOT,
        env={**os.environ, "SYNERSTAT_PERSON_KEY_SECRET": SECRET},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # Linux counts in KiB
    return seconds, processor, after.ru_maxrss * 1024 / 1e9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--persons", type=int, default=PERSONS, help="persons of the base")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--prepare", action="store_true", help="write the deliveries, no more")
    arguments = parser.parse_args()
    base = arguments.work / "base"
    if not base.exists():
        write_base(base, arguments.persons)
    for wanted in sorted(arguments.rows):
        deliveries = arguments.work / f"deliveries-{wanted}"
        warehouse = arguments.work / f"warehouse-{wanted}"
        for folder in (deliveries, warehouse):
            shutil.rmtree(folder, ignore_errors=True)
        rows = link(base, deliveries, wanted)
        size = sum(path.stat().st_size for path in deliveries.rglob("*.csv"))
        if arguments.prepare:
            continue
        seconds, processor, memory = measure(deliveries, warehouse)
        sys.stdout.write(
            f"{rows.total():>12,} rows ({size / 1e9:.2f} GB; "
            f"{', '.join(f'{name} {count:,}' for name, count in sorted(rows.items()))}): "
            f"{seconds:.1f} s, {processor:.1f} processor s, {memory:.2f} GB, "
            f"{processor / rows.total() * 1e6:.1f} processor microseconds a row\n"
        )
        sys.stdout.flush()
        shutil.rmtree(warehouse)
    return 0


if __name__ == "__main__":
    sys.exit(main())
