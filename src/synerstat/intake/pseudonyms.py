"""Replaces what identifies a person by keys, in SQL: HMAC-SHA256 (RFC 2104) and masks.

The two pads of the secret are bound as parameters, so neither they nor the secret stand in SQL
text, in a plan or in an error.
"""

import hashlib
import hmac
import re
from typing import Final

from synerstat.intake.national_numbers import is_valid_sql

BLOCK_BYTES: Final = 64

_SEPARATORS: Final = "[ .-]"
# eleven digits with separators, and no digit right before or after
_LOOKS_NATIONAL: Final = f"[0-9](?:{_SEPARATORS}{{0,3}}[0-9]){{10}}"
_BOUNDED: Final = f"(^|[^0-9])({_LOOKS_NATIONAL})([^0-9]|$)"
_LONG_RUN: Final = f"[0-9](?:{_SEPARATORS}*[0-9]){{8,}}"
_LONG_RUN_PYTHON: Final = re.compile(_LONG_RUN)
_LOOKS_NATIONAL_PYTHON: Final = re.compile(f"(?<![0-9]){_LOOKS_NATIONAL}(?![0-9])")
MASK: Final = "masked-"
RAW_TEXT_CHARACTERS: Final = 4_000


class Secret:
    """The secret behind the keys; shows itself nowhere."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def __repr__(self) -> str:
        return "Secret(...)"

    def parameters(self) -> dict[str, bytes]:
        """The parameters that the SQL of this module needs bound."""
        key = self._key if len(self._key) <= BLOCK_BYTES else hashlib.sha256(self._key).digest()
        key = key.ljust(BLOCK_BYTES, b"\0")
        return {
            "inner_pad": bytes(byte ^ 0x36 for byte in key),
            "outer_pad": bytes(byte ^ 0x5C for byte in key),
        }

    def fingerprint(self) -> str:
        """Tells two secrets apart without giving either away."""
        return hmac.new(self._key, b"fingerprint:landing", hashlib.sha256).hexdigest()[:16]


def hmac_sql(message: str) -> str:
    """SQL: HMAC-SHA256 of a text, 64 hexadecimal digits; null of null."""
    inner = f"sha256($inner_pad || encode({message}))"
    return f"sha256($outer_pad || unhex({inner}))"


def national_key_sql(digits: str) -> str:
    """SQL: the key of a valid national number of eleven digits."""
    return hmac_sql(f"'national:' || {digits}")


def masked_national_sql(text: str, *, only_valid: bool = False) -> str:
    """SQL: the text with all that looks like a national number replaced by a keyed mask.

    Equal texts stay equal. Longer runs of digits are left as they are; with `only_valid` also those
    that are no valid number.
    """
    # neighbours share the character between them, so a second look finds every other one
    rest = f"regexp_replace({text}, '{_BOUNDED}', '\\1|\\3', 'g')"
    found = (
        f"regexp_extract_all({text}, '{_BOUNDED}', 2)"
        f" || regexp_extract_all({rest}, '{_BOUNDED}', 2)"
    )
    if only_valid:
        found = f"list_filter({found}, lambda number: {is_valid_sql('number')})"
    key = hmac_sql("'mask:' || number")
    masked = f"replace(kept, number, '{MASK}' || left({key}, 16))"
    return f"""case
        when strlen({text}) >= 11 and regexp_matches({text}, '{_BOUNDED}')
            then list_reduce(list_prepend({text}, {found}), lambda kept, number: {masked})
        else {text}
    end"""


def masked_raw_sql(text: str) -> str:
    """SQL: the text with every digit of a run of nine or more shown as #, cut to a fair length."""
    # a run that this cuts short is cut off at the end altogether
    text = f"left({text}, {2 * RAW_TEXT_CHARACTERS})"
    masked = "replace(kept, run, regexp_replace(run, '[0-9]', '#', 'g'))"
    # the longest first: a run may stand inside another one
    runs = f"""list_transform(
        list_sort(
            list_transform(
                list_distinct(regexp_extract_all({text}, '{_LONG_RUN}')),
                lambda run: {{'order': -strlen(run), 'run': run}}
            )
        ),
        lambda sized: sized.run
    )"""
    return (
        f"left(list_reduce(list_prepend({text}, {runs}), lambda kept, run: {masked}), "
        f"{RAW_TEXT_CHARACTERS})"
    )


def without_numbers(text: str) -> str:
    """A text that may be shown: every digit of a run of nine or more becomes #."""
    return _LONG_RUN_PYTHON.sub(lambda run: re.sub("[0-9]", "#", run[0]), text)


def without_national_numbers(name: str) -> str:
    """A name that may be stored: what looks like a national number becomes a row of #."""
    return _LOOKS_NATIONAL_PYTHON.sub(lambda run: re.sub("[0-9]", "#", run[0]), name)


def content_sql(values: list[str]) -> str:
    """SQL: 32 hexadecimal digits that are equal where all the values are.

    Each value is preceded by its length in bytes (none where it is null), so that no two lists of
    values read the same.
    """
    parts = ", ".join(f"strlen({value}), ':', {value}" for value in values)
    key = hmac_sql(f"concat('content:', {parts})")
    return f"left({key}, 32)"
