"""Replaces what identifies a person by keys, in SQL: HMAC-SHA256 (RFC 2104) and masks.

The two pads of the secret are bound as parameters, so neither they nor the secret stand in SQL
text, in a plan or in an error.
"""

import hashlib
import hmac
from typing import Final

from synerstat.intake.national_numbers import is_valid_sql
from synerstat.masking import DIGIT, LONG_RUN, NUMBER, RUN, USUAL, WIDE_DIGITS

BLOCK_BYTES: Final = 64

_NO_DIGIT: Final = f"[^{DIGIT[1:-1]}]"
# the longest that `NUMBER` finds, with a sign on either side
_WINDOW: Final = 11 + 10 * 3 + 2
# numbers are looked for at each place of a run, so a long one is taken as a whole
_LONGEST_RUN: Final = 400
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
    key = hmac_sql("'mask:' || number")
    mask = f"'{MASK}' || left({key}, 16)"
    return _replaced_sql(text, mask, only_valid=only_valid)


def masked_raw_sql(text: str) -> str:
    """SQL: the text with every digit of a run of nine or more shown as #, cut to a fair length.

    So are those of valid national numbers, whatever stands between their digits.
    """
    # a run that this cuts short is cut off at the end altogether
    text = f"left({text}, {2 * RAW_TEXT_CHARACTERS})"
    text = f"({_replaced_sql(text, _hidden_sql('number'), only_valid=True)})"
    # the longest first: a run may stand inside another one
    runs = f"""list_transform(
        list_sort(
            list_transform(
                list_distinct(regexp_extract_all({text}, '{LONG_RUN}')),
                lambda run: {{'order': -strlen(run), 'run': run}}
            )
        ),
        lambda sized: sized.run
    )"""
    replaced = f"replace(kept, run, {_hidden_sql('run')})"
    return (
        f"left(list_reduce(list_prepend({text}, {runs}), lambda kept, run: {replaced}), "
        f"{RAW_TEXT_CHARACTERS})"
    )


def _replaced_sql(text: str, replacement: str, *, only_valid: bool) -> str:
    """SQL: the text with each `number` that looks like a national one replaced."""
    window = f"substr(' ' || run, place + 1, {_WINDOW})"
    number = f"regexp_extract({window}, '^{_NO_DIGIT}({NUMBER})(?:{_NO_DIGIT}|$)', 1)"
    candidates = f"""list_distinct(flatten(list_transform(
        regexp_extract_all({text}, '{RUN}'),
        lambda run: case
            when length(run) > {_LONGEST_RUN} then [run]
            else list_transform(range(length(run)), lambda place: {number})
        end
    )))"""
    plain = f"translate(number, '{WIDE_DIGITS}', '0123456789')"
    digits = f"regexp_replace({plain}, '[^0-9]', '', 'g')"
    is_valid = f"(length(number) > {_LONGEST_RUN} or {is_valid_sql(digits)})"
    valid = f"list_filter({candidates}, lambda number: number <> '' and {is_valid})"
    # the valid ones first: nothing of them is left by another that begins before
    found = (
        valid
        if only_valid
        else f"{valid} || list_filter({candidates}, "
        f"lambda number: regexp_full_match(number, '{USUAL}'))"
    )
    return f"""case
        when strlen({text}) >= 11 and regexp_matches({text}, '{NUMBER}')
            then list_reduce(
                list_prepend({text}, {found}),
                lambda kept, number: replace(kept, number, {replacement})
            )
        else {text}
    end"""


def _hidden_sql(number: str) -> str:
    return f"regexp_replace({number}, '{DIGIT}', '#', 'g')"


def content_sql(values: list[str]) -> str:
    """SQL: 32 hexadecimal digits that are equal where all the values are.

    Each value is preceded by its length in bytes (none where it is null), so that no two lists of
    values read the same.
    """
    parts = ", ".join(f"strlen({value}), ':', {value}" for value in values)
    key = hmac_sql(f"concat('content:', {parts})")
    return f"left({key}, 32)"
