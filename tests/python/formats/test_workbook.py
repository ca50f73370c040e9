import csv
import re
import zipfile
from pathlib import Path

import pytest
from lxml import etree
from python_calamine import CalamineWorkbook

from synerstat.publish.formats.vocabulary import LANGUAGES
from synerstat.publish.formats.workbook import HEADER, TABLES

SHEET = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def workbook(vintage: Path, language: str) -> Path:
    return vintage / "workbook" / f"training-participants-2019Q4.{language}.xlsx"


def parts(path: Path, pattern: str) -> dict[str, etree._Element]:
    with zipfile.ZipFile(path) as archive:
        return {
            name: etree.fromstring(archive.read(name))
            for name in sorted(archive.namelist())
            if re.fullmatch(pattern, name)
        }


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_real_table_per_sheet_with_a_frozen_header(vintage: Path, language: str) -> None:
    path = workbook(vintage, language)
    sheets = parts(path, r"xl/worksheets/sheet\d+\.xml")
    tables = parts(path, r"xl/tables/table\d+\.xml")
    assert len(sheets) == len(TABLES) + 3
    assert len(tables) == len(TABLES) + 2
    with_table = 0
    for sheet in sheets.values():
        assert not sheet.findall(".//x:mergeCells", SHEET)
        assert not sheet.findall(".//x:f", SHEET)
        held = sheet.findall(".//x:tablePart", SHEET)
        assert len(held) <= 1
        assert len(sheet.findall(".//x:pane[@state='frozen']", SHEET)) == len(held)
        with_table += len(held)
    assert with_table == len(tables)
    for table in tables.values():
        headers = [each.get("name") for each in table.findall(".//x:tableColumn", SHEET)]
        assert len(headers) == len(set(headers))
        assert all(headers)


def test_no_file_is_large(vintage: Path) -> None:
    for language in LANGUAGES:
        assert workbook(vintage, language).stat().st_size < 2_000_000


def test_figures_are_numbers_and_marks_stand_for_what_is_missing(vintage: Path) -> None:
    rows = (
        CalamineWorkbook.from_path(str(workbook(vintage, "en")))
        .get_sheet_by_name("Table 2")
        .to_python(skip_empty_area=False)
    )
    header = rows[HEADER]
    assert header[:2] == ["Operator", "Indicator"]
    # eight quarters, then the years; 2019 is provisional
    assert header[2:5] == ["2018-Q1", "2018-Q2", "2018-Q3"]
    assert header[6:12] == [
        "2019-Q1 [p]",
        "2019-Q2 [p]",
        "2019-Q3 [p]",
        "2019-Q4 [p]",
        "2018",
        "2019 [p]",
    ]
    assert header[12] == "Marks"
    cells = [cell for row in rows[HEADER + 1 :] for cell in row[2:12]]
    marks = {cell for cell in cells if isinstance(cell, str)}
    assert marks == {"[c]", "[z]"}
    assert all(cell == int(cell) for cell in cells if not isinstance(cell, str))
    assert any("[b] 20" in row[12] for row in rows[HEADER + 1 :])
    # in the order of the code lists, the total last
    with (vintage / "codelists" / "operator.csv").open(encoding="utf-8") as file:
        operators = [row["label_en"] for row in csv.DictReader(file)]
    assert list(dict.fromkeys(row[0] for row in rows[HEADER + 1 :])) == operators
    assert operators[0] == "VDAB"
    assert operators[-1] == "Total"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contents_lead_to_every_sheet(vintage: Path, language: str) -> None:
    path = workbook(vintage, language)
    names = CalamineWorkbook.from_path(str(path)).sheet_names
    contents = parts(path, r"xl/worksheets/sheet2\.xml").popitem()[1]
    links = [each.get("location") for each in contents.findall(".//x:hyperlink", SHEET)]
    assert links == [f"{name!r}!A1" if " " in name else f"{name}!A1" for name in names[2:]] or [
        link.replace("'", "") for link in links
    ] == [f"{name}!A1" for name in names[2:]]


def test_properties_name_the_statistic_and_no_time_of_writing(vintage: Path) -> None:
    for language, title in (("fr", "Participants à la formation"), ("de", "Teilnehmende an")):
        core = parts(workbook(vintage, language), r"docProps/core\.xml").popitem()[1]
        values = {etree.QName(each).localname: each.text for each in core}
        assert values["title"].startswith(title)
        assert values["category"] == language
        assert values["created"] == values["modified"] == "2019-12-31T00:00:00Z"


def test_a_label_that_looks_like_a_formula_is_text(vintage: Path) -> None:
    rows = (
        CalamineWorkbook.from_path(str(workbook(vintage, "en")))
        .get_sheet_by_name("Table 6")
        .to_python(skip_empty_area=False)
    )
    assert "=1+1" in {row[0] for row in rows}
