from base64 import b64encode

import pytest
from traces import numbers_in

NUMBER = "85073003328"


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        "85.07.30-033.28",
        f"a;{NUMBER};b",
        NUMBER.encode().hex(),
        *(b64encode(before + NUMBER.encode() + b"xyz").decode() for before in (b"", b"a", b"ab")),
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert numbers_in(f"before {text} after", {NUMBER}) == {NUMBER}


@pytest.mark.parametrize("text", [f"1{NUMBER}", f"a{NUMBER}f0", "85.07.30-033.29", ""])
def test_other_digits_are_no_number(text: str) -> None:
    assert numbers_in(text, {NUMBER}) == set()
