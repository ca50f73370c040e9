"""Disclosure control as the publication models see it: which figures are withheld.

The models `pub_*` join the figures with two files in the warehouse's folder, which a build empties:
`disclosure_withheld.parquet` names the withheld figures, `disclosure_controlled.parquet` the data
sets that went through disclosure control. Without them they hold no rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from synerstat.publish.data_sets import DATA_SETS
from synerstat.warehouse import Warehouse

FIGURES = "warehouse.intermediate.int_{}__figures"


def withheld_pattern() -> str:
    """SQL for the withheld figures: data_set, the dimensions, indicator, reason.

    Reads the figures before disclosure control. This is the primary rule: what rests on too few
    persons is withheld.
    """
    return " union all by name ".join(
        f"select '{data_set.name}' as data_set, {', '.join(data_set.key)}, 'primary' as reason "
        f"from {FIGURES.format(data_set.name)} where is_small"
        for data_set in DATA_SETS
    )


@contextmanager
def controlled(
    warehouse: Path, connection: duckdb.DuckDBPyConnection, vintage: str
) -> Iterator[None]:
    """Release the figures as `vintage` to the models `pub_*`; take them back where this fails."""
    withheld, released = _files(warehouse)
    try:
        _write(connection, withheld_pattern(), withheld)
        sets = ", ".join(f"('{data_set.name}', '{vintage}')" for data_set in DATA_SETS)
        _write(
            connection, f"select * from (values {sets}) as released(data_set, vintage)", released
        )
        yield
    except BaseException:
        _write(connection, f"select * from {_read(released)} where false", released)
        raise


def _files(warehouse: Path) -> tuple[Path, Path]:
    root = Warehouse(warehouse).root
    return root / "disclosure_withheld.parquet", root / "disclosure_controlled.parquet"


def _read(path: Path) -> str:
    return "read_parquet('" + str(path).replace("'", "''") + "')"


def _write(connection: duckdb.DuckDBPyConnection, rows: str, path: Path) -> None:
    """Replace a file whole; its columns and their order are those that the build gave it."""
    columns = [name for name, *_ in connection.execute(f"describe from {_read(path)}").fetchall()]
    selected = ", ".join(f"cast({name} as varchar) as {name}" for name in columns)
    temporary = path.with_suffix(".partial")
    empty = f"select * from {_read(path)} where false"
    quoted = str(temporary).replace("'", "''")
    connection.execute(
        f"copy (select {selected} from (({empty}) union all by name ({rows})) order by all) "
        f"to '{quoted}' (format parquet)"
    )
    temporary.replace(path)
