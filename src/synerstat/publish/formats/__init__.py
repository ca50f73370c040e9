"""The formats of a publication, all written from one table per data set, and compared.

What stands in a vintage folder beside data/<data set>.csv, .parquet and codelists/:

data/labelled/<data set>.<language>.csv     labels instead of codes
sdmx/structure.xml, sdmx/<data set>.csv     SDMX-ML 3.0 and SDMX-CSV 2.0
workbook/training-participants-<quarter>.<language>.xlsx
datapackage.json, metadata/datapackage.json Data Package v2
metadata/<data set>.csv-metadata.json       CSV on the Web
metadata/catalogue.ttl                      DCAT-AP 3
quality/format_agreement.csv                what was compared
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from synerstat.beside import AtHand, at_hand
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.tables import harmless
from synerstat.publish.formats.vocabulary import LANGUAGES, Edition, literal

if TYPE_CHECKING:
    from synerstat.publish.formats.agreement import Compared

__all__ = [
    "Edition",
    "formats_at_hand",
    "harmless",
    "literal",
    "writing_formats",
]


def formats_at_hand() -> AbstractContextManager[AtHand]:
    """A process that loads the formats' libraries now, and writes formats once there are data.

    For a command that has other things to do before it publishes, or may not publish at all.
    """
    return at_hand("synerstat.publish.formats.writing", "synerstat.publish.formats.agreement")


@contextmanager
def writing_formats(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    edition: Edition,
    process: AtHand | None = None,
) -> Iterator[None]:
    """Write all formats of a vintage beside what is done in this context, and compare them then.

    The process at hand, or else one of its own, makes them from the Parquet files in the folder and
    from the relation `code_lists`. Once both are ready, each compares a part of what was written.
    Raises PublicationError as `write_formats` (in `writing`) and `compare` (in `agreement`) do.
    """
    code_lists = connection.sql("from code_lists").to_arrow_table()
    with nullcontext(process) if process else at_hand() as writer:
        with writer.doing(_write_from_files, folder, code_lists, edition):
            yield
        # imported when it is needed: its libraries take a moment to load
        from synerstat.publish.formats.agreement import write_agreement

        with writer.doing(_compare, folder, codes=True, languages=LANGUAGES[:1]) as first:
            others = _compare(folder, codes=False, languages=LANGUAGES[1:])
        write_agreement(folder, (*first.result(), *others))


def _write_from_files(folder: Path, code_lists: pa.Table, edition: Edition) -> None:
    # imported in the process that writes, and in no other: the libraries take a second to load
    from synerstat.publish.formats.writing import write_formats

    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("code_lists", code_lists)
        relations = {data_set.name: data_set.name for data_set in DATA_SETS}
        for name in relations:
            path = literal(folder / "data" / f"{name}.parquet")
            connection.execute(f"create table {name} as from read_parquet({path})")
        write_formats(folder, connection, relations, edition)


def _compare(folder: Path, *, codes: bool, languages: Sequence[str]) -> "tuple[Compared, ...]":
    from synerstat.publish.formats.agreement import compare

    with duckdb.connect(config={"threads": 1}) as connection:
        return compare(folder, connection, codes=codes, languages=languages)
