"""What looks like a national number in text, and the same text without it.

Eleven digits with other signs between them, but no letters. With the usual signs (point, hyphen,
blank), and no digit right before or after, that is enough. Else the number has to be a valid one:
with any other signs (`/`, `_`, a dash, a no-break space), and without signs at the beginning or the
end of more digits.
"""

import re
from collections.abc import Iterator
from typing import Final

WIDE_DIGITS: Final = "".join(map(chr, range(0xFF10, 0xFF1A)))
DIGIT: Final = f"[0-9{WIDE_DIGITS}]"
# in the form that RE2 (SQL) and Python share
_NEXT: Final = f"(?:[^A-Za-z0-9{WIDE_DIGITS}]{{0,5}}{DIGIT})"
NUMBER: Final = f"{DIGIT}{_NEXT}{{10}}"
BARE: Final = f"{DIGIT}{{11}}"
RUN: Final = f"{DIGIT}{_NEXT}{{10,}}"
USUAL: Final = "[0-9](?:[ .-]{0,3}[0-9]){10}"

# looks ahead, so that one may begin inside another
_CANDIDATES: Final = (
    re.compile(f"(?<!{DIGIT})(?=({NUMBER})(?!{DIGIT}))"),
    re.compile(f"(?<!{DIGIT})(?=({BARE}))"),
    re.compile(f"(?=({BARE})(?!{DIGIT}))"),
)
_USUAL: Final = re.compile(f"(?<![0-9]){USUAL}(?![0-9])")
LONG_RUN: Final = "[0-9](?:[ .-]*[0-9]){8,}"
_LONG_RUN: Final = re.compile(LONG_RUN)


def digits_of(text: str) -> str:
    """The digits of the text, wide ones as plain ones."""
    return "".join(str(int(sign)) for sign in re.findall(DIGIT, text))


def is_valid(digits: str) -> bool:
    """Whether eleven digits are a valid national number, as `national_numbers.is_valid_sql`."""
    value = int(digits)
    checks, first_nine, month = value % 100, value // 100, value // 10_000_000 % 100
    return (
        checks in (97 - first_nine % 97, 97 - (2_000_000_000 + first_nine) % 97)
        and month // 20 <= 2
        and month % 20 <= 12
        and 1 <= first_nine % 1000 <= 998
    )


def without_national_numbers(text: str) -> str:
    """A text that may be shown or stored: each digit of what looks like a number becomes #."""
    for number in set(_valid_numbers(text)):
        text = text.replace(number, _hidden(number))
    return _USUAL.sub(lambda found: _hidden(found[0]), text)


def without_numbers(text: str) -> str:
    """A text that may be shown: every digit of a run of nine or more becomes #."""
    return _LONG_RUN.sub(lambda run: _hidden(run[0]), without_national_numbers(text))


def _valid_numbers(text: str) -> Iterator[str]:
    for pattern in _CANDIDATES:
        for found in pattern.finditer(text):
            if is_valid(digits_of(found[1])):
                yield found[1]


def _hidden(number: str) -> str:
    return re.sub(DIGIT, "#", number)
