"""The marts with pandas as one writes them first: persons are counted by `nunique`.

Everything up to the cubes is what `with_pandas.py` does; that one takes the short cut of the
warehouse through them, this one lets the library count each level of each cube.
"""

from functools import partial

import pandas as pd
from common import CUBES, JOB_SEEKERS_ONLY, levels, main
from with_pandas import HOW_GROUPED, named, write_marts


def count_each_level(present: pd.DataFrame, periods: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The cubes, counted level by level."""
    person = present["person"]
    counted = present.assign(
        entering=person.where(present["is_entered"]),
        leaving=person.where(present["is_left"]),
        staying=person.where(present["is_in_stock"]),
    )
    del present
    seeking = counted[counted["labour_status"] == "JSK"]
    return {
        mart: cube(mart, seeking if mart in JOB_SEEKERS_ONLY else counted, periods)
        for mart in CUBES
    }


def cube(mart: str, counted: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Count persons and participations for each set of dimensions that is kept."""
    dimensions = CUBES[mart]
    cells = []
    for kept in levels(dimensions):
        level = counted.groupby(["period", *kept], **HOW_GROUPED).agg(
            persons=("person", "nunique"),
            persons_entered=("entering", "nunique"),
            persons_left=("leaving", "nunique"),
            persons_stock=("staying", "nunique"),
            present=("person", "size"),
            entered=("is_entered", "sum"),
            exited=("is_left", "sum"),
            millionths=("millionths", "sum"),
        )
        codes = {name: level[name].astype(str) if name in kept else "_T" for name in dimensions}
        cells.append(level.assign(**codes))
    return named(pd.concat(cells), periods)


if __name__ == "__main__":
    main(partial(write_marts, count=count_each_level))
