"""The table builder in a browser: its cells, its address, its files."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from .conftest import Published, Visit

Cells = dict[tuple[str, str], tuple[int | None, str]]


@pytest.fixture
def builder(published: Published, visit: Callable[..., Visit]) -> Iterator[Page]:
    opened = visit(
        accept_downloads=True, permissions=["clipboard-read", "clipboard-write"], locale="en"
    )
    opened.page.goto(published.url("en/tables.html"))
    expect(opened.page.locator("#b-table")).to_be_visible()
    yield opened.page
    assert opened.complaints == []
    assert opened.of_others(published.address) == []


def state(page: Page) -> dict[str, str]:
    return {name: each[0] for name, each in parse_qs(page.url.split("#", 1)[1]).items()}


def choose(page: Page, control: str, code: str) -> None:
    page.locator(f"#b-{control}").select_option(code)


def downloaded(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.locator(button).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


@pytest.mark.parametrize(
    ("data_set", "rows", "columns", "at"),
    [
        ("training", "operator", "time_period", {}),
        ("profile", "age_group", "sex", {"time_period": "2019", "indicator": "ENTRANTS"}),
        ("status", "labour_status", "operator", {"time_period": "2019-Q4", "indicator": "HOURS"}),
        ("mobility", "residence_area", "operator", {"time_period": "2018"}),
        ("mirror", "home_operator", "host_operator", {"indicator": "MIRROR_HOST"}),
    ],
)
def test_its_cells_are_those_of_the_data_sets(
    builder: Page,
    cells: Cells,
    tmp_path: Path,
    data_set: str,
    rows: str,
    columns: str,
    at: dict[str, str],
) -> None:
    choose(builder, "set", data_set)
    choose(builder, "rows", rows)
    choose(builder, "columns", columns)
    for dimension, code in at.items():
        choose(builder, dimension, code)
    expect(builder.locator("#b-table")).to_be_visible()
    expect(builder.locator(".builder [role=status]")).to_contain_text("rows")
    path = downloaded(builder, "#b-csv", tmp_path)
    found = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    assert found
    vintages = {each["vintage"] for each in found}
    assert vintages == {"2019Q4-v1"}
    for each in found:
        key = {
            name: code
            for name, code in each.items()
            if re.fullmatch("[a-z_]+", name) and name not in ("obs_value", "obs_status", "vintage")
        }
        key.pop("freq", None)
        value, status = cells[data_set, json.dumps(key, sort_keys=True)]
        assert (each["obs_value"], each["obs_status"]) == (
            "" if value is None else str(value),
            status,
        )
    shown = [
        [cell.removesuffix(" [b]") for cell in row]
        for row in builder.locator("#b-table tbody tr").evaluate_all(
            "(rows) => rows.map((row) => [...row.cells].slice(1).map((cell) => cell.textContent))"
        )
    ]
    values = [cell.replace(",", "").replace("\u2212", "-") for row in shown for cell in row]
    expected = [each["obs_value"] or {"Q": "[c]", "M": "[z]"}[each["obs_status"]] for each in found]
    # a cell that is not published is marked as in the workbook, and stands in no file
    figures = [each for each in expected if each != "[z]"]
    assert [each for each in values if each != "[z]"] == figures


def test_the_workbook_holds_the_table(builder: Page, tmp_path: Path) -> None:
    choose(builder, "rows", "training_type")
    expect(builder.locator("#b-table caption")).to_contain_text("Type of training")
    workbook = CalamineWorkbook.from_path(downloaded(builder, "#b-xlsx", tmp_path))
    lines = workbook.get_sheet_by_index(0).to_python()
    shown = builder.locator("#b-table tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    found = [
        [str(int(cell)) if isinstance(cell, float) else cell for cell in line]
        for line in lines[-len(shown) :]
    ]
    assert found == [
        [row[0], *(each.removesuffix(" [b]").replace(",", "") for each in row[1:])] for row in shown
    ]


def test_sort_find_and_chart_stand_in_the_address(builder: Page) -> None:
    choose(builder, "rows", "training_type")
    expect(builder.locator("#b-table caption")).to_contain_text("Type of training")
    builder.locator("#b-sort-1").click()
    heading = builder.locator("#b-table th:nth-child(2)")
    expect(heading).to_have_attribute("aria-sort", "descending")
    column = builder.locator("#b-table tbody tr:not(.total) td:nth-child(2)").all_inner_texts()
    numbers = [int(each) for each in column if each.isdigit()]
    assert numbers == sorted(numbers, reverse=True)
    builder.locator("#b-find").fill("transversal")
    builder.locator("#b-chart").click()
    expect(builder.locator("#b-table tbody tr")).to_have_count(2)
    expect(builder.locator(".builder figure svg")).to_be_visible()
    assert state(builder)["sort"] == "-1"
    assert state(builder)["find"] == "transversal"
    assert state(builder)["chart"] == "1"
    before = builder.locator("#b-table").inner_text()
    builder.reload()
    expect(builder.locator("#b-table tbody tr")).to_have_count(2)
    assert builder.locator("#b-table").inner_text() == before


def test_rows_can_be_chosen(builder: Page) -> None:
    choose(builder, "rows", "operator")
    builder.locator(".checks").first.locator("xpath=..").locator("summary").click()
    builder.locator(".checks input[value=adg]").first.uncheck()
    expect(builder.locator("#b-table th[data-code=adg]")).to_have_count(0)
    expect(builder.locator("#b-table th[data-code=forem]")).to_have_count(1)
    assert "adg" not in state(builder)["only.operator"]


def test_a_link_is_pinned_to_the_vintage(builder: Page, visit: Callable[..., Visit]) -> None:
    choose(builder, "set", "profile")
    choose(builder, "rows", "age_group")
    expect(builder.locator("#b-table caption")).to_contain_text("Age group")
    builder.locator("#b-link").click()
    link = builder.evaluate("navigator.clipboard.readText()")
    assert "/2019Q4/v1/site/en/tables.html#" in link
    other = visit()
    other.page.goto(link)
    expect(other.page.locator("#b-table")).to_be_visible()
    assert other.page.locator("#b-table").inner_text() == builder.locator("#b-table").inner_text()


def test_the_table_can_be_copied(builder: Page) -> None:
    builder.locator("#b-copy").click()
    expect(builder.locator(".builder [role=status]")).not_to_contain_text("rows")
    lines = builder.evaluate("navigator.clipboard.readText()").split("\n")
    assert len(lines) == builder.locator("#b-table tr").count()


def test_the_language_switch_keeps_the_table(builder: Page) -> None:
    choose(builder, "set", "status")
    choose(builder, "rows", "labour_status")
    expect(builder.locator("#b-table caption")).to_contain_text("Labour status")
    here = state(builder)
    digits = re.sub("[^0-9\n]", "", builder.locator("#b-table tbody").inner_text())
    builder.locator("nav.switch a[hreflang=fr]").click()
    expect(builder.locator("html")).to_have_attribute("lang", "fr")
    expect(builder.locator("#b-table")).to_be_visible()
    assert state(builder) == here
    assert re.sub("[^0-9\n]", "", builder.locator("#b-table tbody").inner_text()) == digits


def test_a_newer_vintage_is_told(published: Published, visit: Callable[..., Visit]) -> None:
    opened = visit()
    opened.page.route(
        "**/latest/site/assets/vintage.js",
        lambda route: route.fulfill(
            body='window.synerstatLatest = "2020Q1-v1";', content_type="text/javascript"
        ),
    )
    opened.page.goto(f"{published.address}2019Q4/v1/site/en/tables.html#set=profile")
    notice = opened.page.locator("#notice")
    expect(notice).to_contain_text("A newer vintage exists")
    link = notice.locator("a").get_attribute("href") or ""
    assert "/latest/site/en/tables.html#set=profile" in link


def test_a_link_of_another_vintage_is_told(
    published: Published, visit: Callable[..., Visit]
) -> None:
    opened = visit()
    opened.page.goto(published.url("en/tables.html#set=profile&vintage=2019Q3-v2"))
    notice = opened.page.locator("#notice")
    expect(notice).to_contain_text("2019Q3-v2")
    link = notice.locator("a").get_attribute("href") or ""
    assert "/2019Q3/v2/site/en/tables.html" in link


@pytest.mark.parametrize("kind", ["CSV", "SVG", "PNG"])
def test_a_figure_can_be_taken_along(
    published: Published, visit: Callable[..., Visit], kind: str, tmp_path: Path
) -> None:
    opened = visit(accept_downloads=True)
    opened.page.goto(published.url("nl/index.html"))
    box = opened.page.locator("#participants-by-operator .links")
    with opened.page.expect_download() as waiting:
        box.get_by_text(kind, exact=True).click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.suffix == f".{kind.lower()}"
    start = {"CSV": b"\xef\xbb\xbf", "SVG": b"<svg", "PNG": b"\x89PNG"}[kind]
    assert path.read_bytes().startswith(start)
    assert opened.complaints == []
