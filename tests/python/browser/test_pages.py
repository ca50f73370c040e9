"""Every page in a browser: what it asks for, what it complains of, who can read and use it."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import lxml.html
import pytest
from axe_playwright_python.sync_playwright import Axe
from page.revised import write_revisions

from synerstat.publish import publish
from synerstat.publish.formats.workbook import read_back, workbook_path

from .conftest import LANGUAGES, Published, Visit

AXE = Axe()


def violations(visit: Visit) -> list[str]:
    found = AXE.run(visit.page).response["violations"]
    return [f"{each['id']}: {node['html'][:150]}" for each in found for node in each["nodes"]]


def test_every_page_loads_in_every_language_and_asks_nobody_else(
    published: Published, visit: Callable[..., Visit]
) -> None:
    opened = visit()
    titles: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    assert len(published.pages) > 80
    for page in published.pages:
        language = page[:2]
        opened.page.goto(published.url(page))
        assert opened.page.locator("html").get_attribute("lang") == language
        assert opened.page.locator("h1").count() == 1
        titles[language].add(opened.page.title())
        policy = opened.page.locator("meta[http-equiv=Content-Security-Policy]")
        assert "default-src 'none'" in (policy.get_attribute("content") or "")
    assert opened.complaints == []
    assert opened.of_others(published.address) == []
    # each page has a title of its own
    assert {len(each) for each in titles.values()} == {len(published.pages) / len(LANGUAGES)}


def test_the_policy_is_enforced(published: Published, visit: Callable[..., Visit]) -> None:
    opened = visit()
    opened.page.goto(published.url("en/index.html"))
    opened.page.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = "
        "'window.ran = 1'; document.head.append(script); "
        "const image = new Image(); image.src = 'http://elsewhere.invalid/'; }"
    )
    assert opened.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in each for each in opened.complaints)


def test_nothing_is_in_the_way_of_readers_in_english(
    published: Published, visit: Callable[..., Visit]
) -> None:
    opened = visit()
    for page in published.pages:
        if page.startswith("en/"):
            opened.page.goto(published.url(page))
            assert violations(opened) == [], page


def test_nothing_is_in_the_way_of_readers_in_the_dark(
    published: Published, visit: Callable[..., Visit]
) -> None:
    opened = visit(color_scheme="dark")
    for page in ("index", "data-training", "bridge", "codes", "tables", "quality"):
        opened.page.goto(published.url(f"en/{page}.html"))
        assert violations(opened) == [], page


@pytest.mark.parametrize("language", ["de", "fr", "nl"])
def test_nothing_is_in_the_way_of_readers_in_other_languages(
    published: Published, visit: Callable[..., Visit], language: str
) -> None:
    opened = visit()
    for page in ("index", "data-training", "tables"):
        opened.page.goto(published.url(f"{language}/{page}.html"))
        assert violations(opened) == [], page


def test_nothing_is_in_the_way_of_operators_who_read_their_report(
    published: Published, visit: Callable[..., Visit]
) -> None:
    opened = visit()
    reports = sorted((published.vintage / "quality").rglob("*.html"))
    assert len(reports) >= 4
    for path in reports:
        opened.page.goto(path.resolve().as_uri())
        assert violations(opened) == [], path.name
    assert opened.complaints == []
    assert opened.of_others("file:") == []


def test_without_javascript_the_figures_can_be_read(
    published: Published, visit: Callable[..., Visit]
) -> None:
    opened = visit(java_script_enabled=False)
    opened.page.goto(published.url("en/index.html"))
    assert opened.page.locator(".card .big").first.is_visible()
    opened.page.locator("#participants summary").click()
    assert opened.page.locator("#participants tbody td").first.is_visible()
    opened.page.goto(published.url("en/tables.html"))
    assert opened.page.locator("noscript .notice").is_visible()
    opened.page.locator(".static a").first.click()
    assert opened.page.locator("table tbody td").count() > 100


STOPS = """() => [...document.querySelectorAll(
  'a[href], button, input, select, summary, [tabindex="0"]')]
  .filter((each) => each.checkVisibility()).length"""
# what has the focus, as long as it was not met before
FOCUSED = """() => {
  const now = document.activeElement;
  if (!now || now === document.body) return null;
  const style = getComputedStyle(now);
  const told = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  if (now.dataset.met) return null;
  now.dataset.met = 1;
  return [now.tagName, told];
}"""


@pytest.mark.parametrize("page", ["index", "data-status", "codes", "tables"])
def test_the_keyboard_alone_reaches_everything(
    published: Published, visit: Callable[..., Visit], page: str
) -> None:
    opened = visit()
    opened.page.goto(published.url(f"en/{page}.html"))
    opened.page.wait_for_load_state("networkidle")
    stops = opened.page.evaluate(STOPS)
    reached = []
    while True:
        opened.page.keyboard.press("Tab")
        found = opened.page.evaluate(FOCUSED)
        if found is None:
            break
        reached.append(found)
    assert len(reached) == stops
    assert all(told for _, told in reached), "something has the focus and does not show it"


def test_the_skip_link_leads_to_the_content(
    published: Published, visit: Callable[..., Visit]
) -> None:
    opened = visit()
    opened.page.goto(published.url("fr/index.html"))
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "main"


def test_every_table_shows_the_figures_of_the_data_sets(
    published: Published, cells: dict[tuple[str, str], tuple[int | None, str]]
) -> None:
    compared = 0
    for page in published.pages:
        document = lxml.html.parse(published.site / page).getroot()
        for table in document.iterfind(".//table[@data-set]"):
            at = dict(each.split("=") for each in table.get("data-at").split("&") if each)
            at.pop("freq", None)
            columns = [each.get("data-code") for each in table.xpath("./thead//th[@data-code]")]
            for row in table.xpath("./tbody/tr"):
                code = row.find("th").get("data-code")
                for column, cell in zip(columns, row.findall("td"), strict=True):
                    key = {**at, table.get("data-rows"): code, table.get("data-columns"): column}
                    found = cells.get((table.get("data-set"), json.dumps(key, sort_keys=True)))
                    text = cell.text_content().replace("[b]", "").strip()
                    if found is None:
                        assert text == "[z]", (page, key)
                    elif found[0] is None:
                        assert text == {"Q": "[c]", "M": "[z]"}[found[1]], (page, key)
                    else:
                        digits = "".join(each for each in text if each in "-\u22120123456789")
                        assert int(digits.replace("\u2212", "-")) == found[0], (page, key)
                    compared += 1
    assert compared > 5_000


def test_pages_and_workbook_mark_the_same_cells_alike(published: Published) -> None:
    """Among them is one that is not published: the unknown training area in 2018-Q1."""
    code_lists = published.vintage / "codelists"
    indicators, areas = (
        {
            row["code"]: row["label_en"]
            for row in csv.DictReader(path.read_text("utf-8").splitlines())
        }
        for path in (code_lists / "indicator.csv", code_lists / "area.csv")
    )
    sheets = read_back(workbook_path(published.vintage, "2019Q4", "en"), "en")
    sheet = next(sheet for *_, table, sheet in sheets if table.by == ("training_area",))
    in_workbook = {
        (row["Training area"], header.removesuffix(" [p]")): value
        for row in sheet.to_dict("records")
        if row["Indicator"] == indicators["PRESENT"]
        for header, value in row.items()
        if value.startswith("[")
    }
    document = lxml.html.parse(published.site / "en" / "data-training.html").getroot()
    table = document.get_element_by_id("training-training-area").find(".//table")
    columns = [each.get("data-code") for each in table.xpath("./thead//th[@data-code]")]
    on_page = {
        (areas[row.find("th").get("data-code")], column): cell.text_content()
        for row in table.xpath("./tbody/tr")
        for column, cell in zip(columns, row.findall("td"), strict=True)
    }
    assert in_workbook["Unknown", "2018-Q1"] == "[z]"
    assert {key: on_page[key] for key in in_workbook} == in_workbook


def test_every_figure_leads_to_its_definition_its_quality_and_its_provenance(
    published: Published,
) -> None:
    places = {page: lxml.html.parse(published.site / page).getroot() for page in published.pages}
    followed = 0
    for page, document in places.items():
        figures = document.xpath(
            "//*[contains(@class, 'figure-box')][.//table[@data-set]] | //div[@class='card']"
        )
        for figure in figures:
            found = {each.partition("#")[::2] for each in figure.xpath(".//a/@href")}
            for target in ("method.html", "quality.html", "provenance.html"):
                (place,) = [place for name, place in found if name == target]
                if place:
                    assert places[f"{page[:2]}/{target}"].get_element_by_id(place) is not None
                followed += 1
    assert followed > 1_000


OUTSIDE = """
    (what) => [...document.querySelectorAll(what)].filter((each) => {
        const seen = each.closest(".scroll"), place = each.getBoundingClientRect();
        return place.width && seen
            && place.right > seen.getBoundingClientRect().left + seen.clientWidth + 1;
    }).map((each) => each.textContent.trim())
"""


@pytest.mark.parametrize(
    "page", ["codes", "data-mirror", "data-training", "operator-vdab", "provenance"]
)
def test_captions_are_seen_whole_in_a_narrow_window(
    published: Published, visit: Callable[..., Visit], page: str
) -> None:
    opened = visit(viewport={"width": 390, "height": 800})
    opened.page.goto(published.url(f"fr/{page}.html"))
    opened.page.evaluate("document.querySelectorAll('details').forEach((it) => it.open = true)")
    assert opened.page.locator(".scroll caption").count()
    assert opened.page.evaluate(OUTSIDE, "caption") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_changed_and_why_is_in_view(
    visit: Callable[..., Visit], tmp_path: Path, language: str
) -> None:
    address = (write_revisions(tmp_path) / language / "revisions.html").as_uri()
    wide = visit(viewport={"width": 1300, "height": 1000})
    wide.page.goto(address)
    assert wide.page.evaluate(OUTSIDE, "caption, tr > *") == []
    narrow = visit(viewport={"width": 390, "height": 800})
    narrow.page.goto(address)
    assert narrow.page.evaluate(OUTSIDE, "caption, tr > :nth-child(-n + 3)") == []
    assert violations(narrow) == []


def test_pages_are_light(published: Published, visit: Callable[..., Visit]) -> None:
    opened = visit()
    sizes = []
    opened.page.on("response", lambda answer: sizes.append(len(answer.body())))
    opened.page.goto(published.url("en/index.html"))
    opened.page.wait_for_load_state("networkidle")
    assert 0 < sum(sizes) < 300_000
    files = [path.stat().st_size for path in published.site.rglob("*") if path.is_file()]
    assert sum(files) < 20_000_000


HOSTILE = {
    "VOC": "<script>window.hacked = 1</script>",
    "IWT": '"><img src=x onerror="window.hacked = 2">',
    "ALT": '=HYPERLINK("http://elsewhere.invalid/","here")',
    "INT": "W" * 400,
    "TRY": "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
}


@pytest.fixture(scope="module")
def hostile(
    published: Published,
    serving: Callable[[Path], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Published:
    """The same publication, had somebody put such labels into the code lists and crosswalks."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(published.warehouse, folder / "warehouse")
    with duckdb.connect(str(folder / "warehouse" / "synerstat.duckdb")) as connection:
        for code, label in HOSTILE.items():
            connection.execute(
                "update seeds.code_lists set "
                + ", ".join(f"label_{language} = $label" for language in LANGUAGES)
                + " where code_list = 'TRAINING_TYPE' and code = $code",
                {"label": label, "code": code},
            )
            connection.execute(
                "update seeds.crosswalk_training_type set source_label = $label, note = $label "
                "where target_code = $code",
                {"label": label, "code": code},
            )
    publish(folder / "warehouse", "2019Q4", folder / "publication")
    return Published(folder / "warehouse", folder / "publication", serving(folder / "publication"))


@pytest.mark.parametrize("page", ["index", "data-training", "operator-forem", "codes", "tables"])
def test_hostile_labels_show_as_text(
    hostile: Published, visit: Callable[..., Visit], page: str
) -> None:
    opened = visit()
    address = f"#rows=training_type&vintage={hostile.vintage.parent.name}-v1"
    opened.page.goto(hostile.url(f"en/{page}.html") + (address if page == "tables" else ""))
    opened.page.wait_for_load_state("networkidle")
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate("window.hacked") is None
    assert opened.complaints == []
    assert opened.of_others(hostile.address) == []
    for label in HOSTILE.values():
        # marks that turn the direction of what follows are left out
        assert opened.page.get_by_text(label.removeprefix("\u202e")).count(), label
    # a long label or one from right to left takes nothing apart
    assert opened.page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    assert violations(opened) == []


def test_hostile_labels_are_no_formulas_in_files(hostile: Published) -> None:
    for path in (hostile.site / "figures" / "en").glob("*training-type*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                assert not any(cell.startswith(("=", "+", "@")) for cell in row), path.name
