"""Runs a command and measures it as the operating system accounts for it."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

GB = 1e9
PAGE = os.sysconf("SC_PAGE_SIZE")
PERIOD = 0.2


@dataclass
class Measure:
    """What a command took.

    `seconds` from its start to its end, `processor_seconds` of it and its children, `largest_gb`
    the resident memory of its largest process (`ru_maxrss`), `together_gb` that of all its
    processes at one moment, looked at every fifth of a second. `lines`: when it said what, in
    seconds. `ended`: done, out of time, out of memory, or the exit code.
    """

    seconds: float
    processor_seconds: float
    largest_gb: float
    together_gb: float
    ended: str
    lines: list[tuple[float, str]] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return self.ended == "done"


def measure(
    command: Sequence[str],
    *,
    folder: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    seconds: float = 3600,
    memory_gb: float | None = None,
) -> Measure:
    """Run `command` in `folder`; stop it after so many seconds, or where it takes more memory."""
    begun = time.monotonic()
    lines: list[tuple[float, str]] = []
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # a group of its own, so that its children are stopped with it
            start_new_session=True,
        )
        watch = _Watch(process.pid, begun + seconds, memory_gb)
        watch.start()
        assert process.stdout
        for line in process.stdout:
            lines.append((time.monotonic() - begun, line.rstrip()))
        # not Popen.wait: only wait4 tells what the process and its children used
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.end()
    took = time.monotonic() - begun
    code = process.returncode
    with log.open("a", encoding="utf-8") as out:
        out.writelines(f"{at:8.1f} {line}\n" for at, line in lines)
    return Measure(
        seconds=took,
        processor_seconds=usage.ru_utime + usage.ru_stime,
        # Linux counts in KiB
        largest_gb=usage.ru_maxrss * 1024 / GB,
        together_gb=watch.together / GB,
        ended=watch.reason or ("done" if code == 0 else f"exit code {code}"),
        lines=lines,
    )


class _Watch(threading.Thread):
    """Looks at the memory of a process and its children, and stops them where it is too much."""

    def __init__(self, pid: int, deadline: float, memory_gb: float | None) -> None:
        super().__init__(daemon=True)
        self.together = 0
        self.reason = ""
        self._pid = pid
        self._deadline = deadline
        self._memory = memory_gb
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(PERIOD):
            self.together = max(self.together, sum(map(_resident, _family(self._pid))))
            if time.monotonic() > self._deadline:
                self._kill("out of time")
            elif self._memory is not None and self.together > self._memory * GB:
                self._kill("out of memory")

    def end(self) -> None:
        self._ended.set()
        self.join()

    def _kill(self, reason: str) -> None:
        self.reason = reason
        try:
            os.killpg(self._pid, signal.SIGKILL)
        except ProcessLookupError:
            self.reason = ""
        self._ended.set()


def _family(pid: int) -> list[int]:
    """The process and all below it; fewer where one ends while they are listed."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text()
        except OSError:
            continue
        for child in children.split():
            found += _family(int(child))
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0
