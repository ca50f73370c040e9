"""Puts the quality report into words: one page per language that needs nothing but itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from synerstat.alone import environment, policy, report_style
from synerstat.publish.data_sets import DATA_SETS, FREQ
from synerstat.publish.formats.vocabulary import LANGUAGES, Code, column_name, operators, text
from synerstat.site.feeds import RELEASE_DAYS
from synerstat.site.words import ABSENT, NAMES, NOT_AVAILABLE, WITHHELD, Words

PACKAGE = "synerstat.quality_report"
TOTAL = "_T"
DASH = "\u2013"
SHOWN_QUARTERS = 8
# less is rounded to 0.0 %
SMALLEST_SHOWN = 0.0005
ITEMS = (
    "sex",
    "birth_date",
    "education_level",
    "labour_status",
    "delivery_mode",
    "training_area",
    "residence_area",
    "hours",
    "programme_code",
)
# what a cell is about besides its period, which says its frequency
CODED = {
    each.column: each.code_list
    for data_set in DATA_SETS
    for each in data_set.dimensions
    if each.code_list and each is not FREQ
}
OUTSIDE = ("duplicate", "cancelled", "not_member", "mirror", "out_of_scope")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A table as it is shown; the columns in `words` hold words and are not set as figures."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[object]]
    words: tuple[int, ...] = ()


def render_html(
    report: Mapping[str, Any], language: str, lists: Mapping[str, Sequence[Code]], stem: str
) -> str:
    """The page of the report in a language: no script, no font, no request.

    `lists` are the code lists of the vintage, `stem` the name of the report's files without
    language and ending. Raises PublicationError where a text is not translated.
    """
    words = Words(language, lists, PACKAGE)
    style = report_style(PACKAGE, "quality_report.css")
    page = _Page(report, words)
    return (
        _environment()
        .get_template("quality_report.html.j2")
        .render(
            report=report,
            _=words,
            w=words,
            stem=stem,
            style=Markup(style),
            policy=policy(style, images=True),
            languages=LANGUAGES,
            language_names=NAMES,
            statistic=text("statistic", language),
            invented=text("invented", language),
            release_days=RELEASE_DAYS,
            operator_names=operators(lists, language),
            start=date.fromisoformat(report["limits"]["coverage_start"]),
            **page.context(),
        )
    )


class _Page:
    """What the template shows, in one language."""

    def __init__(self, report: Mapping[str, Any], words: Words) -> None:
        self._report = report
        self._words = words
        quarter = report["reference_quarter"]
        self._period = f"{quarter[:4]}-{quarter[4:]}"
        self._operators = [code.code for code in words.lists["OPERATOR"] if code.code != TOTAL]
        self._indicators = {
            (each["indicator"], each["breakdown"], each["operator"], each["time_period"]): each
            for each in report["indicators"]
        }
        self._headlines = {
            (each["indicator"], each["operator"], each["time_period"]): each
            for each in report["headlines"]
        }
        periods = sorted({each["time_period"] for each in report["headlines"]})
        self._periods = [each for each in periods if each <= self._period][-SHOWN_QUARTERS:]

    def context(self) -> dict[str, Any]:
        _, w = self._words, self._words
        warned = [
            each
            for each in self._report["checks"]
            if each["severity"] == "warning" and each["cells_failed"]
        ]
        length = next((each["denominator"] for each in self._of("CC2")), len(self._periods))
        return {
            "quarter": w.period(self._period),
            "operator_count": len(self._operators),
            "quarters": length,
            "warnings": warned,
            "verdict": (
                _("Every blocking check holds; some figures are a surprise.")
                if warned
                else _("Every check holds.")
            ),
            "summary": self._summary(warned),
            "contents": self._contents(),
            "signs": _(
                "[c] withheld to protect persons, [x] not available, [z] not applicable. "
                "%(example)s: withheld, but below that limit.",
                example=self._below(0.05),
            ),
            "headlines": self._headline_table(),
            "trend": self._trend(),
            "ac3": self._labels_table(),
            "checks": self._checks(),
            "deviations": self._deviations(),
            "r1": self._completeness(),
            "rows": self._rows_table(),
            "outside": self._outside(),
            "common": self._common(),
            "items": self._items(_("Item non-response of %(quarter)s, by item"), "A5", ITEMS),
            "imputed": self._items(
                _("Imputation of %(quarter)s, by item"), "A7", ("birth_date", "sex")
            ),
            "time": self._time(),
            "mirror": self._mirror(),
            "lengths": self._lengths(),
            "breaks": self._breaks(),
            "break_texts": self._break_texts(),
            "mergers": self._mergers(),
            "revisions": self._revisions(),
            "largest": self._largest(),
        }

    # what single figures look like ---------------------------------------------------------------

    def _of(self, indicator: str) -> list[Row]:
        return [each for each in self._report["indicators"] if each["indicator"] == indicator]

    def _get(self, indicator: str, breakdown: str, operator: str, period: str = "") -> Row | None:
        return self._indicators.get((indicator, breakdown, operator, period or self._period))

    def _shown(self, row: Row | None) -> str:
        """The value of an indicator, or the sign of why there is none."""
        if row is None:
            return NOT_AVAILABLE
        if row["conf_status"] != "F":
            return self._below(row["below"]) if row["below"] else WITHHELD
        if row["value"] is None:
            return ABSENT
        if row["unit"] == "share":
            return self._percent(row["value"])
        if row["unit"] == "ratio":
            return self._change(row["value"])
        return self._words.number(round(row["value"]))

    def _below(self, limit: float) -> str:
        """That a withheld share lies below a limit, which is told without decimals."""
        return "<\u00a0" + self._words.percent(limit).replace(f"{self._words.decimal}0", "")

    def _percent(self, value: float) -> str:
        """A share; a small one never looks like none."""
        if 0 < value < SMALLEST_SHOWN:
            return f"<\u00a0{self._words.percent(0.001)}"
        return self._words.percent(value)

    def _change(self, value: float | None) -> str:
        if value is None:
            return NOT_AVAILABLE
        return self._words.percent(value, signed=abs(value) >= SMALLEST_SHOWN)

    def _before(self, value: int | None) -> str:
        return NOT_AVAILABLE if value is None else self._words.number(value)

    def _count(self, value: int | None) -> str:
        return WITHHELD if value is None else self._words.number(value)

    def _operator(self, code: str) -> str:
        return self._words.label("OPERATOR", code)

    def _type(self, code: str) -> str:
        return self._words.label("TRAINING_TYPE", code)

    def _series(self, row: Row) -> str:
        """The series that a break is in."""
        return f"{self._operator(row['operator'])}, {self._type(row['training_type'])}"

    def _parts(self, row: Row) -> list[str]:
        """What a share is made of, and the share."""
        return [self._count(row["numerator"]), self._count(row["denominator"]), self._shown(row)]

    def _by_operator(self, cell: Callable[[str], Iterable[str]]) -> list[list[str]]:
        return [
            [self._operator(operator), *cell(operator)] for operator in (*self._operators, TOTAL)
        ]

    def _about(self, message: str) -> str:
        return self._words(message, quarter=self._words.period(self._period))

    # the summary ---------------------------------------------------------------------------------

    def _summary(self, warned: Sequence[Row]) -> list[str]:
        _, w, quarter = self._words, self._words, self._words.period(self._period)
        said = []
        head = self._headlines.get(("PRESENT", TOTAL, self._period))
        if head and head["obs_value"] is not None:
            persons = w.number(head["obs_value"])
            if head["change_on_year_before"] is None:
                said.append(
                    _(
                        "%(persons)s persons took part in training in %(quarter)s.",
                        persons=persons,
                        quarter=quarter,
                    )
                )
            else:
                said.append(
                    _(
                        "%(persons)s persons took part in training in %(quarter)s: %(change)s on "
                        "the same quarter of the year before.",
                        persons=persons,
                        quarter=quarter,
                        change=self._change(head["change_on_year_before"]),
                    )
                )
        delivered, last = self._get("R1", "deliveries", TOTAL), self._get("TP1", "first", TOTAL)
        if delivered and last:
            said.append(
                _(
                    "%(count)s of %(all)s operators delivered; the last delivery came %(days)s "
                    "days after the end of the quarter.",
                    count=delivered["numerator"],
                    all=delivered["denominator"],
                    days=self._shown(last),
                )
            )
        said.append(
            _(
                "%(checks)s checks compared %(cells)s figures; %(warnings)s of them gave a "
                "warning.",
                checks=len(self._report["checks"]),
                cells=w.number(sum(each["cells_checked"] for each in self._report["checks"])),
                warnings=len(warned),
            )
        )
        unusable = self._get("A4", TOTAL, TOTAL)
        if unusable and (unusable["conf_status"] == "F" or unusable["below"]):
            said.append(
                _("Delivered rows that could not be used: %(share)s.", share=self._shown(unusable))
            )
        common = self._get("A3", TOTAL, TOTAL)
        if common and common["conf_status"] == "F":
            said.append(
                _(
                    "%(count)s persons are known to two operators or more; each is counted once.",
                    count=w.number(common["numerator"]),
                )
            )
        revisions = self._report["revisions"]
        if revisions["previous_vintage"]:
            sizes = [each for each in revisions["sizes"] if each["indicator"] == "PRESENT"]
            revised = sum(each["cells_revised"] for each in sizes)
            cells = sum(each["cells"] for each in sizes)
            said.append(
                _(
                    "Since %(previous)s, %(revised)s of %(cells)s figures of participants were "
                    "revised.",
                    previous=revisions["previous_vintage"],
                    revised=w.number(revised),
                    cells=w.number(cells),
                )
            )
        broken = [
            self._series(each)
            for each in self._report["breaks"]
            if each["is_break"] and each["period_after"]
        ]
        if broken:
            said.append(
                _(
                    "Breaks in series since %(year)s: %(series)s.",
                    year=self._report["limits"]["coverage_start"][:4],
                    series=" \u00b7 ".join(broken),
                )
            )
        return said

    def _contents(self) -> list[tuple[str, str]]:
        _ = self._words
        return [
            ("comparison", _("Comparison with earlier quarters")),
            ("confidentiality", _("Confidentiality")),
            ("accessibility", _("Accessibility and clarity")),
            ("management", _("Quality management")),
            ("relevance", _("Relevance")),
            ("accuracy", _("Accuracy and reliability")),
            ("timeliness", _("Timeliness and punctuality")),
            ("coherence", _("Coherence and comparability")),
            ("breaks", _("Breaks in series")),
            ("revision", _("Data revision")),
            ("processing", _("Statistical processing")),
        ]

    # tables --------------------------------------------------------------------------------------

    def _headline_table(self) -> Table:
        _ = self._words

        def cells(operator: str) -> list[str]:
            row = self._headlines.get(("PRESENT", operator, self._period))
            if row is None:
                return [NOT_AVAILABLE] * 5
            return [
                self._count(row["obs_value"]),
                self._before(row["quarter_before"]),
                self._change(row["change_on_quarter_before"]),
                self._before(row["year_before"]),
                self._change(row["change_on_year_before"]),
            ]

        return Table(
            _("Participants present (persons)"),
            [
                column_name("operator", _.language),
                _.period(self._period),
                _("Quarter before"),
                _("Change"),
                _("Year before"),
                _("Change"),
            ],
            self._by_operator(cells),
        )

    def _trend(self) -> Table:
        _ = self._words

        def head(indicator: str) -> list[str]:
            rows = [self._headlines.get((indicator, TOTAL, each)) for each in self._periods]
            return [NOT_AVAILABLE if row is None else self._count(row["obs_value"]) for row in rows]

        def row(indicator: str, breakdown: str) -> list[str]:
            return [
                self._shown(self._get(indicator, breakdown, TOTAL, each)) for each in self._periods
            ]

        return Table(
            _("All operators, quarter by quarter"),
            [_("Measure"), *(_.period(each) for each in self._periods)],
            [
                [_("Participants present (persons)"), *head("PRESENT")],
                [_("Participations"), *head("PARTICIPATIONS")],
                [f"R1 {_('Operators that delivered')}", *row("R1", "deliveries")],
                [f"A2 {_('Over-coverage')}", *row("A2", TOTAL)],
                [f"A3 {_('Common units')}", *row("A3", TOTAL)],
                [f"A4 {_('Unit non-response')}", *row("A4", TOTAL)],
                [f"TP1 {_('Days to the last delivery')}", *row("TP1", "first")],
            ],
        )

    def _labels_table(self) -> Table:
        _ = self._words
        names = {
            "code_lists": _("Code lists"),
            "quality_rules": _("Rules on rows"),
            "refusal_reasons": _("Reasons of refusals"),
            "series_breaks": _("Breaks in series"),
            TOTAL: _.label("OPERATOR", TOTAL),
        }
        found = {name: self._get("AC3", name, TOTAL) for name in names}
        return Table(
            _("Labels and texts in four languages"),
            [_("List"), _("There"), _("Needed"), _("Share")],
            [[names[name], *self._parts(row)] for name, row in found.items() if row],
        )

    def _checks(self) -> Table:
        _ = self._words
        questions = {
            "accounting": _("Is every delivered row accounted for?"),
            "operators_present": _("Did every operator deliver?"),
            "indicator_bounds": _("Do the indicators of a cell fit each other?"),
            "person_attributes_add_up": _("Do the persons add up over sex, age and residence?"),
            "participation_attributes_add_up": _("Do the participations add up over operators?"),
            "periods_agree": _("Do quarters and years fit each other?"),
            "marts_agree": _("Do the tables agree with each other?"),
            "regions_compare": _("Can the regions be compared?"),
            "nomenclature": _("Are the nomenclatures in order?"),
            "plausibility": _("Is anything a surprise?"),
        }
        rows = []
        for question in dict.fromkeys(
            (*questions, *(each["question"] for each in self._report["checks"]))
        ):
            checks = [each for each in self._report["checks"] if each["question"] == question]
            if not checks:
                continue
            severity = {each["severity"] for each in checks}
            rows.append(
                [
                    questions.get(question, question.replace("_", " ")),
                    _("blocking") if "blocking" in severity else _("warning"),
                    _.number(len(checks)),
                    *(
                        _.number(sum(each[name] for each in checks))
                        for name in ("cells_checked", "cells_failed", "cells_declared")
                    ),
                ]
            )
        return Table(
            _("Checks of this publication"),
            [
                _("Question"),
                _("Kind"),
                _("Checks"),
                _("Figures compared"),
                _("Not held"),
                _("Declared"),
            ],
            rows,
            words=(1,),
        )

    def _deviations(self) -> Table:
        _ = self._words
        return Table(
            _("Declared deviations (reasons in English)"),
            [_("Check"), _("Whose data"), _("Reason"), _("Until"), _("Figures")],
            [
                [
                    each["check_name"],
                    Markup(" / ").join(
                        self._operator(name)
                        for name in (each["whose_data"] or TOTAL).split(" and ")
                    ),
                    Markup('<span lang="en">{}</span>').format(each["reason"]),
                    _.date(date.fromisoformat(each["valid_until"])),
                    _.number(each["cells"]),
                ]
                for each in self._report["deviations"]
            ],
            words=(1, 2, 3),
        )

    def _completeness(self) -> Table:
        _ = self._words

        def cells(operator: str) -> list[str]:
            row = self._get("R1", "training_types", operator)
            return [NOT_AVAILABLE] * 3 if row is None else self._parts(row)

        return Table(
            _("Training types reported"),
            [column_name("operator", _.language), _("There"), _("Needed"), _("Share")],
            self._by_operator(cells),
        )

    def _rows_table(self) -> Table:
        _ = self._words
        return Table(
            self._about("Shares of the rows delivered for %(quarter)s"),
            [
                column_name("operator", _.language),
                f"A2 {_('Over-coverage')}",
                f"A4 {_('Unit non-response')}",
            ],
            self._by_operator(
                lambda operator: [
                    self._shown(self._get(each, TOTAL, operator)) for each in ("A2", "A4")
                ]
            ),
        )

    def _outside(self) -> Table:
        _ = self._words
        names = {
            "duplicate": _("Came twice in the same delivery"),
            "cancelled": _("Cancelled"),
            "not_member": _("Organised by another body"),
            "mirror": _("Organised by another operator, which counts it"),
            "out_of_scope": _("A type of training that is not covered"),
        }
        return Table(
            _("What over-coverage is made of, all operators"),
            [_("Rows"), _("Share")],
            [[names[each], self._shown(self._get("A2", each, TOTAL))] for each in OUTSIDE],
        )

    def _common(self) -> str:
        row = self._get("A3", TOTAL, TOTAL)
        if row is None or row["conf_status"] != "F":
            return WITHHELD if row else NOT_AVAILABLE
        return self._words(
            "%(count)s of %(all)s persons (%(share)s)",
            count=self._count(row["numerator"]),
            all=self._count(row["denominator"]),
            share=self._shown(row),
        )

    def _items(self, caption: str, indicator: str, items: Sequence[str]) -> Table:
        _ = self._words
        own = {
            "birth_date": _("Birth date"),
            "hours": _("Hours"),
            "programme_code": _("Programme"),
        }
        return Table(
            caption % {"quarter": _.period(self._period)},
            [_("Item"), *(self._operator(each) for each in (*self._operators, TOTAL))],
            [
                [
                    own.get(item) or column_name(item, _.language),
                    *(
                        self._shown(self._get(indicator, item, operator))
                        for operator in (*self._operators, TOTAL)
                    ),
                ]
                for item in items
            ],
        )

    def _time(self) -> Table:
        _ = self._words
        return Table(
            self._about("Days of the deliveries of %(quarter)s"),
            [
                column_name("operator", _.language),
                f"TP1 {_('First delivery')}",
                f"TP1 {_('Last correction')}",
                f"TP3 {_('Punctuality')}",
            ],
            self._by_operator(
                lambda operator: [
                    self._shown(self._get("TP1", "first", operator)),
                    self._shown(self._get("TP1", "last", operator)),
                    self._shown(self._get("TP3", "first", operator)),
                ]
            ),
        )

    def _mirror(self) -> Table:
        _ = self._words
        return Table(
            self._about(
                "Asymmetry in %(quarter)s: home operator in rows, host operator in columns"
            ),
            [
                column_name("home_operator", _.language),
                *(self._operator(each) for each in self._operators),
            ],
            [
                [
                    self._operator(home),
                    *(
                        DASH if home == host else self._shown(self._get("CC1", host, home))
                        for host in self._operators
                    ),
                ]
                for home in self._operators
            ],
        )

    def _lengths(self) -> Table:
        _ = self._words
        types = [
            code.code
            for code in _.lists["TRAINING_TYPE"]
            if self._get("CC2", code.code, TOTAL) is not None
        ]
        return Table(
            _("Quarters that can be compared with this one"),
            [
                column_name("training_type", _.language),
                *(self._operator(each) for each in self._operators),
                _("Belgium"),
            ],
            [
                [
                    self._type(code),
                    *(
                        self._shown(self._get("CC2", code, operator))
                        for operator in (*self._operators, TOTAL)
                    ),
                ]
                for code in types
            ],
        )

    def _breaks(self) -> Table:
        _ = self._words

        def figures(each: Row) -> list[str]:
            if each["period_after"] is None:
                return [NOT_AVAILABLE] * 4
            return [
                f"{_.period(each['period_before'])}{_.colon} "
                f"{self._count(each['participations_before'])}"
                if each["period_before"]
                else NOT_AVAILABLE,
                f"{_.period(each['period_after'])}{_.colon} "
                f"{self._count(each['participations_after'])}",
                self._change(each["change"]),
                NOT_AVAILABLE if each["effect"] is None else self._points(each["effect"]),
            ]

        return Table(
            _("Changes of series"),
            [
                _("Date"),
                _("Series"),
                _("Codes"),
                _("Break"),
                _("Before"),
                _("After"),
                _("Change"),
                _("Effect"),
            ],
            [
                [
                    _.date(date.fromisoformat(each["change_date"])),
                    self._series(each),
                    f"{each['codes_ended'] or DASH} \u2192 {each['codes_begun'] or DASH}",
                    _("yes") if each["is_break"] else _("no"),
                    *figures(each),
                ]
                for each in self._report["breaks"]
            ],
            words=(1, 2, 3),
        )

    def _points(self, value: float) -> str:
        """A difference of two shares, in percentage points."""
        number = self._change(value)
        return self._words("%(number)s points", number=number.rstrip("%\u00a0"))

    def _break_texts(self) -> list[tuple[str, str, str]]:
        w = self._words
        return [
            (
                w.date(date.fromisoformat(each["change_date"])),
                self._series(each),
                each[f"text_{w.language}"],
            )
            for each in self._report["breaks"]
            if each["is_break"] and each["period_after"]
        ]

    def _mergers(self) -> Table:
        _ = self._words
        return Table(
            _("Municipalities whose code ended"),
            [
                _("Date"),
                _("Municipalities"),
                _("of which in another area since"),
                _("Delivered rows with a code from before"),
            ],
            [
                [
                    _.date(date.fromisoformat(each["effective_date"])),
                    _.number(each["former_municipalities"]),
                    _.number(each["municipalities_changing_area"]),
                    self._count(each["rows_with_former_code"]),
                ]
                for each in self._report["mergers"]
            ],
        )

    def _revisions(self) -> Table:
        _ = self._words
        revisions = self._report["revisions"]
        return Table(
            _("Since %(previous)s, by data set", previous=revisions["previous_vintage"]),
            [
                column_name("indicator", _.language),
                _("Figures"),
                _("Revised"),
                _("Mean revision"),
                _("Share of the figures"),
            ],
            [
                [
                    f"{_.label('DATA_SET', each['data_set'])}{_.colon} "
                    f"{_.plain('INDICATOR', each['indicator'])}",
                    _.number(each["cells"]),
                    _.number(each["cells_revised"]),
                    f"{each['mean_absolute']:.2f}".replace(".", _.decimal),
                    NOT_AVAILABLE if each["relative"] is None else self._percent(each["relative"]),
                ]
                for each in revisions["sizes"]
                if each["indicator"] in ("PRESENT", "PARTICIPATIONS", "HOURS", "MIRROR_HOME")
            ],
        )

    def _largest(self) -> Table:
        _ = self._words
        return Table(
            _("Largest revisions"),
            [_("Figure"), _("Old"), _("New"), _("Change"), _("Cause")],
            [
                [
                    self._figure(each),
                    _.number(each["old_value"]),
                    _.number(each["new_value"]),
                    self._change(each["share"]),
                    _.label("REVISION_CAUSE", each["cause"]),
                ]
                for each in self._report["revisions"]["largest"]
            ],
            words=(4,),
        )

    def _figure(self, revised: Row) -> str:
        """Data set, period, what the cell is about besides, and the indicator."""
        _ = self._words
        codes = revised["codes"]
        about = [
            f"{column_name(column, _.language)}{_.colon} {_.label(code_list, codes[column])}"
            for column, code_list in CODED.items()
            if codes[column] not in (None, TOTAL)
        ]
        return " \u00b7 ".join(
            [
                f"{_.label('DATA_SET', revised['data_set'])}, {_.period(codes['time_period'])}",
                *about,
                _.label("INDICATOR", revised["indicator"]),
            ]
        )


@cache
def _environment() -> jinja2.Environment:
    return environment(PACKAGE)
