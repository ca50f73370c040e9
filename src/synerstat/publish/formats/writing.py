"""Writes all formats of a vintage."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.catalogue import check_catalogue, write_catalogue
from synerstat.publish.formats.metadata import write_csvw, write_data_packages
from synerstat.publish.formats.sdmx_structure import write_structure
from synerstat.publish.formats.tables import write_labelled, write_sdmx
from synerstat.publish.formats.vocabulary import Edition, read_code_lists
from synerstat.publish.formats.workbook import write_workbooks


def write_formats(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    edition: Edition,
) -> None:
    """Write all formats of a vintage; `compare` (in `agreement`) reads them back.

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
