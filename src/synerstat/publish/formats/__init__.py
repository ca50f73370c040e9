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

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from synerstat.beside import beside
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.agreement import Compared, compare
from synerstat.publish.formats.catalogue import check_catalogue, write_catalogue
from synerstat.publish.formats.metadata import write_csvw, write_data_packages
from synerstat.publish.formats.sdmx_structure import write_structure
from synerstat.publish.formats.tables import harmless, write_labelled, write_sdmx
from synerstat.publish.formats.vocabulary import Edition, literal, read_code_lists
from synerstat.publish.formats.workbook import write_workbooks

__all__ = [
    "Compared",
    "Edition",
    "compare",
    "harmless",
    "literal",
    "write_formats",
    "writing_formats",
]

AGREEMENT = "format_agreement.csv"


@contextmanager
def writing_formats(
    folder: Path, connection: duckdb.DuckDBPyConnection, edition: Edition
) -> Iterator[None]:
    """Write and compare all formats of a vintage beside what is done in this context.

    A process of its own makes them from the Parquet files in the folder and from the relation
    `code_lists`; at the end of the context they are done, too. Raises as `write_formats` does.
    """
    code_lists = connection.sql("from code_lists").to_arrow_table()
    with beside(_write_from_files, folder, code_lists, edition):
        yield


def _write_from_files(folder: Path, code_lists: pa.Table, edition: Edition) -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("code_lists", code_lists)
        relations = {data_set.name: data_set.name for data_set in DATA_SETS}
        for name in relations:
            path = literal(folder / "data" / f"{name}.parquet")
            connection.execute(f"create table {name} as from read_parquet({path})")
        write_formats(folder, connection, relations, edition)


def write_formats(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    edition: Edition,
) -> None:
    """Write all formats of a vintage, compare them cell by cell, and note what was compared.

    `relations` names the published table of each data set (key, obs_value, obs_status, conf_status,
    vintage); the relation `code_lists` (code_list, code, label_<language>, position) has labels as
    they are. data/<data set>.csv and .parquet and the code lists are in the folder already.

    Raises PublicationError where the catalogue or the SDMX structure is not valid, where formats
    differ, a code, a period or a label is not what it should be, or a key stands twice.
    """
    code_lists = read_code_lists(connection)
    (folder / "sdmx").mkdir(exist_ok=True)
    write_structure(folder / "sdmx" / "structure.xml", code_lists, edition)
    for data_set in DATA_SETS:
        write_labelled(folder, connection, data_set, relations[data_set.name])
        write_sdmx(folder, connection, data_set, relations[data_set.name])
        write_csvw(folder, data_set, code_lists, edition)
    write_workbooks(folder, connection, relations, edition)
    write_data_packages(folder, code_lists, edition)
    write_catalogue(folder, code_lists, edition)
    check_catalogue(folder)
    _write_agreement(folder / "quality", compare(folder, connection))


def _write_agreement(folder: Path, compared: tuple[Compared, ...]) -> None:
    """One row per file and data set: cells compared with the Parquet file. None differs."""
    folder.mkdir(exist_ok=True)
    lines = ["data_set,file,compared_with,cells,differing"]
    lines += [
        f"{each.data_set},{each.file},data/{each.data_set}.parquet,{each.cells},{each.differing}"
        for each in compared
    ]
    (folder / AGREEMENT).write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
