"""A disk that is full or can't be written: a clear end, and what stood there stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from intake.making import Place, row

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# files may not grow beyond it: the operating system refuses as it does on a full disk
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from synerstat.cli import main
main()
"""


def synerstat(most_bytes: int, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(most_bytes), *map(str, words)],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "SYNERSTAT_PERSON_KEY_SECRET": "of these tests alone"},
        check=False,
    )


def state(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_leaves_what_has_landed(place: Place) -> None:
    place.deliver_rows("vdab", [row("vdab")])
    words = ("intake", "--deliveries", place.deliveries, "--warehouse", place.warehouse)
    assert synerstat(10**9, *words).returncode == 0
    before = state(place.warehouse)
    place.deliver_rows("vdab", [row("vdab", record_id=f"R-{n}") for n in range(5000)], "2019Q2-1")
    result = synerstat(20_000, *words)
    assert result.returncode == 1
    assert "Check free disk space" in result.stderr
    assert "Traceback" not in result.stderr
    assert state(place.warehouse) == before
    assert synerstat(10**9, *words).returncode == 0
    assert len(place.records("vdab", "2019Q2-1")) == 5000


@pytest.mark.parametrize("command", ["intake", "build", "publish", "check"])
def test_a_folder_that_can_not_be_written_is_told(place: Place, command: str) -> None:
    """Nobody can make a folder below a file, whatever the rights."""
    delivery = place.deliver_rows("vdab", [row("vdab")])
    delivery.joinpath("manifest.json").unlink()
    (place.deliveries.parent / "file").write_text("", "utf-8")
    nowhere = place.deliveries.parent / "file" / "folder"
    words = {
        "intake": ("--deliveries", place.deliveries, "--warehouse", nowhere),
        "build": ("--warehouse", nowhere, "--quarter", "2019Q4"),
        "publish": ("--warehouse", place.deliveries, "--quarter", "2019Q4", "--out", nowhere),
        "check": ("--delivery", delivery, "--out", nowhere),
    }[command]
    result = synerstat(10**9, command, *words)
    assert result.returncode == (2 if command == "publish" else 1)
    assert "Traceback" not in result.stderr
    if command != "publish":
        assert "access rights" in result.stderr
