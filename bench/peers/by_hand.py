"""The marts by one script of DuckDB's SQL, written by hand: the limit."""

from pathlib import Path

import duckdb
from common import CUBES, JOB_SEEKERS_ONLY, MARTS, SEEDS, Task, main

HERE = Path(__file__).parent


def write_marts(task: Task) -> None:
    connection = duckdb.connect(
        config={
            "threads": task.threads,
            "preserve_insertion_order": False,
            # should memory run out
            "temp_directory": str(task.out / "spilled"),
        }
    )
    variables = {
        "landing": str(task.landing),
        "seeds": str(SEEDS),
        "quarter": task.quarter,
        "first_quarter": task.first_quarter,
        "last_quarter": task.last_quarter,
        "first_year": task.years.start,
        "last_year": task.years.stop - 1,
        **{
            name: task.rules[name]
            for name in ("coverage_start", "spell_gap_days", "minimum_age", "maximum_age")
        },
    }
    for name, value in variables.items():
        connection.execute(f"set variable {name} = $1", [value])
    replaced = (
        f"from read_parquet('{task.replacements}')"
        if task.replacements
        else "select '' as old_key, '' as new_key where false"
    )
    connection.execute(f"create view replaced_keys as {replaced}")
    connection.execute((HERE / "by_hand.sql").read_text("utf-8"))
    cube = (HERE / "by_hand_cube.sql").read_text("utf-8")
    for mart, dimensions in CUBES.items():
        connection.execute(
            cube.format(
                mart=mart,
                dimensions=", ".join(dimensions),
                texts=", ".join(
                    f"coalesce({each}, '_T')::varchar as {each}" for each in dimensions
                ),
                common_dimensions=", ".join(
                    f"if(min({each}) = max({each}), min({each}), '_D'::code) as {each}"
                    for each in dimensions
                ),
                no_difference=" and ".join(
                    f"coalesce({each} <> '_D', true)" for each in dimensions
                ),
                condition="labour_status = 'JSK'" if mart in JOB_SEEKERS_ONLY else "true",
            )
        )
    connection.execute((HERE / "by_hand_other.sql").read_text("utf-8"))
    for mart in MARTS:
        connection.execute(f"copy {mart} to '{task.out / mart}.parquet'")


if __name__ == "__main__":
    main(write_marts)
