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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb

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
    "comparing_formats",
    "harmless",
    "literal",
    "write_formats",
]

AGREEMENT = "format_agreement.csv"


def write_formats(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    edition: Edition,
) -> None:
    """Write all formats of a vintage; `comparing_formats` then compares them.

    `relations` names the published table of each data set (key, obs_value, obs_status, conf_status,
    vintage); the relation `code_lists` (code_list, code, label_<language>, position) has labels as
    they are. data/<data set>.csv and .parquet and the code lists are in the folder already.

    Raises PublicationError where the catalogue is not valid.
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


@contextmanager
def comparing_formats(folder: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Compare the formats in the folder, cell by cell, beside what is done in this context.

    At its end the comparison is done too, and noted in the folder. Raises PublicationError where
    formats differ, a code, a period or a label is not what it should be, a key stands twice, or the
    SDMX structure is not valid.
    """
    with connection.cursor() as own, ThreadPoolExecutor(1) as beside:
        compared = beside.submit(compare, folder, own)
        yield
        _write_agreement(folder / "quality", compared.result())


def _write_agreement(folder: Path, compared: tuple[Compared, ...]) -> None:
    """One row per file and data set: cells compared with the Parquet file. None differs."""
    folder.mkdir(exist_ok=True)
    lines = ["data_set,file,compared_with,cells,differing"]
    lines += [
        f"{each.data_set},{each.file},data/{each.data_set}.parquet,{each.cells},{each.differing}"
        for each in compared
    ]
    (folder / AGREEMENT).write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
