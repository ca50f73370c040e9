"""Deliveries of invented persons, for the measurements to read."""

import shutil
import sys
from pathlib import Path

from measuring import Measure, measure

ROOT = Path(__file__).resolve().parents[1]


def invent(folder: Path, persons: int, first: str, last: str) -> Measure | None:
    """Write deliveries of all operators from quarter to quarter; None where they stand there.

    The folder is there whole or not at all.
    """
    if folder.exists():
        return None
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    words = ["--out", partial, "--persons", persons, "--from", first, "--to", last]
    taken = measure(
        [sys.executable, "-m", "synerstat", "synthesise", *map(str, words)],
        folder=ROOT,
        log=partial.with_suffix(".log"),
        # not measured: as long as it takes
        seconds=24 * 3600,
    )
    if taken.is_done:
        partial.rename(folder)
    return taken
