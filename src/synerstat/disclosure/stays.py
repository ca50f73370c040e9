"""What may happen to persons in a world: they stay in a period, or not, or in another way.

A *move* says which figures of a cell change with one person more: in each period that a stay
touches, the persons and participations present, and those that enter, leave or stay to the end of
it. Figures of whole persons agree with all that a reader knows, so that only sums need care.
"""

from __future__ import annotations

import itertools

from synerstat.disclosure.system import (
    ENTRANTS,
    ENTRIES,
    LEAVERS,
    PARTICIPATIONS,
    PRESENT,
    STOCK,
    quarter_number,
)

# (period, indicator), and by how much it changes with each person: 1 or -1.
Move = tuple[tuple[tuple[int, int], int], ...]

# A participation was there before or enters, and it leaves or stays. One that ends on the last day
# does both: it is among the leavers and in stock.
_ENTRIES = ((), (ENTRANTS, ENTRIES))
_KINDS = tuple(
    (PRESENT, PARTICIPATIONS, *entry, exit_) for entry in _ENTRIES for exit_ in (STOCK, LEAVERS)
)
_KINDS_TO_THE_LAST_DAY = tuple(
    (PRESENT, PARTICIPATIONS, *entry, LEAVERS, STOCK) for entry in _ENTRIES
)


class Stays:
    """The moves of each of the periods, named `Q 2019-Q4` or `A 2019`."""

    def __init__(self, periods: list[str]) -> None:
        self.periods = periods
        self._quarters = {
            quarter_number(name): place
            for place, name in enumerate(periods)
            if name.startswith("Q")
        }
        self._years = {
            int(name[2:]): place for place, name in enumerate(periods) if name.startswith("A")
        }

    def within(self, period: int, *, on_last_day: bool = False) -> list[Move]:
        """Moves of one period alone: where no other need follow, as for figures by sex or age.

        `on_last_day`: those of stays that end then, and no others.
        """
        plain = [_kind(period, indicators) for indicators in _KINDS]
        if not on_last_day:
            return _differences(plain)
        last = [_kind(period, indicators) for indicators in _KINDS_TO_THE_LAST_DAY]
        return sorted(set(_differences([*plain, *last])) - set(_differences(plain)))

    def over_time(self, period: int, *, far: bool, on_last_day: bool = False) -> list[Move]:
        """Moves that the periods beside and around the period follow.

        `far`: stays of any length, instead of none; else short ones, instead of none or of another.
        `on_last_day`: those that end on the last day of a quarter, instead of none or of ending
        before.
        """
        name = self.periods[period]
        year = int(name[2:6])
        inside = range(year * 4, year * 4 + 4)
        if name.startswith("Q"):
            inside = range(quarter_number(name), quarter_number(name) + 1)
        # from the quarter before all that are published to the one behind them
        first = min(self._quarters, default=year * 4) - 1
        last = max(self._quarters, default=year * 4 + 3) + 1
        if far:
            spans = {
                (entry, exit_)
                for entry in range(first, inside[-1] + 1)
                for exit_ in range(max(entry, inside[0]), last + 1)
            }
        else:
            spans = {
                (entry, exit_)
                for quarter in inside
                for entry in (quarter - 1, quarter, quarter + 1)
                for exit_ in (entry, entry + 1, quarter, quarter + 1)
                if first <= entry <= exit_ <= last
            }
        plain = [self._stay(*span, False) for span in sorted(spans)]
        to_the_last = [self._stay(*span, True) for span in sorted(spans)]
        moves: set[Move] = set()
        if far:
            moves.update(
                tuple(sorted(stay.items())) for stay in (to_the_last if on_last_day else plain)
            )
        elif on_last_day:
            for pair in zip(plain, to_the_last, strict=True):
                moves.update(_differences(list(pair)))
        else:
            moves.update(_differences(plain))
        found = sorted(move for move in moves if move)
        return [move for move in found if any(each == period for (each, _), _ in move)]

    def _stay(self, entry: int, exit_: int, on_last_day: bool) -> dict[tuple[int, int], int]:
        """The figures in which a participation counts that lasts from one quarter to another.

        `on_last_day`: of the quarter in which it ends, so that it is in stock there as well.
        """
        found: dict[tuple[int, int], int] = {}
        spans = [(place, quarter, quarter) for quarter, place in self._quarters.items()]
        spans += [(place, year * 4, year * 4 + 3) for year, place in self._years.items()]
        for place, begin, end in spans:
            if entry <= end and exit_ >= begin:
                indicators = [PRESENT, PARTICIPATIONS]
                indicators += [LEAVERS] if exit_ <= end else [STOCK]
                indicators += [STOCK] if exit_ == end and on_last_day else []
                indicators += [ENTRANTS, ENTRIES] if entry >= begin else []
                found.update({(place, indicator): 1 for indicator in indicators})
        return found


def _kind(period: int, indicators: tuple[int, ...]) -> dict[tuple[int, int], int]:
    return {(period, indicator): 1 for indicator in indicators}


def _differences(stays: list[dict[tuple[int, int], int]]) -> list[Move]:
    """Every stay instead of none or of another, and the reverse, in a fixed order."""
    found = set()
    for more, fewer in itertools.permutations([{}, *stays], 2):
        step = {key: more.get(key, 0) - fewer.get(key, 0) for key in {*more, *fewer}}
        move = tuple(sorted((key, times) for key, times in step.items() if times))
        if move:
            found.add(move)
    return sorted(found)
