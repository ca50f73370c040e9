"""Disclosure control of a publication: which figures are withheld, and the audit of what is left.

The models `pub_*` join the figures with two files in the warehouse's folder, which a build empties:
`disclosure_withheld.parquet` names the withheld figures, `disclosure_controlled.parquet` the data
sets that went through disclosure control. Without them they hold no rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from synerstat.errors import PublicationWithheldError
from synerstat.publish.data_sets import DATA_SETS
from synerstat.warehouse import Progress, Warehouse

# loaded where small counts are protected: no other command waits for its solver
if TYPE_CHECKING:
    from synerstat.disclosure import AuditResult, Pattern

FIGURES = "warehouse.intermediate.int_{}__figures"


@dataclass(frozen=True)
class Protection:
    """How far a publication is protected.

    `threshold`: the smallest count that is shown. `secondary`: other figures are withheld with the
    small ones, so that none can be computed; else this is for invented persons only. `earlier`: the
    folders of the vintages that a reader has already.
    """

    threshold: int
    secondary: bool
    earlier: Sequence[Path]


@dataclass(frozen=True)
class Controlled:
    """The figures of a publication before disclosure control, and the pattern chosen for them."""

    figures: Mapping[str, pa.Table]
    home_areas: Mapping[str, str]
    pattern: "Pattern"
    protection: Protection

    def audited(self, published: Mapping[str, pa.Table]) -> "AuditResult":
        """The audit of the published rows. Raises PublicationWithheldError where they fail it."""
        from synerstat.disclosure import audit

        result = audit(
            published,
            self.figures,
            threshold=self.protection.threshold,
            home_areas=self.home_areas,
            earlier=self.protection.earlier,
            worlds=self.pattern.worlds,
        )
        if not result.passed:
            raise PublicationWithheldError(
                "Nothing is published, because the figures fail the disclosure audit. "
                + result.in_words()
            )
        return result


@contextmanager
def controlled(
    warehouse: Path,
    connection: duckdb.DuckDBPyConnection,
    vintage: str,
    protection: Protection,
    progress: Progress,
) -> Iterator[Controlled | None]:
    """Release the figures as `vintage` to the models `pub_*`; take them back where this fails.

    Gives None where the small counts alone are withheld: there is nothing to audit.
    """
    control = None
    chosen = _small_figures()
    if protection.secondary:
        control = _chosen(connection, protection, progress)
        connection.register("withheld_pattern", control.pattern.withheld)
        chosen = "from withheld_pattern"
    withheld, released = _files(warehouse)
    try:
        _write(connection, chosen, withheld)
        sets = ", ".join(f"('{data_set.name}', '{vintage}')" for data_set in DATA_SETS)
        _write(
            connection, f"select * from (values {sets}) as released(data_set, vintage)", released
        )
        yield control
    except BaseException:
        _write(connection, f"select * from {_read(released)} where false", released)
        raise


def read_figures(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[dict[str, pa.Table], dict[str, str]]:
    """The figures before disclosure control, by data set, and the area of each operator.

    The database of the warehouse is attached as `warehouse`.
    """
    figures = {
        data_set.name: connection.sql(
            f"select {', '.join(data_set.key)}, figure, is_small "
            f"from {FIGURES.format(data_set.name)} order by all"
        ).to_arrow_table()
        for data_set in DATA_SETS
    }
    home_areas = connection.execute(
        "select operator, area_code from warehouse.seeds.operator_home_areas order by all"
    ).fetchall()
    return figures, dict(home_areas)


def _chosen(
    connection: duckdb.DuckDBPyConnection, protection: Protection, progress: Progress
) -> Controlled:
    from synerstat.disclosure import protect

    figures, home_areas = read_figures(connection)
    pattern = protect(
        figures,
        threshold=protection.threshold,
        home_areas=home_areas,
        earlier=protection.earlier,
        progress=progress,
    )
    return Controlled(figures, home_areas, pattern, protection)


def _small_figures() -> str:
    """SQL for the figures that rest on too few persons: the primary rule alone."""
    return " union all by name ".join(
        f"select '{data_set.name}' as data_set, {', '.join(data_set.key)}, 'A' as reason "
        f"from {FIGURES.format(data_set.name)} where is_small"
        for data_set in DATA_SETS
    )


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
