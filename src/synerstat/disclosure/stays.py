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

# A participation was there before or enters, and stays or leaves.
_KINDS = (
    (PRESENT, PARTICIPATIONS, STOCK),
    (PRESENT, PARTICIPATIONS, LEAVERS),
    (PRESENT, PARTICIPATIONS, ENTRANTS, ENTRIES, STOCK),
    (PRESENT, PARTICIPATIONS, ENTRANTS, ENTRIES, LEAVERS),
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

    def within(self, period: int) -> list[Move]:
        """Moves of one period alone: where no other need follow, as for figures by sex or age."""
        kinds = [{(period, indicator): 1 for indicator in kind} for kind in _KINDS]
        return _differences(kinds)

    def over_time(self, period: int, *, far: bool) -> list[Move]:
        """Moves that the periods beside and around the period follow.

        `far`: stays of any length, instead of none; else short ones, instead of none or of another.
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
        stays = [self._stay(*span) for span in sorted(spans)]
        found = (
            [tuple(sorted(stay.items())) for stay in stays if stay] if far else _differences(stays)
        )
        return [move for move in found if any(each == period for (each, _), _ in move)]

    def _stay(self, entry: int, exit_: int) -> dict[tuple[int, int], int]:
        """The figures in which a participation counts that lasts from one quarter to another."""
        found: dict[tuple[int, int], int] = {}
        spans = [(place, quarter, quarter) for quarter, place in self._quarters.items()]
        spans += [(place, year * 4, year * 4 + 3) for year, place in self._years.items()]
        for place, begin, end in spans:
            if entry <= end and exit_ >= begin:
                indicators = [PRESENT, PARTICIPATIONS, LEAVERS if exit_ <= end else STOCK]
                indicators += [ENTRANTS, ENTRIES] if entry >= begin else []
                found.update({(place, indicator): 1 for indicator in indicators})
        return found


def _differences(stays: list[dict[tuple[int, int], int]]) -> list[Move]:
    """Every stay instead of none or of another, and the reverse, in a fixed order."""
    found = set()
    for more, fewer in itertools.permutations([{}, *stays], 2):
        step = {key: more.get(key, 0) - fewer.get(key, 0) for key in {*more, *fewer}}
        move = tuple(sorted((key, times) for key, times in step.items() if times))
        if move:
            found.add(move)
    return sorted(found)
