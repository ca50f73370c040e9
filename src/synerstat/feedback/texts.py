"""Texts and ways of writing numbers and dates in four languages. A missing text is an error."""

import csv
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from synerstat.errors import FeedbackError

LANGUAGES = ("nl", "fr", "de", "en")
KINDS = ("title", "intent", "fix")

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_THOUSANDS = {"en": ",", "fr": "\u202f", "nl": ".", "de": "."}
_DECIMAL = {"en": ".", "fr": ",", "nl": ",", "de": ","}
_DATES = {"en": "{0.day} {1} {0.year}", "fr": "{0:%d/%m/%Y}", "nl": "{0:%d/%m/%Y}"}
_DATES["de"] = "{0:%d.%m.%Y}"
_MONTHS = "January February March April May June July August September October November December"


@dataclass(frozen=True)
class RuleText:
    """What a rule or a reason is called, why it matters and what to do, in one language.

    `severity`: error | warning | refusal | unreadable. `meanings`: of the columns it looks at.
    """

    severity: str
    meanings: tuple[str, ...]
    title: str
    intent: str
    fix: str


@dataclass(frozen=True)
class Texts:
    """All texts of one language."""

    language: str
    phrases: Mapping[str, str]
    rules: Mapping[str, RuleText]
    operators: Mapping[str, str]

    def say(self, name: str, /, **values: object) -> str:
        """The phrase with its values filled in; raises FeedbackError where there is none."""
        if name not in self.phrases:
            raise FeedbackError(f"The feedback has no text {name!r} in {self.language}. Add it.")
        return self.phrases[name].format(**values)

    def rule(self, code: str) -> RuleText:
        """The texts of a rule or a reason; raises FeedbackError where there are none."""
        if code not in self.rules:
            raise FeedbackError(
                f"The rule or reason {code!r} has no texts. "
                "Add it to seeds/quality/quality_rules.csv or refusal_reasons.csv."
            )
        return self.rules[code]

    def operator(self, code: str) -> str:
        """The operator's name; its code where the code lists have none."""
        return self.operators.get(code, code)

    @property
    def colon(self) -> str:
        """A colon with the space that the language puts before it."""
        return "\u00a0:" if self.language == "fr" else ":"

    def number(self, value: int) -> str:
        """A whole number with its thousands apart."""
        return f"{value:,}".replace(",", _THOUSANDS[self.language]).replace("-", "\u2212")

    def signed(self, value: int) -> str:
        """A difference with its sign."""
        return self.number(value) if value <= 0 else f"+{self.number(value)}"

    def share(self, value: float | None) -> str:
        """A share between 0 and 1 as a percentage; a small one never looks like none."""
        if value is None:
            return "\u2013"
        percent = value * 100
        if 0 < percent < 0.1:
            text = "<\u20090.1"
        elif 99.9 < percent < 100:
            text = ">\u200999.9"
        else:
            text = f"{percent:.1f}"
        space = "" if self.language == "en" else "\u00a0"
        return f"{text.replace('.', _DECIMAL[self.language])}{space}%"

    def date(self, value: date | None) -> str:
        """A day as the language writes it; a dash where there is none."""
        if value is None:
            return "\u2013"
        return _DATES[self.language].format(value, _MONTHS.split()[value.month - 1])

    def quarter(self, value: str) -> str:
        """A quarter such as 2019Q4, as the language writes it."""
        sign = {"en": "Q", "fr": "T", "nl": "K", "de": "Q"}[self.language]
        return f"{sign}{value[5:]}\u00a0{value[:4]}"


def load_texts(project: Path, language: str) -> Texts:
    """All texts of a language: the package's phrases, and those of the project's seeds.

    Raises FeedbackError where a text is missing in any language, so that no report is ever half
    translated.
    """
    if language not in LANGUAGES:
        raise FeedbackError(f"{language!r} is no language; choose one of {', '.join(LANGUAGES)}.")
    seeds = project / "seeds"
    rules = {
        **_rules(seeds / "quality" / "quality_rules.csv", "rule", "severity", language),
        **_rules(seeds / "quality" / "refusal_reasons.csv", "reason", "kind", language),
    }
    return Texts(language, _phrases()[language], rules, _operators(seeds, language))


@cache
def _phrases() -> dict[str, dict[str, str]]:
    """The phrases of all languages, which all have the same names and placeholders."""
    folder = files("synerstat.feedback") / "texts"
    phrases: dict[str, dict[str, str]] = {
        language: json.loads((folder / f"{language}.json").read_text("utf-8"))
        for language in LANGUAGES
    }
    model = {name: _placeholders(text) for name, text in phrases["en"].items()}
    for language, texts in phrases.items():
        found = {name: _placeholders(text) for name, text in texts.items() if text.strip()}
        if differing := sorted(
            name for name in model | found if model.get(name) != found.get(name)
        ):
            raise FeedbackError(
                f"The feedback's texts in {language} do not fit those in English: "
                f"{', '.join(differing)}. Bring them into line."
            )
    return phrases


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(_PLACEHOLDER.findall(text))


def _rules(path: Path, key: str, severity: str, language: str) -> dict[str, RuleText]:
    rows = _rows(path)
    names = [f"{kind}_{each}" for kind in KINDS for each in LANGUAGES]
    if missing := sorted(
        f"{row[key]}: {name}" for row in rows for name in names if not (row.get(name) or "").strip()
    ):
        raise FeedbackError(f"{path.name} lacks texts: {'; '.join(missing[:10])}. Add them.")
    return {
        row[key]: RuleText(
            row[severity],
            tuple((row.get("meanings") or "").split()),
            *(row[f"{kind}_{language}"] for kind in KINDS),
        )
        for row in rows
    }


def _operators(seeds: Path, language: str) -> dict[str, str]:
    return {
        row["code"]: row[f"label_{language}"]
        for row in _rows(seeds / "nomenclature" / "code_lists.csv")
        if row["code_list"] == "OPERATOR"
    }


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        raise FeedbackError(f"{path} is missing. Restore it from the project.")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def visible(text: str, most: int | None = None) -> str:
    """The text with nothing in it that acts instead of being seen, cut to `most` characters.

    Control characters, direction marks and broken code points become U+FFFD.
    """
    cut = text if most is None or len(text) <= most else f"{text[: most - 1]}\u2026"
    # nearly all are: nothing of the kind is printable
    if cut.isprintable():
        return cut
    return "".join("\ufffd" if unicodedata.category(c) in _INVISIBLE else c for c in cut)


# control, format (direction marks among them), surrogate, private use, line and paragraph separator
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    shown = visible(text)
    # what a program may skip before it looks for a formula
    begun = shown.lstrip().lstrip("\ufffd").lstrip()
    return f"'{shown}" if begun[:1] and begun[0] in _FORMULA_SIGNS else shown


# the last four are what some programs make of their wide forms
_FORMULA_SIGNS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
