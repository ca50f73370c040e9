"""Does things in a process of its own, beside what this process does meanwhile."""

import atexit
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from multiprocessing import Pipe, get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Lock, Thread
from typing import Any, TypeVar

from synerstat.errors import EndedFromOutsideError
from synerstat.garbage import without_collecting
from synerstat.warehouse import Progress

T = TypeVar("T")


class AtHand:
    """A process that does one thing at a time when it is told, beside what this process does."""

    def __init__(self, process: SpawnProcess, line: Connection) -> None:
        self._process = process
        self._line = line

    @contextmanager
    def doing(
        self,
        function: Callable[..., T],
        *arguments: Any,
        progress: Progress | None = None,
        **named: Any,
    ) -> Iterator["Future[T]"]:
        """Call `function` there while the context lasts; at its end that is done, too.

        Function, arguments and result are handed over by pickle. With `progress` the function gets
        a keyword of this name, and what it tells there is told here, from another thread.

        What the function raises is raised here, by the future or at the end of the context;
        EndedFromOutsideError where the other process was killed. Where anything fails here or
        there, the other process ends at once.
        """
        future: Future[T] = Future()
        # a process that is gone is met when it is listened to
        with suppress(OSError):
            self._line.send((function, arguments, named, progress is not None))
        listening = Thread(target=_listen, args=(self._line, future, progress))
        listening.start()
        try:
            yield future
            future.result()
        except BaseException:
            self._process.kill()
            raise
        finally:
            listening.join()


@contextmanager
def at_hand(*modules: str) -> Iterator[AtHand]:
    """A process that loads the modules now, so that what is done there later need not wait.

    It ends with the context, and where this process is killed.
    """
    spawning = get_context("spawn")
    line, other_end = spawning.Pipe()
    process = spawning.Process(target=_work, args=(other_end, modules))
    process.start()
    # so that hearing ends where the other process does
    other_end.close()
    try:
        yield AtHand(process, line)
        line.close()
        process.join()
    finally:
        process.kill()
        process.join()
        line.close()


@contextmanager
def beside(
    function: Callable[..., T], *arguments: Any, progress: Progress | None = None, **named: Any
) -> Iterator["Future[T]"]:
    """Call `function` in a process of its own while the context lasts, as `AtHand.doing` does."""
    with at_hand() as process, process.doing(function, *arguments, progress=progress, **named) as f:
        yield f


def _listen(line: Connection, future: "Future[Any]", progress: Progress | None) -> None:
    try:
        while True:
            kind, content = line.recv()
            if kind == "result":
                return future.set_result(content)
            if kind == "error":
                return future.set_exception(content)
            if progress is not None:
                progress(content)
    except (EOFError, OSError):
        future.set_exception(
            EndedFromOutsideError(
                "A process that worked beside this one was ended from outside, perhaps for want of "
                "memory. Run the same command again, with less beside it."
            )
        )
    except Exception as error:
        # what was told can't be shown, or what came can't be made anew here: nobody waits for ever
        future.set_exception(error)


def _work(line: Connection, modules: tuple[str, ...]) -> None:
    # PySpark, which Great Expectations loads where it is installed, takes a main module without a
    # file for its own tests, and ends the process
    sys.modules["__main__"].__dict__.setdefault("__file__", __file__)
    # called last at exit: taking large libraries apart, before memory is given back anyway, takes a
    # second, and who ends this process waits for it
    atexit.register(os._exit, 0)
    with _ending_with_parent():
        try:
            with without_collecting():
                for name in modules:
                    # whatever is wrong with a module is told when it is needed
                    with suppress(Exception):
                        importlib.import_module(name)
            # until the other end is closed
            with suppress(EOFError):
                while True:
                    _answer(line, _done(line, *line.recv()))
        except KeyboardInterrupt:
            # the other process was told the same
            return


def _done(
    line: Connection,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    tells: bool,
) -> tuple[str, Any]:
    """What the function gave, or raised."""
    telling = Lock()

    def progress(message: str, /) -> None:
        with telling:
            line.send(("progress", message))

    if tells:
        named["progress"] = progress
    try:
        return "result", function(*arguments, **named)
    except Exception as error:
        error.add_note(f"In the process beside:\n{traceback.format_exc()}")
        return "error", error


def _answer(line: Connection, answer: tuple[str, Any]) -> None:
    try:
        line.send(answer)
    except Exception as error:
        # it can't be handed over: its text can
        line.send(("error", RuntimeError(f"{answer[1]!r} ({error})")))


@contextmanager
def _ending_with_parent() -> Iterator[None]:
    """End this process where the one that started it is killed: nobody wants its files then."""
    parent = parent_process()
    assert parent is not None
    done, finish = Pipe(duplex=False)

    def watch() -> None:
        if done not in wait([done, parent.sentinel]):
            os._exit(1)

    watching = Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        finish.close()
        watching.join()
        done.close()
