"""Compare the secondary suppression with the rule that hides one more in the row.

    python bench/disclosure_control.py [--cubes 10] [--persons 60]

Invented cubes of one quarter (areas x operators x types x modes). The naive rule withholds the
smallest shown figure of each row that has just one withheld, until no row has. Both patterns are
judged by the same audit.
"""

import argparse
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python"))

from disclosure.invented import DIMENSIONS, THRESHOLD, figures, participations, publish

from synerstat.disclosure import audit, protect

KEY = (*DIMENSIONS["training"], "indicator")


def naive(table: pa.Table) -> pa.Table:
    """One more in the row: in each dimension, no withheld figure stands alone with its total."""
    with duckdb.connect() as connection:
        connection.register("given", table)
        connection.execute(
            "create table cells as select *, is_small as hidden, row_number() over () as cell "
            "from given"
        )
        changed = True
        while changed:
            changed = False
            for dimension in DIMENSIONS["training"]:
                others = ", ".join(name for name in KEY if name != dimension)
                alone = connection.execute(f"""
                    with ranked as (
                        select *,
                            count(*) filter (hidden) over (partition by {others}) as hidden_in_row,
                            row_number() over (
                                partition by {others} order by hidden or figure = 0, figure, cell
                            ) as place
                        from cells
                    )
                    select cell from ranked
                    where hidden_in_row = 1 and place = 1 and not hidden and figure > 0
                """).fetchall()
                if alone:
                    changed = True
                    connection.execute(
                        "update cells set hidden = true where list_contains($cells, cell)",
                        {"cells": [cell for (cell,) in alone]},
                    )
        return connection.sql(
            "select 'training' as data_set, * exclude (hidden, cell) from cells where hidden"
        ).to_arrow_table()


def lost(table: pa.Table, withheld: pa.Table) -> float:
    """Share of all figures' sum that is withheld."""
    key = ", ".join(KEY)
    with duckdb.connect() as connection:
        connection.register("given", table)
        connection.register("withheld", withheld)
        found = connection.execute(
            f"select sum(figure) filter (w.indicator is not null) / sum(figure) "
            f"from given left join (select {key} from withheld) as w using ({key}) "
            "where indicator <> 'HOURS'"
        ).fetchone()
    return float(found[0]) if found else 0.0


def main() -> None:
    """Print one line per rule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cubes", type=int, default=10)
    parser.add_argument("--persons", type=int, default=60)
    arguments = parser.parse_args()
    rules = {"one more in the row": lambda t: naive(t["training"])}
    rules["linear programming"] = lambda t: protect(t, threshold=THRESHOLD).withheld
    print(f"{'rule':<22}{'figures':>9}{'withheld':>9}{'lost':>7}{'small':>7}{'exposed':>9}{'s':>7}")
    for name, rule in rules.items():
        total = withheld = small = exposed = 0
        share = seconds = 0.0
        for seed in range(arguments.cubes):
            given = figures(participations(seed, arguments.persons))
            begun = time.perf_counter()
            pattern = rule(given)
            seconds += time.perf_counter() - begun
            result = audit(publish(given, pattern), given, threshold=THRESHOLD)
            total += given["training"].num_rows
            withheld += pattern.num_rows
            small += result.small_counts
            exposed += result.exposed
            share += lost(given["training"], pattern) / arguments.cubes
        print(
            f"{name:<22}{total:>9,}{withheld:>9,}{share:>7.1%}{small:>7,}{exposed:>9,}{seconds:>7.1f}"
        )


if __name__ == "__main__":
    main()
