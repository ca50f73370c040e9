"""Disclosure control of a publication: which figures are withheld, and the audit of what is left.

The models `pub_*` join the figures with two files in the warehouse's folder, which a build empties:
`disclosure_withheld.parquet` names the withheld figures, `disclosure_controlled.parquet` the data
sets that went through disclosure control. Without them they hold no rows.

What proves the pattern of a vintage is kept in the warehouse, in `disclosure_worlds/`, never beside
what is published: it tells the small counts. The next vintage starts from it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from synerstat.errors import PublicationWithheldError
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.folder import CHECKSUMS, PROVENANCE
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
    folders of the vintages that a reader has already. `as_in`: the folder of a vintage that
    withholds what is to be withheld again, so that nothing is chosen and nothing audited.
    """

    threshold: int
    secondary: bool
    earlier: Sequence[Path]
    as_in: Path | None = None


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
                + _shown_before(self.protection)
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

    Gives None where there is nothing to audit: where the small counts alone are withheld, or what
    an audited vintage withholds.
    """
    control = None
    chosen = _small_figures()
    if protection.secondary and protection.as_in:
        chosen = _withheld_in(protection.as_in)
    elif protection.secondary:
        control = _chosen(warehouse, connection, protection, progress)
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
    warehouse: Path,
    connection: duckdb.DuckDBPyConnection,
    protection: Protection,
    progress: Progress,
) -> Controlled:
    from synerstat.disclosure import UnprotectableError, protect

    figures, home_areas = read_figures(connection)
    proofs = (_proof_of(warehouse, vintage) for vintage in reversed(protection.earlier))
    proof = next((path for path in proofs if path.exists()), None)
    try:
        pattern = protect(
            figures,
            threshold=protection.threshold,
            home_areas=home_areas,
            earlier=protection.earlier,
            worlds_before=pq.read_table(proof) if proof else None,
            progress=progress,
        )
    except UnprotectableError as error:
        advice = _shown_before(protection) or "\nThe models have to give fewer details of it."
        raise PublicationWithheldError(f"Nothing is published. {error}{advice}") from None
    return Controlled(figures, home_areas, pattern, protection)


def _shown_before(protection: Protection) -> str:
    """What to do where earlier vintages show what would protect a small count; empty if none do."""
    noted = [
        json.loads((vintage / PROVENANCE).read_text("utf-8")) for vintage in protection.earlier
    ]
    names = [
        each["vintage"]
        for each in noted
        if not each.get("disclosure_control", {}).get("secondary_suppression")
    ]
    if not names:
        return ""
    return (
        f"\nPublished by the primary rule alone: {', '.join(names)}. What they show is known and "
        "can't be withheld any more. Publish to a new folder with --out, or, where nobody has "
        "these vintages, take them out of this one."
    )


def keep_proof(warehouse: Path, control: Controlled, vintage: Path) -> None:
    """Keep what proves the pattern of a vintage that is written whole, for the next one."""
    path = _proof_of(warehouse, vintage)
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".partial")
    pq.write_table(control.pattern.worlds, temporary, compression="zstd")
    temporary.replace(path)


def _proof_of(warehouse: Path, vintage: Path) -> Path:
    """Named by the content of the vintage, so that it is never taken for that of another."""
    content = hashlib.sha256((vintage / CHECKSUMS).read_bytes()).hexdigest()
    return Warehouse(warehouse).root / "disclosure_worlds" / f"{content}.parquet"


def _withheld_in(vintage: Path) -> str:
    """SQL for the figures that a vintage withholds."""
    return " union all by name ".join(
        f"select '{data_set.name}' as data_set, {', '.join(data_set.key)}, "
        "case when is_small then 'A' else 'D' end as reason "
        f"from {_read(vintage / 'data' / f'{data_set.name}.parquet')} "
        f"left join {FIGURES.format(data_set.name)} using ({', '.join(data_set.key)}) "
        "where conf_status = 'C'"
        for data_set in DATA_SETS
    )


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
