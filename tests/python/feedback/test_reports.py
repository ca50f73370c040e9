import base64
import csv
import hashlib
import io
import json
import re
import shutil
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from synerstat.contracts import load_contract
from synerstat.errors import FeedbackError
from synerstat.feedback.rendering import GROUPS, render_csv, render_html, render_json
from synerstat.feedback.reports import (
    CodeToMap,
    DeliveredFile,
    DeliveryFacts,
    Effect,
    FeedbackReport,
    Identifiers,
    Place,
    Refusal,
    RuleFinding,
    SampleRow,
    TrendPoint,
    Vanished,
    VanishedRecord,
    Verdict,
)
from synerstat.feedback.texts import LANGUAGES, harmless, load_texts
from synerstat.intake import RefusalReason

PROJECT = Path(__file__).parents[3]
CONTRACT = load_contract(PROJECT / "contracts" / "vdab.odcs.yaml")

HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '=HYPERLINK("http://example.org")',
    " @SUM(1+1)",
    "\u202egnp.exe",
    "a\r\nb\x00c",
    "{{ 7 * 7 }}",
    "A" * 5000,
)
QUARTER = "2019Q4"

KNOWN_TO = date(2018, 8, 31)
FILES = tuple(DeliveredFile(name, "c" * 64, 1234, 10, 0) for name in ("<b>.csv", "=1.csv"))
REPORT = FeedbackReport(
    operator="vdab",
    reference_quarter=QUARTER,
    sequence=1,
    verdict=Verdict.REJECTED,
    rule_set_version="0.1.0",
    is_check=False,
    persons_are_invented=True,
    facts=DeliveryFacts(
        "<i>now</i>", "2019Q3-2", "1.0.0", "a" * 64, "b" * 64, "<u>", 1250, 1, 8, 1200, 3, FILES
    ),
    places=tuple(Place(name, 1, 0.1) for places in GROUPS.values() for name in places),
    findings=(
        RuleFinding(
            "invalid_date",
            "error",
            8,
            0.0064,
            2,
            0.002,
            7,
            1,
            1,
            1,
            "2019Q2",
            2,
            700,
            704,
            tuple(SampleRow("<b>.csv", 5, text, "persistent", "2019Q2") for text in HOSTILE),
            (TrendPoint("2019Q3", 2, 0.002), TrendPoint(QUARTER, 8, 0.0064)),
        ),
        RuleFinding(
            "broken_quoting",
            "unreadable",
            1,
            0.0008,
            0,
            0.0,
            0,
            0,
            0,
            0,
            None,
            None,
            700,
            701,
            (SampleRow("=1.csv", 9, None, None, None),),
        ),
        RuleFinding(
            "invalid_hours", "warning", 3, 0.0024, 3, 0.003, 0, 3, 0, 0, "2019Q3", 1, 699, 700
        ),
    ),
    codes=tuple(
        CodeToMap("unmapped_training_type", text, 1, date(2019, 1, 1), None, known, None, KNOWN_TO)
        for text, known, last in zip(
            HOSTILE, [True, False] * 4, [date(2018, 8, 31)] * 8, strict=True
        )
    ),
    identifiers=Identifiers(10, 8, 1, 1, 0, 1, 0, 9, 8, 1, 0),
    vanished=Vanished(
        2, date(2019, 9, 30), tuple(VanishedRecord("2019Q3-1", "a", 3, t) for t in HOSTILE[:2])
    ),
    effect=Effect(700, 705),
)
REFUSED = replace(
    REPORT, verdict=Verdict.REFUSED, facts=None, places=(), findings=(), codes=(),
    identifiers=None, vanished=None, effect=None,
    refusal=Refusal("missing_column", "The column <script>x</script> is missing", "<b>.csv"),
)  # fmt: skip


class _Page(HTMLParser):
    """The elements, attributes and texts of a page as a reader meets them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id" and value]

    def handle_data(self, data: str) -> None:
        self.text += data


def _page(report: FeedbackReport, language: str = "nl") -> str:
    return render_html(report, load_texts(PROJECT, language), CONTRACT, "stem")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("is_check", [False, True])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_report_in_every_language(
    language: str, is_check: bool, verdict: Verdict
) -> None:
    report = REFUSED if verdict is Verdict.REFUSED else REPORT
    page = _page(replace(report, verdict=verdict, is_check=is_check), language)
    assert f'<html lang="{language}">' in page
    assert not re.search(r"\{\w+\}", _Page(page).text.replace("{{ 7 * 7 }}", ""))


@pytest.mark.parametrize("report", [REPORT, REFUSED])
def test_nothing_delivered_acts_in_the_page(report: FeedbackReport) -> None:
    text = _page(report)
    page = _Page(text)
    assert not {"script", "img", "b", "i", "u", "iframe", "link", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", text)
    assert "A" * 100 not in text
    assert "49" not in re.findall(r'given">([^<]*)<', text)


def test_the_page_needs_nothing_but_itself() -> None:
    text = _page(REPORT)
    page = _Page(text)
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert "url(" not in text.replace("url(#hatch)", "")
    style = re.search("<style>(.*)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src &#39;none&#39;; style-src &#39;sha256-{digest}&#39;" in text
    links = [value for name, value in page.attributes if name == "href" and value]
    assert {link.removeprefix("#") for link in links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_published_report_tells_of_rows_only(language: str) -> None:
    report, texts = REPORT.published(), load_texts(PROJECT, language)
    page = _Page(re.sub("<style>.*</style>", "", _page(report, language), flags=re.DOTALL))
    links = [value for name, value in page.attributes if name == "href" and value]
    assert {link.removeprefix("#") for link in links} <= set(page.ids)
    assert texts.say("published_note") in page.text
    assert texts.say("sign_off_intro") not in page.text
    assert texts.say("samples_first", shown="0", rows="8") not in page.text
    content = render_json(report, texts, CONTRACT)
    told = [page.text, content, render_csv(report, texts, CONTRACT)]
    for text in told:
        assert not re.search(r"(?<![0-9])(1.?200|69[0-9]|70[0-9])(?![0-9])", text)
        assert not [each for each in HOSTILE if each in text]
    figures = json.loads(content)
    assert figures["facts"]["rows_delivered"] == 1250
    assert [each["rows"] for each in figures["findings"]] == [8, 1, 3]
    assert not any(each["samples"] for each in figures["findings"])
    records = ("records_new", "records_persistent", "records_corrected", "records_gone")
    assert {each[name] for each in figures["findings"] for name in records} == {None}
    left_out = ("effect", "identifiers", "vanished", "codes", "places")
    assert not any(figures[name] for name in left_out)


def test_the_table_holds_no_formula_and_every_sample() -> None:
    table = render_csv(REPORT, load_texts(PROJECT, "fr"), CONTRACT)
    assert table.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff")), delimiter=";"))
    assert not [c for row in rows for c in row.values() if c.lstrip()[:1] in ("=", "+", "-", "@")]
    assert [row["line"] for row in rows if row["rule"] == "invalid_date"] == ["", *["5"] * 8]
    assert {row["kind"] for row in rows} == {"finding", "row", "code", "vanished"}
    assert rows[0]["column"] == "begindatum, einddatum"


def test_programs_get_identifiers_exactly() -> None:
    content = json.loads(render_json(REPORT, load_texts(PROJECT, "de"), CONTRACT))
    assert [row["record_id"] for row in content["findings"][0]["samples"]] == list(HOSTILE)
    assert content["verdict"] == "rejected"
    assert content["rules"]["invalid_date"]["severity"] == "error"


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1", "'=1"), ("\t=1", "'\ufffd=1"), ("\uff1d1", "'\uff1d1"), ("a=1", "a=1"), ("", "")],
)
def test_cells_are_harmless(text: str, cell: str) -> None:
    assert harmless(text) == cell


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_and_rule_has_its_texts(language: str) -> None:
    texts = load_texts(PROJECT, language)
    for reason in [*RefusalReason, "wrong_field_count", "broken_quoting", "undecodable_text"]:
        assert texts.rule(reason).fix
    assert sum(text.severity in ("error", "warning") for text in texts.rules.values()) == 24
    meanings = {column.meaning for column in CONTRACT.columns} | {"planned_end_date"}
    assert {m for text in texts.rules.values() for m in text.meanings} <= meanings


def test_a_missing_text_is_an_error(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "seeds" / "quality", tmp_path / "seeds" / "quality")
    shutil.copytree(PROJECT / "seeds" / "nomenclature", tmp_path / "seeds" / "nomenclature")
    path = tmp_path / "seeds" / "quality" / "quality_rules.csv"
    path.write_text(path.read_text("utf-8").replace("Code de sexe inconnu", " "), "utf-8")
    with pytest.raises(FeedbackError, match="unmapped_sex: title_fr"):
        load_texts(tmp_path, "nl")
    with pytest.raises(FeedbackError, match="no text 'nonsense'"):
        load_texts(PROJECT, "nl").say("nonsense")


def test_small_shares_are_not_none() -> None:
    texts = load_texts(PROJECT, "nl")
    assert texts.share(0.0001) == "<\u20090,1\u00a0%"
    assert texts.share(0) == "0,0\u00a0%"
    assert texts.number(12345) == "12.345"
