"""The formats are made by a process of their own, from the files alone."""

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from formats.vintages import EDITION, connect, write_plain

from synerstat.errors import PublicationError
from synerstat.publish.formats import formats_at_hand, writing_formats

KILLED = """
import os, signal, sys
from pathlib import Path
from formats.vintages import EDITION, connect, read_tables
from synerstat.publish.formats import writing_formats
if __name__ == "__main__":
    with connect() as connection:
        read_tables(Path(sys.argv[1]), connection)
        with writing_formats(Path(sys.argv[1]), connection, EDITION):
            os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_other_process_writes_the_same_bytes(vintage: Path, tmp_path: Path) -> None:
    with connect() as connection:
        write_plain(tmp_path, connection)
        with writing_formats(tmp_path, connection, EDITION):
            pass
    files = {path.relative_to(vintage): path for path in vintage.rglob("*") if path.is_file()}
    again = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*") if path.is_file()}
    assert files.keys() == again.keys()
    assert [name for name in files if files[name].read_bytes() != again[name].read_bytes()] == []


def test_what_is_wrong_there_is_told_here(tmp_path: Path) -> None:
    with connect() as connection:
        write_plain(tmp_path, connection)
        path = tmp_path / "data" / "mirror.parquet"
        connection.execute(
            "copy (from published_mirror union all (from published_mirror limit 1)) "
            f"to '{path}' (format parquet)"
        )
        with (
            pytest.raises(PublicationError, match="mirror a key stands twice"),
            writing_formats(tmp_path, connection, EDITION),
        ):
            pass


def test_a_process_at_hand_writes_what_it_is_told_and_ends(vintage: Path, tmp_path: Path) -> None:
    with connect() as connection, formats_at_hand() as formats:
        for name in ("one", "two"):
            write_plain(tmp_path / name, connection)
            with writing_formats(tmp_path / name, connection, EDITION, formats):
                pass
    agreement = (vintage / "quality" / "format_agreement.csv").read_bytes()
    for name in ("one", "two"):
        assert (tmp_path / name / "quality" / "format_agreement.csv").read_bytes() == agreement


def test_a_process_at_hand_that_is_not_needed_ends() -> None:
    with formats_at_hand():
        pass


def test_what_is_wrong_in_a_process_at_hand_is_told_here(tmp_path: Path) -> None:
    with connect() as connection:
        write_plain(tmp_path, connection)
        (tmp_path / "data" / "mirror.parquet").unlink()
        with (
            pytest.raises(duckdb.IOException, match="mirror"),
            formats_at_hand() as formats,
            writing_formats(tmp_path, connection, EDITION, formats),
        ):
            pass


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    with connect() as connection:
        write_plain(tmp_path, connection)
    script = tmp_path / "killed.py"
    script.write_text(KILLED, "utf-8")
    # returns once nobody holds the output any more, the other process included
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "quality").exists()
