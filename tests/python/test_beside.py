"""What is done in a process of its own."""

import os
import signal
from collections.abc import Callable

import pytest

from synerstat.beside import beside
from synerstat.errors import EndedFromOutsideError, UsageError


def double(number: int, *, plus: int = 0) -> int:
    return 2 * number + plus


def tell(progress: Callable[[str], None]) -> int:
    progress("one")
    progress("two")
    return os.getpid()


def refuse() -> None:
    raise UsageError("not so")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_ever() -> None:
    signal.pause()


def test_the_result_is_handed_over() -> None:
    with beside(double, 4, plus=1) as doubled:
        pass
    assert doubled.result() == 9


def test_progress_is_told_here_in_order() -> None:
    told: list[str] = []
    with beside(tell, progress=told.append) as other:
        assert other.result() != os.getpid()
    assert told == ["one", "two"]


def test_an_error_is_raised_here_and_says_where_it_arose() -> None:
    with pytest.raises(UsageError, match="not so") as raised, beside(refuse):
        pass
    assert "in refuse" in "".join(raised.value.__notes__)


def test_a_process_that_is_killed_is_an_error_with_a_name() -> None:
    with pytest.raises(EndedFromOutsideError, match="want of memory"), beside(die):
        pass


def test_an_error_of_the_context_ends_the_other_process() -> None:
    # returns at all
    with pytest.raises(ValueError, match="here"), beside(wait_for_ever):
        raise ValueError("here")
