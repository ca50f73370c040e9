"""What is done in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from synerstat.beside import at_hand, beside
from synerstat.errors import EndedFromOutsideError, UsageError


def double(number: int, *, plus: int = 0) -> int:
    return 2 * number + plus


def tell(progress: Callable[[str], None]) -> int:
    progress("one")
    progress("two")
    return os.getpid()


def refuse() -> None:
    raise UsageError("not so")


def refuse_oddly() -> None:
    raise OddError


class OddError(Exception):
    """It holds what no process can give to another one."""

    def __init__(self) -> None:
        super().__init__("not to be pickled", lambda: None)


class LostError(Exception):
    """It can't be made of its own arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def refuse_and_lose() -> None:
    raise LostError("one", "two")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def known(module: str) -> bool:
    return module in sys.modules


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


def test_an_error_that_cannot_be_handed_over_is_told_by_its_text() -> None:
    with pytest.raises(RuntimeError, match="not to be pickled"), beside(refuse_oddly):
        pass


def test_an_error_that_cannot_be_made_anew_here_is_an_error() -> None:
    with pytest.raises(TypeError), beside(refuse_and_lose):
        pass


def test_progress_that_cannot_be_told_is_an_error() -> None:
    def fail(_message: str) -> None:
        raise ValueError("no terminal")

    with pytest.raises(ValueError, match="no terminal"), beside(tell, progress=fail):
        pass


def test_a_process_that_is_killed_is_an_error_with_a_name() -> None:
    with pytest.raises(EndedFromOutsideError, match="want of memory"), beside(die):
        pass


def test_an_error_of_the_context_ends_the_other_process() -> None:
    # returns at all
    with pytest.raises(ValueError, match="here"), beside(wait_for_ever):
        raise ValueError("here")


def test_a_process_at_hand_has_loaded_what_it_was_told_to() -> None:
    with at_hand("colorsys", "no_module_of_this_name") as process:
        with process.doing(known, "colorsys") as loaded:
            pass
        with process.doing(double, 4) as doubled:
            pass
    assert (loaded.result(), doubled.result()) == (True, 8)


def test_the_main_module_there_has_a_file() -> None:
    script = (
        "from synerstat.beside import beside\n"
        "asked = \"hasattr(__import__('sys').modules['__main__'], '__file__')\"\n"
        "with beside(eval, asked) as has_file:\n"
        "    pass\n"
        "print(has_file.result())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.stdout.strip() == b"True", done.stderr


def test_a_process_at_hand_that_is_not_needed_ends() -> None:
    with at_hand("great_expectations"):
        pass


def test_a_process_at_hand_that_was_killed_is_an_error_when_it_is_needed() -> None:
    with at_hand() as process:
        for task in (die, wait_for_ever):
            with pytest.raises(EndedFromOutsideError), process.doing(task):
                pass
