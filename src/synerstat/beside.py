"""Does one thing in a process of its own, beside what this process does meanwhile."""

import os
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing import Pipe, get_context, parent_process
from multiprocessing.connection import Connection, wait
from threading import Lock, Thread
from typing import Any, TypeVar

from synerstat.errors import EndedFromOutsideError
from synerstat.warehouse import Progress

T = TypeVar("T")


@contextmanager
def beside(
    function: Callable[..., T], *arguments: Any, progress: Progress | None = None, **named: Any
) -> Iterator["Future[T]"]:
    """Call `function` in another process while the context lasts; at its end that is done, too.

    Function, arguments and result are handed over by pickle. With `progress` the function gets a
    keyword of this name, and what it tells there is told here, from another thread.

    What the function raises is raised here, by the future or at the end of the context;
    EndedFromOutsideError where the other process was killed. Where the context fails, or this
    process is killed, the other one ends at once.
    """
    spawning = get_context("spawn")
    heard, told = spawning.Pipe(duplex=False)
    process = spawning.Process(
        target=_work, args=(told, function, arguments, named, progress is not None)
    )
    process.start()
    # so that hearing ends where the other process does
    told.close()
    future: Future[T] = Future()
    listening = Thread(target=_listen, args=(heard, future, progress))
    listening.start()
    try:
        yield future
        future.result()
        process.join()
    finally:
        process.kill()
        process.join()
        listening.join()
        heard.close()


def _listen(heard: Connection, future: "Future[Any]", progress: Progress | None) -> None:
    try:
        while True:
            kind, content = heard.recv()
            if kind == "result":
                return future.set_result(content)
            if kind == "error":
                return future.set_exception(content)
            if progress is not None:
                progress(content)
    except EOFError:
        future.set_exception(
            EndedFromOutsideError(
                "A process that worked beside this one was ended from outside, perhaps for want of "
                "memory. Run the same command again, with less beside it."
            )
        )


def _work(
    told: Connection,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    tells: bool,
) -> None:
    telling = Lock()

    def progress(message: str, /) -> None:
        with telling:
            told.send(("progress", message))

    with _ending_with_parent():
        try:
            if tells:
                named["progress"] = progress
            answer = ("result", function(*arguments, **named))
        except KeyboardInterrupt:
            # the other process was told the same
            return
        except Exception as error:
            error.add_note(f"In the process beside:\n{traceback.format_exc()}")
            answer = ("error", error)
        told.send(answer)


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
