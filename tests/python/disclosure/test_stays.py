"""Moves: which figures change with one person more, and that these agree with all that is known."""

import duckdb
import pytest

from synerstat.disclosure.stays import Stays
from synerstat.disclosure.system import (
    AT_MOST,
    ENTRANTS,
    ENTRIES,
    LEAVERS,
    PARTICIPATIONS,
    PRESENT,
    STOCK,
)

PERIODS = ["A 2018", *(f"Q 2018-Q{number}" for number in range(1, 5))]


def counted(entry: int, exit_: int, on_last_day: bool) -> dict[tuple[int, int], int]:
    """The figures of one participation by the rules of counting, from its days, in SQL.

    It begins and ends in the middle of a quarter of 2018, or ends on its last day.
    """
    indicators = ("present", "entrants", "leavers", "stock")
    rows = duckdb.execute(
        """
        with periods as (
            select 0 as place, date '2018-01-01' as first_day, date '2018-12-31' as last_day
            union all
            select range + 1, date '2018-01-01' + to_months(3 * range),
                date '2018-01-01' + to_months(3 * range + 3) - interval 1 day
            from range(4)
        ),
        stay as (
            select date '2018-02-15' + to_months(3 * $entry) as start_day,
                case when $on_last_day
                    then date '2018-01-01' + to_months(3 * $exit + 3) - interval 1 day
                    else date '2018-02-20' + to_months(3 * $exit) end as end_day
        )
        select place,
            start_day <= last_day and end_day >= first_day as present,
            start_day between first_day and last_day as entrants,
            end_day between first_day and last_day as leavers,
            start_day <= last_day and end_day >= last_day as stock
        from periods cross join stay
        """,
        {"entry": entry, "exit": exit_, "on_last_day": on_last_day},
    ).fetchall()
    number = dict(zip(indicators, (PRESENT, ENTRANTS, LEAVERS, STOCK), strict=True))
    found = {}
    for place, *flags in rows:
        for name, flag in zip(indicators, flags, strict=True):
            if flag:
                found[place, number[name]] = 1
                if name in ("present", "entrants"):
                    found[place, PARTICIPATIONS if name == "present" else ENTRIES] = 1
    return found


@pytest.mark.parametrize("on_last_day", [False, True])
@pytest.mark.parametrize(
    ("entry", "exit_"),
    [(entry, exit_) for entry in range(-1, 4) for exit_ in range(max(entry, 0), 5)],
)
def test_a_stay_counts_as_the_rules_say(entry: int, exit_: int, on_last_day: bool) -> None:
    first = 2018 * 4
    found = Stays(PERIODS)._stay(first + entry, first + exit_, on_last_day)
    assert found == counted(entry, exit_, on_last_day)


def test_who_leaves_on_the_last_day_is_among_the_leavers_and_in_stock() -> None:
    moves = Stays(PERIODS).within(1, on_last_day=True)
    everything = {(1, PRESENT): 1, (1, PARTICIPATIONS): 1, (1, LEAVERS): 1, (1, STOCK): 1}
    assert tuple(sorted(everything.items())) in moves
    # leaving on the last day instead of before it
    assert (((1, STOCK), 1),) in moves
    assert not set(moves) & set(Stays(PERIODS).within(1))


@pytest.mark.parametrize("on_last_day", [False, True])
def test_moves_of_stays_agree_with_the_order_of_indicators(on_last_day: bool) -> None:
    for move in Stays(PERIODS).over_time(2, far=True, on_last_day=on_last_day):
        steps = dict(move)
        for place in range(len(PERIODS)):
            for small, large in AT_MOST:
                assert steps.get((place, small), 0) <= steps.get((place, large), 0)
            left_or_stayed = steps.get((place, LEAVERS), 0) + steps.get((place, STOCK), 0)
            assert steps.get((place, PRESENT), 0) <= left_or_stayed
