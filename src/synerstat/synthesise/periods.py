"""Quarters and days. A day is a whole number: days since 1970-01-01, as in datetime64[D]."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from synerstat.errors import UsageError
from synerstat.synthesise.arrays import Floats, Ints

EPOCH = date(1970, 1, 1)
BRUSSELS = ZoneInfo("Europe/Brussels")


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter of a calendar year, written 2019Q4 in the name of a delivery."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 2019Q4. Raises UsageError when the text is no quarter."""
        found = re.fullmatch(r"(\d{4})Q([1-4])", text)
        if not found:
            raise UsageError(f"{text!r} is no quarter. Write a year and a quarter, such as 2019Q4.")
        return cls(int(found[1]), int(found[2]))

    @property
    def first_day(self) -> int:
        """Its first day."""
        return (date(self.year, 3 * self.number - 2, 1) - EPOCH).days

    @property
    def last_day(self) -> int:
        """Its last day."""
        return self.following.first_day - 1

    @property
    def following(self) -> "Quarter":
        """The quarter after it."""
        years, index = divmod(self.year * 4 + self.number, 4)
        return Quarter(years, index + 1)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


def quarters_between(first: str, last: str) -> tuple[Quarter, ...]:
    """All quarters from `first` to `last`. Raises UsageError when they are no quarters, or
    reversed.
    """
    quarter, end = Quarter.parse(first), Quarter.parse(last)
    if quarter > end:
        raise UsageError(
            f"The first quarter {first} comes after the last one, {last}. Swap the two."
        )
    found = []
    while quarter <= end:
        found.append(quarter)
        quarter = quarter.following
    return tuple(found)


def day(text: str) -> int:
    """The day of an ISO date."""
    return (date.fromisoformat(text) - EPOCH).days


def to_date(number: int) -> date:
    """The date of a day."""
    return EPOCH + timedelta(days=number)


def brussels_time(number: int, minutes: int) -> str:
    """The ISO date-time of a day in Brussels, `minutes` after midnight, with the offset of that
    day.
    """
    clock = time(*divmod(minutes, 60))
    return datetime.combine(to_date(number), clock, BRUSSELS).isoformat()


def months_of(days: Ints) -> Ints:
    """Months since 1970-01 of days."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def first_days_of(months: Ints) -> Ints:
    """First days of months since 1970-01."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


# How much more or less than in an average month training starts, January to December: the new year
# and the school year set the pace, July is quiet.
STARTS_BY_MONTH = np.array([1.3, 1.0, 1.05, 0.95, 0.9, 0.7, 0.45, 0.65, 1.6, 1.25, 1.05, 0.5])

# Spring 2020: centres closed, and what went on went on at a distance.
LOCKDOWN_FIRST_DAY = day("2020-03-16")
LOCKDOWN_LAST_DAY = day("2020-06-30")
LOCKDOWN_SHARE_OF_STARTS = 0.28
DISTANCE_YEARS_LAST_DAY = day("2021-06-30")


def chances_of_start(first_day: int, last_day: int) -> Floats:
    """Relative chance that training starts, for each day from `first_day` to `last_day`."""
    days = np.arange(first_day, last_day + 1)
    chances: Floats = STARTS_BY_MONTH[months_of(days) % 12].astype(np.float64)
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    chances *= np.array([1.7, 1.0, 0.9, 0.9, 0.5, 0.0, 0.0])[weekday]
    in_lockdown = (days >= LOCKDOWN_FIRST_DAY) & (days <= LOCKDOWN_LAST_DAY)
    chances[in_lockdown] *= LOCKDOWN_SHARE_OF_STARTS
    return chances
