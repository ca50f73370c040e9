"""Renders a report in one language: as a page, as a table and for programs."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from synerstat.alone import environment, policy, report_style
from synerstat.contracts import DeliveryContract
from synerstat.feedback.reports import FeedbackReport, Place, RuleFinding, Verdict
from synerstat.feedback.texts import Texts, harmless, visible

SHOWN_CHARACTERS = 60

GROUPS: Mapping[str, tuple[str, ...]] = {
    "used": ("counted",),
    "kept": ("mirror", "not_member", "out_of_scope", "cancelled", "before_coverage"),
    "aside": ("superseded", "duplicate"),
    "mend": ("rejected", "unreadable"),
}

CSV_COLUMNS = (
    "operator",
    "delivery",
    "kind",
    "severity",
    "rule",
    "title",
    "rows",
    "file",
    "line",
    "record_id",
    "status",
    "since",
    "column",
    "code",
    "what_to_do",
)


@dataclass(frozen=True)
class _Segment:
    """A part of the bar; `x` and `width` in thousandths of it."""

    group: str
    rows: int
    share: float
    x: float
    width: float


@dataclass(frozen=True)
class _Bar:
    """A bar of a trend, 0 to 20 high; `x` in the same unit."""

    x: int
    height: float
    is_last: bool


def render_html(
    report: FeedbackReport, texts: Texts, contract: DeliveryContract | None, stem: str
) -> str:
    """One page that needs nothing but itself: no script, no font, no request.

    `stem` is the name of the report's files without their endings.
    """
    style = report_style()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            texts=texts,
            say=texts.say,
            stem=stem,
            name=stem.removesuffix(f".{texts.language}"),
            style=Markup(style),
            policy=policy(style),
            segments=_segments(report.places),
            groups=GROUPS,
            group_of=_group_of,
            columns=lambda rule: _columns(texts, contract, rule),
            bars=_bars,
            broken=[f for f in report.findings if f.rows],
            resolved=[f for f in report.findings if f.records_resolved],
            redelivery=f"{report.reference_quarter}-{report.sequence + 1}",
            next_step=_next_step(report),
            several_files=report.facts is not None and len(report.facts.files) > 1,
        )
    )


def render_csv(report: FeedbackReport, texts: Texts, contract: DeliveryContract | None) -> str:
    """Findings, rows concerned and codes to map, one line each, with semicolons.

    The separator and the byte order mark are those that spreadsheets in Belgium expect; no cell can
    be taken for a formula.
    """
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for line in _csv_lines(report, texts, contract):
        common = {"operator": report.operator, "delivery": report.delivery, **line}
        writer.writerow([_cell(common.get(name)) for name in CSV_COLUMNS])
    return "\ufeff" + target.getvalue()


def render_json(report: FeedbackReport, texts: Texts, contract: DeliveryContract | None) -> str:
    """The whole report for programs, with the texts of what it names; identifiers exactly."""
    named = [finding.rule for finding in report.findings]
    named += [report.refusal.reason] if report.refusal else []
    content = {
        **asdict(report),
        "delivery": report.delivery,
        "language": texts.language,
        "verdict_text": _verdict_text(report, texts),
        "next_step_text": _next_text(report, texts),
        "refusal_text": report.refusal.told(texts.language) if report.refusal else None,
        "rules": {
            rule: {**asdict(texts.rule(rule)), "columns": _columns(texts, contract, rule)}
            for rule in named
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False, default=_plain) + "\n"


def _csv_lines(
    report: FeedbackReport, texts: Texts, contract: DeliveryContract | None
) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    if report.refusal:
        text = texts.rule(report.refusal.reason)
        lines.append(
            {
                "kind": "refusal",
                "severity": "refusal",
                "rule": report.refusal.reason,
                "title": text.title,
                "file": report.refusal.file_name,
                "what_to_do": f"{text.fix} {report.refusal.told(texts.language)}",
            }
        )
    for finding in report.findings:
        text = texts.rule(finding.rule)
        about = {
            "severity": finding.severity,
            "rule": finding.rule,
            "title": text.title,
            "column": ", ".join(_columns(texts, contract, finding.rule)),
        }
        lines.append({**about, "kind": "finding", "rows": finding.rows, "what_to_do": text.fix})
        lines += [
            {
                **about,
                "kind": "row",
                "file": row.file_name,
                "line": row.line_number,
                "record_id": row.record_id,
                "status": row.status,
                "since": row.first_reference_quarter,
            }
            for row in finding.samples
        ]
    for code in report.codes:
        text = texts.rule(code.rule)
        lines.append(
            {
                "kind": "code",
                "severity": text.severity,
                "rule": code.rule,
                "title": text.title,
                "rows": code.rows,
                "column": ", ".join(_columns(texts, contract, code.rule)),
                "code": code.source_code,
                "what_to_do": text.fix,
            }
        )
    if report.vanished:
        text = texts.rule("closed_by_absence")
        lines += [
            {
                "kind": "vanished",
                "severity": text.severity,
                "rule": "closed_by_absence",
                "title": text.title,
                "file": f"{row.delivery}/{row.file_name}",
                "line": row.line_number,
                "record_id": row.record_id,
                "what_to_do": text.fix,
            }
            for row in report.vanished.samples
        ]
    return lines


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else harmless(str(value))


def _columns(texts: Texts, contract: DeliveryContract | None, rule: str) -> list[str]:
    """The operator's own names of the columns that a rule looks at."""
    meanings = texts.rule(rule).meanings
    return (
        [column.name for column in contract.columns if column.meaning in meanings]
        if (contract)
        else []
    )


def _verdict_text(report: FeedbackReport, texts: Texts) -> str:
    facts = report.facts
    return texts.say(
        f"verdict_{report.verdict}",
        rows=texts.number(facts.rows_delivered if facts else 0),
        warned=texts.number(facts.rows_with_warnings if facts else 0),
        left_out=texts.number(facts.rows_left_out if facts else 0),
    )


def _next_step(report: FeedbackReport) -> str:
    mode = "next_check" if report.is_check else "next"
    verdict = Verdict.FINE if report.is_check and report.verdict is Verdict.REPLACED else None
    return f"{mode}_{verdict or report.verdict}"


def _next_text(report: FeedbackReport, texts: Texts) -> str:
    return texts.say(
        _next_step(report),
        quarter=texts.quarter(report.reference_quarter),
        redelivery=f"{report.reference_quarter}-{report.sequence + 1}",
    )


def _group_of(disposition: str) -> str:
    return next(group for group, places in GROUPS.items() if disposition in places)


def _segments(places: tuple[Place, ...]) -> list[_Segment]:
    """The bar, in the order of the groups; a small part stays wide enough to be seen."""
    total = sum(place.rows for place in places)
    rows = {
        group: sum(place.rows for place in places if place.disposition in dispositions)
        for group, dispositions in GROUPS.items()
    }
    widths = {group: max(8.0, count / total * 1000) for group, count in rows.items() if count}
    scale = 1000 / sum(widths.values()) if widths else 0
    segments: list[_Segment] = []
    x = 0.0
    for group, width in widths.items():
        segments.append(_Segment(group, rows[group], rows[group] / total, x, width * scale))
        x += width * scale
    return segments


def _bars(finding: RuleFinding) -> list[_Bar]:
    shares = [point.share or 0.0 for point in finding.trend]
    highest = max(shares, default=0.0)
    return [
        _Bar(
            x=12 * position,
            height=max(2.0, share / highest * 20) if highest and share else 0.0,
            is_last=position == len(shares) - 1,
        )
        for position, share in enumerate(shares)
    ]


@cache
def _environment() -> jinja2.Environment:
    made = environment("synerstat.feedback", keep_trailing_newline=False)
    made.filters["shown"] = _shown
    made.globals["verdict_text"] = _verdict_text
    made.globals["next_text"] = _next_text
    return made


def _shown(text: object) -> Markup:
    """Delivered text as text: nothing in it acts, and its direction stays its own."""
    return Markup('<bdi class="given">{}</bdi>').format(visible(str(text), SHOWN_CHARACTERS))


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
