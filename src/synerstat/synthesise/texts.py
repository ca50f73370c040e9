"""Values as each operator writes them: text in its date format, decimal sign and codes."""

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synerstat.synthesise.arrays import Bools, Floats, Ints, Texts
from synerstat.synthesise.periods import day

NO_DAY = -(10**6)
"""Stands for a missing day."""

FIRST_DAY_IN_TEXT = day("1900-01-01")
LAST_DAY_IN_TEXT = day("2199-12-31")


@lru_cache(maxsize=8)
def _day_texts(strptime_format: str) -> Texts:
    days = np.arange(FIRST_DAY_IN_TEXT, LAST_DAY_IN_TEXT + 1)
    moments = pa.array(days.astype("datetime64[D]").astype("datetime64[s]"))
    return pc.strftime(moments, format=strptime_format)


def texts(values: list[str] | tuple[str, ...]) -> Texts:
    """A list of texts as an array."""
    return pa.array(values, pa.string())


def look_up(values: Texts, index: Ints) -> Texts:
    """The value at each index; missing where the index is negative."""
    return pc.take(values, pa.array(index, mask=index < 0))


def day_texts(days: Ints, strptime_format: str) -> Texts:
    """Days in the operator's format; missing where the day is `NO_DAY`."""
    index = np.where(days == NO_DAY, -1, days - FIRST_DAY_IN_TEXT)
    return look_up(_day_texts(strptime_format), index)


def number_texts(hundredths: Ints, decimal_sign: str) -> Texts:
    """Hundredths in the operator's format, without needless zeros; missing where negative."""
    fractions = [""] + [f"{decimal_sign}{i:02d}".rstrip("0") for i in range(1, 100)]
    whole = pc.cast(pa.array(hundredths // 100, mask=hundredths < 0), pa.string())
    return pc.binary_join_element_wise(whole, look_up(texts(fractions), hundredths % 100), "")


def padded_texts(numbers: Ints, width: int, prefix: str = "") -> Texts:
    """Whole numbers with leading zeros, behind a prefix; missing where negative."""
    digits = pc.cast(pa.array(numbers, mask=numbers < 0), pa.string())
    padded = pc.utf8_lpad(digits, width, "0")
    return pc.binary_join_element_wise(texts([prefix])[0], padded, "") if prefix else padded


def overwrite(values: Texts, rows: Bools, replacements: Texts) -> Texts:
    """The values, those of the chosen rows replaced in order."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return pc.replace_with_mask(values, pa.array(rows), replacements)


def hundredths_to_number(hundredths: Ints) -> Floats:
    """Hundredths as a number; not a number where negative."""
    return np.where(hundredths < 0, np.nan, hundredths / 100)
