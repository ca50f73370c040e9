"""Writes all formats of a vintage and compares them."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.agreement import Compared, compare
from synerstat.publish.formats.catalogue import check_catalogue, write_catalogue
from synerstat.publish.formats.metadata import write_csvw, write_data_packages
from synerstat.publish.formats.sdmx_structure import write_structure
from synerstat.publish.formats.tables import write_labelled, write_sdmx
from synerstat.publish.formats.vocabulary import Edition, read_code_lists
from synerstat.publish.formats.workbook import write_workbooks

AGREEMENT = "format_agreement.csv"


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
