"""Data Docs show every run, without network, and nothing unprotected in a publication."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lxml.html
import pytest

from synerstat.data_docs import RUNS_KEPT, note_run, write_published_docs
from synerstat.warehouse import ExpectationOutcome, ExpectationsResult, SuiteText

NOW = datetime(2020, 1, 31, 12, tzinfo=UTC)
CELL = "mart, 2019-Q4, operator=<b>adg</b>: participants_present is 2, expected 3"
HELD = ExpectationOutcome(
    "add_up", "sex", "quality.checks", "Sexes add up.", "blocking", True, 0, ""
)
RESULT = ExpectationsResult(
    passed=False,
    failures=(CELL,),
    warnings=("as usual: not",),
    outcomes=(
        HELD,
        replace(HELD, expectation="age", passed=False, cells_failed=5, message=CELL),
        replace(HELD, expectation="usual", severity="warning", passed=False, message="not"),
    ),
    suites=(SuiteText("add_up", "Does it add up?", "It must.", "Look."),),
)


def page(path: Path) -> lxml.html.HtmlElement:
    read = lxml.html.fromstring(path.read_text("utf-8"))
    assert "default-src 'none'" in read.xpath("//meta[@http-equiv]/@content")[0]
    assert read.xpath("//style/text()")[0].strip()
    assert not read.xpath("//script | //@src")
    for address in read.xpath("//@href"):
        target, _, anchor = address.partition("#")
        assert target == "data:," or not target or (path.parent / target).exists(), address
        assert not anchor or read.xpath(f"//*[@id='{anchor}']"), address
    return read


def listed(index: Path) -> list[list[str]]:
    return [
        [cell.text_content() for cell in row.xpath("./td")]
        for row in page(index).xpath("//tbody/tr")
    ]


def test_runs_are_listed_the_last_one_first(tmp_path: Path) -> None:
    better = replace(RESULT, passed=True, outcomes=(HELD,), failures=(), warnings=())
    note_run(tmp_path, "2019Q3", RESULT, NOW)
    index = note_run(tmp_path, "2019Q4", better, NOW + timedelta(minutes=1))
    assert listed(index) == [
        ["2020-01-31 12:01:00 UTC", "passed", "1", "0", "0"],
        ["2020-01-31 12:00:00 UTC", "failed", "3", "1", "1"],
    ]
    assert page(index).xpath("//tbody//a/@href") == [
        "20200131T120100Z-2019Q4.html",
        "20200131T120000Z-2019Q3.html",
    ]


def test_a_run_shows_its_expectations_the_broken_ones_first(tmp_path: Path) -> None:
    note_run(tmp_path, "2019Q4", RESULT, NOW)
    run = page(tmp_path / "20200131T120000Z-2019Q4.html")
    assert run.xpath("//h2[1]/text()") == ["Does it add up?", "Warnings and declared deviations"]
    assert [each.text_content() for each in run.xpath("//div/header/span[1]")] == [
        *("failed", "warning", "held")
    ]
    # text of a label does not act
    assert run.xpath("//section//pre/text()")[0] == CELL
    assert not run.xpath("//b")
    noted = json.loads((tmp_path / "runs" / "20200131T120000Z-2019Q4.json").read_text("utf-8"))
    assert noted["outcomes"][1]["message"] == CELL


def test_the_same_again_is_no_run_and_old_runs_go(tmp_path: Path) -> None:
    for minute in range(RUNS_KEPT + 3):
        quarter = f"2019Q{minute % 2 + 1}"
        note_run(tmp_path, quarter, RESULT, NOW + timedelta(minutes=minute))
        note_run(tmp_path, quarter, RESULT, NOW + timedelta(minutes=minute, seconds=9))
    names = sorted(path.stem for path in (tmp_path / "runs").iterdir())
    assert len(names) == RUNS_KEPT
    assert names[0] == "20200131T120300Z-2019Q2"
    assert {path.stem for path in tmp_path.glob("*.html")} == {*names, "index"}


@pytest.mark.parametrize("name", ["index.html", "2019Q4.html", "runs/2019Q4.json"])
def test_published_docs_tell_no_cells(tmp_path: Path, name: str) -> None:
    write_published_docs(tmp_path, "2019Q4", RESULT)
    text = (tmp_path / name).read_text("utf-8")
    assert "participants_present" not in text
    if name.endswith(".html"):
        page(tmp_path / name)
    if name == "2019Q4.html":
        assert "5 cells. Look." in text
