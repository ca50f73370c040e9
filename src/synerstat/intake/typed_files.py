"""Reads workbooks and Parquet files in a process of its own.

The readers of both formats are libraries that hold much in memory and may break on a file that was
made to break them. A process of its own has bounds on memory and time, and takes nothing but
itself down.
"""

import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any, BinaryIO, Final

import duckdb

from synerstat.contracts import DeliveryContract
from synerstat.intake.columns import ColumnMatch, match_columns
from synerstat.intake.limits import IntakeLimits
from synerstat.intake.manifest import ManifestFile
from synerstat.intake.parquet_files import ParquetFile
from synerstat.intake.results import RefusalReason, RefusedError, UnreadableFileError
from synerstat.intake.workbooks import Workbook

_SECRET: Final = "SECRET"


@dataclass(frozen=True)
class TypedFile:
    """A file to read. The values are written to `work`/values.parquet, which is made private."""

    path: Path
    file: ManifestFile
    contract: DeliveryContract
    limits: IntakeLimits
    work: Path

    @property
    def values(self) -> Path:
        """Columns: row_number, line_number, value_0 ... for each column of the contract."""
        return self.work / "values.parquet"


def read_typed_file(request: TypedFile) -> tuple[int, ColumnMatch]:
    """Write the values as text; return the number of rows and where the columns stood.

    Raises RefusedError where the file can't be used: broken, too much, without header or columns.
    """
    environment = {name: value for name, value in os.environ.items() if _SECRET not in name}
    with subprocess.Popen(
        [sys.executable, "-m", __spec__.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as process:
        try:
            answer = _ask(process, pickle.dumps(request), request.limits.reader_seconds)
        finally:
            process.kill()
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()
    return _understood(answer, request)


def _ask(process: "subprocess.Popen[bytes]", question: bytes, seconds: float) -> bytes | None:
    """The answer; None where there is none in time."""
    assert process.stdin is not None
    assert process.stdout is not None
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        # a process that is gone already has nothing to say, which is told below
        with suppress(BrokenPipeError):
            # standard input stays open: its end tells the reader that nobody waits any longer
            process.stdin.write(len(question).to_bytes(8, "big") + question)
            process.stdin.flush()
        return process.stdout.read() or None
    finally:
        timer.cancel()


def _understood(answer: bytes | None, request: TypedFile) -> tuple[int, ColumnMatch]:
    limits, name = request.limits, request.file.name
    if answer is None:
        raise RefusedError(
            RefusalReason.UNREADABLE_FILE,
            "reader_gave_up",
            name,
            memory=limits.reader_memory_bytes,
            seconds=limits.reader_seconds,
        )
    told = json.loads(answer)
    if "reason" in told:
        raise RefusedError(RefusalReason(told["reason"]), told["detail"], name, **told["values"])
    if "fault" in told:
        # not the file's: the disk is full, say
        raise OSError(told["number"], told["fault"])
    return told["rows"], ColumnMatch(tuple(told["positions"]), tuple(told["extra"]))


def _read(request: TypedFile) -> Mapping[str, Any]:
    try:
        rows, match = _read_values(request)
    except UnreadableFileError as error:
        return _refusal(RefusalReason.UNREADABLE_FILE, error)
    except RefusedError as refusal:
        return _refusal(refusal.reason, refusal)
    except OSError as error:
        return {"fault": error.strerror or type(error).__name__, "number": error.errno}
    return {"rows": rows, "positions": match.positions, "extra": match.extra}


def _refusal(reason: RefusalReason, error: RefusedError | UnreadableFileError) -> Mapping[str, Any]:
    return {"reason": reason.value, "detail": error.detail, "values": error.values}


def _read_values(request: TypedFile) -> tuple[int, ColumnMatch]:
    limits, contract = request.limits, request.contract
    delivered: Workbook | ParquetFile
    if request.path.name.lower().endswith(".xlsx"):
        delivered = Workbook(request.path, request.work / "copy.xlsx", limits)
    else:
        delivered = ParquetFile(request.path, limits)
    if not delivered.names:
        raise RefusedError(RefusalReason.EMPTY_FILE, "no_header", request.file.name)
    match = match_columns(delivered.names, contract, request.file.name, limits.columns)
    if delivered.rows is not None and delivered.rows != request.file.rows:
        # before the values are written, which may be very many
        return delivered.rows, match
    rows = delivered.write_values(match.positions, contract, request.values)
    _check_lengths(request)
    return rows, match


def _check_lengths(request: TypedFile) -> None:
    lengths = " + ".join(
        f"coalesce(strlen(value_{number}), 0)" for number in range(len(request.contract.columns))
    )
    with duckdb.connect() as connection:
        longest = connection.execute(
            f"select max({lengths}), arg_max(line_number, {lengths}) from read_parquet($values)",
            {"values": str(request.values)},
        ).fetchone()
    if longest and (longest[0] or 0) > request.limits.row_bytes:
        raise UnreadableFileError("row_too_long", row=longest[1], most=request.limits.row_bytes)


class _NoPandas(MetaPathFinder):
    """Lets pyarrow do without pandas, which it loads with its first array and no reader needs."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer the one question that stands in `source`."""
    size = int.from_bytes(source.read(8), "big")
    request: TypedFile = pickle.loads(source.read(size))
    threading.Thread(target=_end_with, args=(source,), daemon=True).start()
    _limit_memory(request.limits.reader_memory_bytes)
    # libraries may write to standard output whatever they are told
    with os.fdopen(os.dup(target.fileno()), "wb") as answer:
        os.dup2(os.open(os.devnull, os.O_WRONLY), target.fileno())
        answer.write(json.dumps(_read(request)).encode())


def _end_with(source: BinaryIO) -> None:
    """End this process when the one that asked is gone, so that nothing is written after it."""
    source.read()
    os._exit(1)


def _limit_memory(most: int) -> None:
    with suppress(ImportError, ValueError, OSError):
        # not every system has limits
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        # what is in memory must not come onto the disk when this process breaks
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.meta_path.insert(0, _NoPandas())
    _serve(sys.stdin.buffer, sys.stdout.buffer)
