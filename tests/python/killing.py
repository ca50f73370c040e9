"""Kills a command at random moments, repeats it, and compares what is left with an unharmed run.

python tests/python/killing.py --kills 50          whole runs, some 20 minutes
python tests/python/killing.py --kills 20 --command intake
python tests/python/killing.py --kills 20 --command publish
                          a following quarter with full disclosure control, its figures being built

After every kill all that it left is searched for national numbers; they may stand in the private
work folders alone. Ends with 1 where anything differs.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
from traces import delivered_numbers, left_texts, numbers_in

from synerstat.secret import SAMPLE_SECRET
from synerstat.synthesise import write_sample

ROOT = Path(__file__).parents[2]
PRIVATE = (".intake-work",)
LONGEST_CHAIN = 8


@dataclass(frozen=True)
class Place:
    """Where a command works; nothing of it stands elsewhere, temporary files included."""

    root: Path
    deliveries: Path
    command: str
    quarter: str = "2019Q4"

    def start(self) -> "subprocess.Popen[bytes]":
        (self.root / "tmp").mkdir(parents=True, exist_ok=True)
        words: list[str | Path] = ["--warehouse", self.root / "warehouse"]
        if self.command in ("run", "intake"):
            words += ["--deliveries", self.deliveries]
        if self.command in ("run", "publish"):
            words += ["--quarter", self.quarter, "--out", self.root / "publication"]
        if self.command == "publish":
            words += ["--disclosure-control", "full"]
        if self.command == "build":
            words += ["--quarter", self.quarter]
        with (self.root / "output.txt").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "synerstat", self.command, *map(str, words)],
                cwd=ROOT,
                env={
                    **os.environ,
                    "SYNERSTAT_PERSON_KEY_SECRET": SAMPLE_SECRET,
                    "TMPDIR": str(self.root / "tmp"),
                },
                stdout=output,
                stderr=output,
            )

    def finish(self) -> float:
        """Run to the end; return the seconds that it took."""
        begin = time.monotonic()
        code = self.start().wait()
        assert code == 0, (self.root / "output.txt").read_text("utf-8")[-2000:]
        return time.monotonic() - begin

    def result(self) -> dict[str, str]:
        """Checksums of what counts: the landing, the figures, the publication."""
        sums = {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in ("warehouse/landing", "publication")
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file() and path.name != ".synerstat.lock"
        }
        if self.command in ("run", "publish"):
            sums |= dict(_figures(self.root / "warehouse" / "synerstat.duckdb"))
            sums["latest"] = str((self.root / "publication" / "latest").readlink())
        return sums

    def numbers_left(self, numbers: set[str]) -> list[str]:
        """Files outside of the private work folders in which a number stands."""
        for folder in self.root.rglob("*"):
            if folder.name in PRIVATE:
                assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
                shutil.move(folder, self.root.parent / f"private-{self.root.name}")
        places = [name for name, text in left_texts(self.root) if numbers_in(text, numbers)]
        if (kept := self.root.parent / f"private-{self.root.name}").exists():
            shutil.move(kept, self.root / "warehouse" / PRIVATE[0])
        return places


def _figures(database: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
        for (table,) in sorted(tables):
            rows = connection.execute(f"select * from marts.{table} order by all").fetchall()
            yield table, hashlib.sha256(repr(rows).encode()).hexdigest()


def published(folder: Path) -> dict[str, str]:
    """Checksums of what stands published; raise AssertionError where a vintage is not whole."""
    sums = {}
    for vintage in sorted(folder.glob("*/v*")):
        listed = dict(
            line.split("  ", 1)[::-1]
            for line in (vintage / "SHA256SUMS").read_text("utf-8").splitlines()
        )
        for name, digest in listed.items():
            assert hashlib.sha256((vintage / name).read_bytes()).hexdigest() == digest, name
            sums[str((vintage / name).relative_to(folder))] = digest
    assert (folder / "latest").resolve().is_dir()
    return sums


def kill_some(place: Place, choose: random.Random, seconds: float, most: int) -> Iterator[str]:
    """Start the command again and again, each time killed at some moment; yield the moments."""
    for _ in range(min(choose.randint(1, LONGEST_CHAIN), most)):
        process = place.start()
        moment = choose.uniform(0, seconds)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        yield f"{moment:.1f}{'' if process.wait() else ' (done)'}"


def repeated(place: Place, expected: dict[str, str], moments: list[str]) -> str:
    """Run to the end and say so; raise AssertionError where the result is not as expected."""
    place.finish()
    found = place.result()
    differing = {name for name in expected | found if expected.get(name) != found.get(name)}
    assert not differing, f"after {moments}: {sorted(differing)[:10]}"
    return f"killed after {', '.join(moments)} s, repeated: the same"


def kill_publications(work: Path, kills: int, seed: int) -> Iterator[str]:
    """Kill the publication of a following quarter; yield a line for each chain of kills.

    After each kill the vintage before stands as it was, and nothing stands that is not whole. What
    was built is put back to the same place each time, because views name files by their full path.
    """
    choose = random.Random(seed)
    deliveries, prepared = work / "deliveries", work / "prepared"
    write_sample(deliveries, contracts=ROOT / "contracts", seeds=ROOT / "seeds")
    for folder in deliveries.glob("*/2018*"):
        shutil.rmtree(folder)
    place = Place(work / "place", deliveries, "publish")
    for command, quarter in (
        ("intake", ""),
        ("build", "2019Q3"),
        ("publish", "2019Q3"),
        ("build", "2019Q4"),
    ):
        Place(place.root, deliveries, command, quarter).finish()
    before = published(place.root / "publication")
    shutil.copytree(place.root, prepared, symlinks=True)
    seconds = place.finish()
    expected = place.result()
    assert published(place.root / "publication").items() > before.items()
    yield f"unharmed: {seconds:.1f} s, {len(expected)} files and tables"
    done = 0
    while done < kills:
        shutil.rmtree(place.root)
        shutil.copytree(prepared, place.root, symlinks=True)
        moments = []
        for moment in kill_some(place, choose, seconds, kills - done):
            moments.append(moment)
            assert published(place.root / "publication").items() >= before.items()
        done += len(moments)
        yield repeated(place, expected, moments)


def kill_and_compare(work: Path, command: str, kills: int, seed: int) -> Iterator[str]:
    """Yield a line for each chain of kills; raise AssertionError where something differs.

    The state of a landed file is told by its time, too, which is the same for all: they all read
    the same deliveries.
    """
    choose = random.Random(seed)
    deliveries = work / "deliveries"
    write_sample(deliveries, contracts=ROOT / "contracts", seeds=ROOT / "seeds")
    for folder in deliveries.glob("*/2018*"):
        shutil.rmtree(folder)
    numbers = delivered_numbers(deliveries)
    unharmed = Place(work / "unharmed", deliveries, command)
    seconds = unharmed.finish()
    expected = unharmed.result()
    assert len(expected) > 10
    yield f"unharmed: {seconds:.1f} s, {len(expected)} files and tables, {len(numbers)} numbers"
    done = 0
    while done < kills:
        place = Place(work / f"killed-{done}", deliveries, command)
        moments = []
        for moment in kill_some(place, choose, seconds, kills - done):
            moments.append(moment)
            assert not place.numbers_left(numbers), place.numbers_left(numbers)
        done += len(moments)
        told = repeated(place, expected, moments)
        left = [str(p) for p in place.root.rglob("*") if p.name in PRIVATE]
        assert not left, left
        assert not place.numbers_left(numbers)
        yield told
        shutil.rmtree(place.root)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", choices=("run", "intake", "publish"), default="run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        lines = (
            kill_publications(Path(work), arguments.kills, arguments.seed)
            if arguments.command == "publish"
            else kill_and_compare(Path(work), arguments.command, arguments.kills, arguments.seed)
        )
        for line in lines:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
