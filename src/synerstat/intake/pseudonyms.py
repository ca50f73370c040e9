"""Replaces what identifies a person by keys, in SQL: HMAC-SHA256 (RFC 2104) and masks.

The two pads of the secret are bound as parameters, so neither they nor the secret stand in SQL
text, in a plan or in an error.
"""

import hashlib
import hmac
from typing import Final

from synerstat.intake.national_numbers import is_valid_sql
from synerstat.masking import BARE, DIGIT, LONG_RUN, NUMBER, RUN, USUAL, WIDE_DIGITS

BLOCK_BYTES: Final = 64

_NO_DIGIT: Final = f"[^{DIGIT[1:-1]}]"
_BOUNDED: Final = f"(^|[^0-9])({USUAL})([^0-9]|$)"
# found faster than numbers are, and nearly no text has them
_ELEVEN_DIGITS: Final = f"^(?:{_NO_DIGIT}*{DIGIT}){{11}}"
# each place of a run is looked at, so there must not be very many
_MOST: Final = 400
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


def may_hold_national_sql(text: str) -> str:
    """SQL: whether there are digits enough in the text."""
    return f"(strlen({text}) >= 11 and regexp_matches({text}, '{_ELEVEN_DIGITS}'))"


def masked_national_sql(text: str, *, only_valid: bool = False) -> str:
    """SQL: the text with all that looks like a national number replaced by a keyed mask.

    Equal texts stay equal. With `only_valid` what is no valid number is left as it is.
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
    """SQL: the text with each `number` that looks like a national one replaced.

    See `synerstat.masking`. Where there are very many digits, all of them are replaced. What is
    used more than once is bound by a list of one, as long statements take long to plan.
    """
    # a number begins where digits begin, a bare one may also end where they end
    candidates = f"""list_transform(
        [regexp_extract_all(run, '{DIGIT}+{_NO_DIGIT}*')],
        lambda parts: flatten(list_transform(range(len(parts)), lambda place: [
            regexp_extract(
                array_to_string(parts[place + 1:], ''), '^({NUMBER})(?:{_NO_DIGIT}|$)', 1
            ),
            regexp_extract(parts[place + 1], '^({BARE})', 1),
            regexp_extract(parts[place + 1], '({BARE}){_NO_DIGIT}*$', 1)
        ]))
    )[1]"""
    plain = f"translate(number, '{WIDE_DIGITS}', '0123456789')"
    value = f"try_cast(regexp_replace({plain}, '[^0-9]', '', 'g') as bigint)"
    # the valid ones first: nothing of them is left by another that begins before
    found = f"""list_filter(
        list_distinct(flatten(list_transform(runs, lambda run: {candidates}))),
        lambda number: list_transform([{value}], lambda value: {is_valid_sql("value")})[1]
    )"""
    if not only_valid:
        found += f" || regexp_extract_all({text}, '{_BOUNDED}', 2)"
        # neighbours share the sign between them, so a second look finds every other one
        rest = f"regexp_replace({text}, '{_BOUNDED}', '\\1|\\3', 'g')"
        found += f" || regexp_extract_all({rest}, '{_BOUNDED}', 2)"
    return f"""case
        when {may_hold_national_sql(text)}
            then list_transform([regexp_extract_all({text}, '{RUN}')], lambda runs: list_reduce(
                list_prepend(
                    {text},
                    case when strlen(array_to_string(runs, '')) > {_MOST} then runs else {found} end
                ),
                lambda kept, number: replace(kept, number, {replacement})
            ))[1]
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
