"""Reads workbooks and Parquet files in a process of its own.

The readers of both formats are libraries that hold much in memory and may break on a file that was
made to break them. A process of its own has bounds on memory and time, and takes nothing but
itself down. It is forked from a server, which has loaded the libraries and read no file: loading
them takes longer than reading most files.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import IO, Any, Final

from synerstat.contracts import DeliveryContract
from synerstat.intake.columns import ColumnMatch, match_columns
from synerstat.intake.limits import IntakeLimits
from synerstat.intake.manifest import ManifestFile
from synerstat.intake.parquet_files import ParquetFile
from synerstat.intake.results import RefusalReason, RefusedError, UnreadableFileError
from synerstat.intake.workbooks import Workbook

_SECRET: Final = "SECRET"
_SIZE_BYTES: Final = 8
_LONGEST_ANSWER: Final = 10_000_000


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


class Readers:
    """Reads files for one intake, in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: set[_Server] = set()
        self._idle: list[_Server] = []
        self._is_ended = False

    def read(self, request: TypedFile) -> tuple[int, ColumnMatch]:
        """Write the values as text; return the number of rows and where the columns stood.

        Raises RefusedError where the file can't be used: broken, too much, without header or
        columns; and GivenUpError where the reading was ended.
        """
        question = pickle.dumps(request)
        answer = self._ask(question, request)
        if answer is None:
            # a server that was ended from outside says nothing of the file; two of them do
            answer = self._ask(question, request)
        return _understood(answer, request)

    def end(self) -> None:
        """End all servers and what they read: nobody waits for it any longer."""
        with self._lock:
            self._is_ended = True
            idle, busy = self._idle, self._servers.difference(self._idle)
        for server in busy:
            # whoever asked it closes it
            server.kill()
        for server in idle:
            server.close()

    def _ask(self, question: bytes, request: TypedFile) -> bytes | None:
        with self._lock:
            if self._is_ended:
                raise GivenUpError
            server = self._idle.pop() if self._idle else _Server()
            self._servers.add(server)
        answer = server.ask(question, request.limits.reader_seconds)
        took_too_long = server.is_killed
        with self._lock:
            if answer is None or took_too_long or self._is_ended:
                self._servers.discard(server)
                server.close()
            else:
                self._idle.append(server)
            if self._is_ended:
                raise GivenUpError
        return b"" if took_too_long else answer


class GivenUpError(Exception):
    """The reading of a file was ended, whatever is in it."""


class _Server:
    """The other end of `_serve`: starts a process for each file, one at a time. Knows no secret."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if _SECRET not in name}
        self.is_killed = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # a group of its own, to be ended with the process that it started
            start_new_session=True,
        )

    def ask(self, question: bytes, seconds: float) -> bytes | None:
        """What a process says of the file.

        Nothing where that broke, or was killed because it took too long; None where the server is
        gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(seconds, self.kill)
        timer.start()
        try:
            _send(self._process.stdin, question)
            return _receive(self._process.stdout)
        except BrokenPipeError:
            return None
        finally:
            timer.cancel()
            timer.join()

    def kill(self) -> None:
        self.is_killed = True
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        # what was not sent any more can't be
        with suppress(BrokenPipeError), self._process:
            pass


def _send(target: IO[bytes], message: bytes) -> None:
    # one more than it is long: nothing said is something else than nobody there
    target.write((len(message) + 1).to_bytes(_SIZE_BYTES, "big") + message)
    target.flush()


def _receive(source: IO[bytes]) -> bytes | None:
    """A whole message; None where the other end is gone."""
    size = int.from_bytes(source.read(_SIZE_BYTES), "big") - 1
    message = source.read(max(size, 0))
    return message if len(message) == size else None


def _understood(answer: bytes | None, request: TypedFile) -> tuple[int, ColumnMatch]:
    limits, name = request.limits, request.file.name
    if not answer:
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
        return _fault(error)
    return {"rows": rows, "positions": match.positions, "extra": match.extra}


def _fault(error: OSError) -> Mapping[str, Any]:
    return {"fault": error.strerror or type(error).__name__, "number": error.errno}


def _as_json(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer).encode()


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
    return delivered.write_values(match.positions, contract, request.values), match


class _NoPandas(MetaPathFinder):
    """Lets pyarrow do without pandas, which it loads with its first array and no reader needs."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Have each question that comes in answered by a process of its own."""
    while (question := _receive(source)) is not None:
        try:
            answer = _read_apart(question, source.fileno(), target.fileno())
        except OSError as error:
            answer = _as_json(_fault(error))
        _send(target, answer)
        # nothing of it is known to the next process
        del answer


def _read_apart(question: bytes, source: int, target: int) -> bytes:
    """What a process that is forked for it says of the file; nothing where it breaks."""
    hearing, telling = os.pipe()
    try:
        reader = os.fork()
    except OSError:
        os.close(hearing)
        os.close(telling)
        raise
    if not reader:
        with suppress(BaseException):
            os.close(hearing)
            _answer(question, source, target, telling)
        os._exit(1)
    os.close(telling)
    with os.fdopen(hearing, "rb") as told:
        answer = told.read(_LONGEST_ANSWER + 1)
    os.kill(reader, signal.SIGKILL)
    os.waitpid(reader, 0)
    return answer if len(answer) <= _LONGEST_ANSWER else b""


def _answer(question: bytes, source: int, target: int, telling: int) -> None:
    """Read the file that is asked for and tell of it: the process that was forked for it."""
    threading.Thread(target=_end_with, args=(source,), daemon=True).start()
    # libraries may write to standard output whatever they are told
    os.dup2(os.open(os.devnull, os.O_WRONLY), target)
    request: TypedFile = pickle.loads(question)
    _limit_memory(request.limits.reader_memory_bytes)
    with os.fdopen(telling, "wb") as answer:
        answer.write(_as_json(_read(request)))


def _end_with(source: int) -> None:
    """End this process when the one that asked is gone, so that nothing is written after it.

    Nothing comes in before the question is answered but the end.
    """
    os.read(source, 1)
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
