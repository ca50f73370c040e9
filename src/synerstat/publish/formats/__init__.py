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

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import duckdb
import pyarrow as pa

from synerstat.beside import AtHand, at_hand
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.tables import harmless
from synerstat.publish.formats.vocabulary import Edition, literal

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
    return at_hand("synerstat.publish.formats.writing")


@contextmanager
def writing_formats(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    edition: Edition,
    process: AtHand | None = None,
) -> Iterator[None]:
    """Write and compare all formats of a vintage beside what is done in this context.

    The process at hand, or else one of its own, makes them from the Parquet files in the folder and
    from the relation `code_lists`; at the end of the context they are done, too. Raises as
    `write_formats` (in `writing`) does.
    """
    code_lists = connection.sql("from code_lists").to_arrow_table()
    with (
        nullcontext(process) if process else at_hand() as writer,
        writer.doing(_write_from_files, folder, code_lists, edition),
    ):
        yield


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
