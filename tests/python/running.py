"""The command as a user gives it, and a run of it on the sample."""

import os
import subprocess
import sys
from pathlib import Path

from synerstat.secret import SAMPLE_SECRET
from synerstat.synthesise import write_sample

ROOT = Path(__file__).parents[2]


def synerstat(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with the secret of the sample."""
    return subprocess.run(
        [sys.executable, "-m", "synerstat", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "SYNERSTAT_PERSON_KEY_SECRET": SAMPLE_SECRET},
        check=False,
    )


class Sample:
    """The sample's deliveries below a folder, and where their runs write."""

    def __init__(self, folder: Path) -> None:
        self.deliveries = folder / "deliveries"
        self.warehouse = folder / "warehouse"
        self.out = folder / "publication"
        write_sample(self.deliveries, contracts=ROOT / "contracts", seeds=ROOT / "seeds")

    def run(self, quarter: str, *more: object) -> subprocess.CompletedProcess[str]:
        """From deliveries to publication; `more` are further words of the command."""
        return synerstat(
            "run",
            *("--deliveries", self.deliveries),
            *("--warehouse", self.warehouse),
            *("--quarter", quarter),
            *("--out", self.out),
            *more,
        )
