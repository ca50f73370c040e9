import csv
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from formats.vintages import (
    EDITION,
    RELATIONS,
    connect,
    read_tables,
    rewrite,
    write_all,
    write_plain,
)

from synerstat.errors import PublicationError
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.agreement import compare
from synerstat.publish.formats.vocabulary import LANGUAGES
from synerstat.publish.formats.workbook import write_workbooks

NAMES = [data_set.name for data_set in DATA_SETS]


def last_line_gone(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[:-1])


def last_line_twice(text: str) -> str:
    return text + text.splitlines(keepends=True)[-1]


def figure_changed(text: str) -> str:
    return re.sub(r",(\d+),(?!.*\d,\d)", lambda found: f",{int(found[1]) + 1},", text, count=1)


def flag_changed(text: str) -> str:
    return re.sub(r",P,F", ",A,F", text, count=1)


def test_every_file_is_compared_with_the_parquet_file(vintage: Path) -> None:
    with (vintage / "quality" / "format_agreement.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plain = {(row["file"], row["data_set"]) for row in rows}
    due = {(f"data/{name}.csv", name) for name in NAMES}
    due |= {(f"sdmx/{name}.csv", name) for name in NAMES}
    for language in LANGUAGES:
        due |= {(f"data/labelled/{name}.{language}.csv", name) for name in NAMES}
        due |= {(f"workbook/training-participants-2019Q4.{language}.xlsx", name) for name in NAMES}
    assert plain == due
    assert len(rows) == len(due)
    assert {row["differing"] for row in rows} == {"0"}
    for row in rows:
        [(held,)] = duckdb.sql(
            f"select count(*) from '{vintage}/data/{row['data_set']}.parquet'"
        ).fetchall()
        # a workbook holds some cells only, and the totals on several sheets
        assert int(row["cells"]) == held or row["file"].startswith("workbook/")
        assert int(row["cells"]) > 0


def test_the_invented_cells_hold_every_flag(vintage: Path) -> None:
    statuses = duckdb.sql(
        f"select distinct obs_status || conf_status from '{vintage}/data/training.parquet'"
    ).fetchall()
    assert {status for (status,) in statuses} == {"AF", "PF", "BF", "MF", "QC"}


@pytest.mark.parametrize(
    "how",
    [last_line_gone, last_line_twice, figure_changed, flag_changed],
    ids=lambda how: how.__name__,
)
@pytest.mark.parametrize("path", ["data/mobility.csv", "sdmx/mobility.csv"])
def test_a_changed_file_is_noticed(copied: Path, path: str, how: Callable[[str], str]) -> None:
    rewrite(copied / path, how)
    with duckdb.connect() as connection, pytest.raises(PublicationError, match=path):
        compare(copied, connection)


@pytest.mark.parametrize(
    "how",
    [
        last_line_gone,
        last_line_twice,
        lambda text: text.replace("Provisoire", "Normal").replace("Valeur provisoire", "x", 1),
        lambda text: text.replace("Femmes", "Hommes", 1),
        lambda text: text.replace("Le Forem", "Forem", 1),
    ],
    ids=["line gone", "line twice", "flag", "label of another code", "label of no code"],
)
def test_a_changed_label_file_is_noticed(copied: Path, how: Callable[[str], str]) -> None:
    rewrite(copied / "data" / "labelled" / "status.fr.csv", how)
    with duckdb.connect() as connection, pytest.raises(PublicationError, match=r"status\.fr\.csv"):
        compare(copied, connection)


def test_a_changed_parquet_file_differs_from_all_others(copied: Path) -> None:
    path = copied / "data" / "mirror.parquet"
    duckdb.sql(f"create table changed as from '{path}'")
    duckdb.sql("update changed set obs_value = coalesce(obs_value, 0) + 1")
    duckdb.sql(f"copy changed to '{path}' (format parquet)")
    duckdb.sql("drop table changed")
    with duckdb.connect() as connection, pytest.raises(PublicationError) as raised:
        compare(copied, connection)
    for file in ("data/mirror.csv", "sdmx/mirror.csv", "labelled/mirror.fr.csv", ".fr.xlsx"):
        assert file in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        "set obs_value = obs_value + 1 where obs_value is not null",
        "set obs_status = 'A' where obs_status = 'B'",
        "set obs_status = 'A' where obs_status = 'P' and sex = 'F'",
        "set obs_status = 'P' where obs_status = 'A' and sex = 'F'",
        "set obs_value = 0, obs_status = 'A', conf_status = 'F' where conf_status = 'C'",
        "set obs_value = null, obs_status = 'M' where obs_status = 'A'",
    ],
)
def test_a_workbook_of_other_figures_or_flags_is_noticed(copied: Path, change: str) -> None:
    with connect() as connection:
        read_tables(copied, connection)
        # a few cells are enough
        connection.execute(
            f"update published_profile {change} and age_group = '_T' and education_level = '_T' "
            "and training_area = '_T'"
        )
        write_workbooks(copied, connection, RELATIONS, EDITION)
        with pytest.raises(PublicationError, match=r"\.fr\.xlsx: \d+ rows of the data set profile"):
            compare(copied, connection)


def test_a_missing_workbook_is_noticed(copied: Path) -> None:
    (copied / "workbook" / "training-participants-2019Q4.fr.xlsx").unlink()
    with (
        duckdb.connect() as connection,
        pytest.raises(PublicationError, match="no single workbook"),
    ):
        compare(copied, connection)


def test_a_key_that_stands_twice_is_not_published(tmp_path: Path) -> None:
    with connect() as connection:
        write_plain(tmp_path, connection)
        connection.execute(
            "insert into published_mirror from published_mirror where obs_value > 0 limit 1"
        )
        connection.execute(
            f"copy published_mirror to '{tmp_path}/data/mirror.parquet' (format parquet)"
        )
        with pytest.raises(PublicationError, match="mirror a key stands twice, such as Q, 20"):
            write_all(tmp_path, connection)


def test_two_codes_with_one_label_are_not_published(copied: Path) -> None:
    rewrite(copied / "codelists" / "sex.csv", lambda text: text.replace("Femmes", "Hommes"))
    with (
        duckdb.connect() as connection,
        pytest.raises(PublicationError, match=r"same label in fr: Hommes \(SEX\)"),
    ):
        compare(copied, connection)


def test_all_formats_are_written_with_the_same_bytes_again(vintage: Path, tmp_path: Path) -> None:
    with connect() as connection:
        connection.execute("set threads = 1")
        write_plain(tmp_path, connection)
        write_all(tmp_path, connection)
    files = {path.relative_to(vintage): path for path in vintage.rglob("*") if path.is_file()}
    again = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*") if path.is_file()}
    assert files.keys() == again.keys()
    assert [name for name in files if files[name].read_bytes() != again[name].read_bytes()] == []


def test_labels_that_look_like_formulas_are_made_harmless(vintage: Path) -> None:
    for language, label in (("en", "'=1+1"), ("nl", "'-2")):
        path = vintage / "data" / "labelled" / f"profile.{language}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            cells = {cell for row in csv.reader(file) for cell in row}
        assert label in cells
        assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-(?!\d+$)", cell)]


def test_labelled_files_hold_the_rows_in_the_order_of_the_codes(vintage: Path) -> None:
    with (vintage / "data" / "training.csv").open(newline="", encoding="utf-8") as file:
        codes = list(csv.reader(file))
    path = vintage / "data" / "labelled" / "training.de.csv"
    with path.open(newline="", encoding="utf-8") as file:
        labels = list(csv.reader(file))
    assert labels[0][:4] == ["Häufigkeit", "Zeitraum", "Ausbildungsort", "Träger"]
    assert [(row[1], row[-4]) for row in labels[1:]] == [(row[1], row[-4]) for row in codes[1:]]
