"""Compare the secondary suppression with the rule that hides one more in the row.

    python bench/disclosure_control.py [--cubes 10] [--persons 60]
    python bench/disclosure_control.py --warehouse build/warehouse [--naive]

Invented cubes of one quarter (areas x operators x types x modes). The naive rule withholds the
smallest shown figure of each row that has just one withheld, until no row has. Both patterns are
judged by the same audit. With a warehouse: the figures of all its periods and data sets, by the
number of dimensions that they are broken down by, with seconds and peak memory; before that, if
asked for, both rules on its last quarter by training (minutes: the audit has no worlds to go by).
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python"))

from disclosure.invented import DIMENSIONS, HOMES, THRESHOLD, figures, participations, publish

from synerstat.disclosure import audit, protect
from synerstat.publish.control import read_figures
from synerstat.warehouse import Warehouse

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


def measure_warehouse(warehouse: Path, *, with_naive: bool) -> None:
    """Protect and audit what a build left; print what is withheld, by data set and detail."""
    path = str(Warehouse(warehouse).database).replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as warehouse (read_only)")
        given, home_areas = read_figures(connection)
    if with_naive:
        compare([last_quarter(given["training"])], home_areas)
    begun = time.perf_counter()
    pattern = protect(
        given,
        threshold=THRESHOLD,
        home_areas=home_areas,
        progress=lambda said: print(said, file=sys.stderr),
    )
    seconds = time.perf_counter() - begun
    result = audit(
        publish(given, pattern.withheld),
        given,
        threshold=THRESHOLD,
        home_areas=home_areas,
        worlds=pattern.worlds,
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(result.in_words())
    print(f"chosen in {seconds:.1f} s, audited in {result.seconds:.1f} s, {peak:.2f} GB at most")
    print(f"{'data set':<10}{'dimensions':>11}{'figures':>9}{'small':>8}{'withheld':>9}")
    with duckdb.connect() as connection:
        connection.register("withheld", pattern.withheld)
        for name, table in given.items():
            key = ", ".join(table.column_names[:-2])
            detail = " + ".join(f"({column} <> '_T')::int" for column in table.column_names[2:-3])
            connection.register("given", table)
            for row in connection.execute(f"""
                select {detail} as detail, count(*), count(*) filter (is_small), count(reason)
                from given
                left join (select {key}, reason from withheld where data_set = '{name}')
                    using ({key})
                where figure > 0 and indicator not in ('HOURS', 'MIRROR_ASYMMETRY')
                group by all order by all
            """).fetchall():
                print(f"{name:<10}{row[0]:>11}{row[1]:>9,}{row[2]:>8,}{row[3]:>9,}")


def last_quarter(table: pa.Table) -> dict[str, pa.Table]:
    """The figures by training of the last quarter alone."""
    quarters = table.filter(pc.equal(table["freq"], "Q"))
    last = pc.max(quarters["time_period"])
    return {"training": quarters.filter(pc.equal(quarters["time_period"], last))}


def compare(cubes: list[dict[str, pa.Table]], home_areas: dict[str, str]) -> None:
    """Print one line per rule: what it withholds and leaves exposed, over all the cubes."""
    print(f"{'rule':<22}{'figures':>9}{'withheld':>9}{'lost':>7}{'small':>7}{'exposed':>9}{'s':>7}")
    for name in ("one more in the row", "linear programming"):
        total = withheld = small = exposed = 0
        share = seconds = 0.0
        for given in cubes:
            begun = time.perf_counter()
            worlds = None
            if name == "linear programming":
                chosen = protect(given, threshold=THRESHOLD, home_areas=home_areas)
                pattern, worlds = chosen.withheld, chosen.worlds
            else:
                pattern = naive(given["training"])
            seconds += time.perf_counter() - begun
            result = audit(
                publish(given, pattern),
                given,
                threshold=THRESHOLD,
                home_areas=home_areas,
                worlds=worlds,
            )
            total += given["training"].num_rows
            withheld += pattern.num_rows
            small += result.small_counts
            exposed += result.exposed
            share += lost(given["training"], pattern) / len(cubes)
        print(
            f"{name:<22}{total:>9,}{withheld:>9,}{share:>7.1%}{small:>7,}{exposed:>9,}{seconds:>7.1f}",
            flush=True,
        )


def main() -> None:
    """Print one line per rule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cubes", type=int, default=10)
    parser.add_argument("--persons", type=int, default=60)
    parser.add_argument("--warehouse", type=Path, help="measure the figures of this warehouse")
    parser.add_argument("--naive", action="store_true", help="both rules on its last quarter")
    arguments = parser.parse_args()
    if arguments.warehouse:
        measure_warehouse(arguments.warehouse, with_naive=arguments.naive)
    else:
        seeds = range(arguments.cubes)
        compare([figures(participations(seed, arguments.persons)) for seed in seeds], HOMES)


if __name__ == "__main__":
    main()
