"""Words and codes of the formats, in the four languages of a publication."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

import duckdb
import yaml

from synerstat.publish.data_sets import DataSet

LANGUAGES = ("en", "fr", "nl", "de")
FLAGS: tuple[tuple[str, str], ...] = (("obs_status", "OBS_STATUS"), ("conf_status", "CONF_STATUS"))
FRENCH_ARTICLES = ("Le ", "La ", "Les ", "L'", "L\u2019")
VALUES = ("obs_value", "obs_status", "conf_status", "vintage")


@dataclass(frozen=True)
class Edition:
    """The vintage that is written: quarter 2019Q4, vintage 2019Q4-v1."""

    quarter: str
    vintage: str
    threshold: int
    invented_persons: bool

    @property
    def period(self) -> str:
        """The reference quarter as a time period: 2019-Q4."""
        return f"{self.quarter[:4]}-{self.quarter[4:]}"


@dataclass(frozen=True)
class Code:
    """A code with its label in each language."""

    code: str
    labels: Mapping[str, str]


def coded_columns(data_set: DataSet) -> tuple[tuple[str, str], ...]:
    """The columns that hold codes, in the order of the table, each with its code list."""
    dimensions = ((each.column, each.code_list) for each in data_set.dimensions)
    return (
        *((column, code_list) for column, code_list in dimensions if code_list is not None),
        ("indicator", "INDICATOR"),
        *FLAGS,
    )


def columns(data_set: DataSet) -> tuple[str, ...]:
    """All columns of the published table, in its order."""
    return (*data_set.key, *VALUES)


def read_code_lists(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[Code, ...]]:
    """The code lists of the relation `code_lists`, by name, each in its own order."""
    labels = ", ".join(f"label_{language}" for language in LANGUAGES)
    rows = connection.execute(
        f"select code_list, list(struct_pack(code, {labels}) order by position) "
        "from code_lists group by code_list order by code_list"
    ).fetchall()
    return {
        name: tuple(
            Code(each["code"], {language: each[f"label_{language}"] for language in LANGUAGES})
            for each in codes
        )
        for name, codes in rows
    }


@cache
def _texts() -> Mapping[str, Any]:
    content = (files("synerstat.publish.formats") / "texts.yml").read_text("utf-8")
    return dict(yaml.safe_load(content))


def words(key: str) -> dict[str, str]:
    """A text in each language."""
    return {language: str(_texts()[key][language]) for language in LANGUAGES}


def has_words(key: str) -> bool:
    """Whether there is a text of this name."""
    return key in _texts()


def text(key: str, language: str, **values: object) -> str:
    """A text in one language, with its $names filled in."""
    return Template(_texts()[key][language]).substitute(values)


def description(lists: Mapping[str, Sequence[Code]], language: str) -> str:
    """What the statistic is about, in a sentence that names the operators of the code lists."""
    return text(
        "statistic_description",
        language,
        operators=operators(lists, language),
        of_operators=_listed(map(_of_in_french, _operator_names(lists, language)), language),
    )


def operators(lists: Mapping[str, Sequence[Code]], language: str) -> str:
    """The operators of the code lists in a sentence: VDAB, le Forem and ADG."""
    return _listed(_operator_names(lists, language), language)


def _operator_names(lists: Mapping[str, Sequence[Code]], language: str) -> list[str]:
    """The labels of the operators as they stand inside a sentence: le Forem."""
    labels = [code.labels[language] for code in lists["OPERATOR"] if not code.code.startswith("_")]
    return [
        label[0].lower() + label[1:] if label.startswith(FRENCH_ARTICLES) else label
        for label in labels
    ]


def _listed(names: Iterable[str], language: str) -> str:
    *first, last = names
    return f"{', '.join(first)} {text('and', language)} {last}" if first else last


def _of_in_french(name: str) -> str:
    """du Forem, de Bruxelles Formation, de l'ADG: abbreviations take an article, names do not."""
    if name.startswith("le "):
        return "du " + name.removeprefix("le ")
    if name.startswith("les "):
        return "des " + name.removeprefix("les ")
    has_vowel = unicodedata.normalize("NFD", name[0]).upper()[0] in "AEIOU"
    if name.isupper():
        return f"de l'{name}" if has_vowel else f"du {name}"
    return f"d'{name}" if has_vowel else f"de {name}"


def notes(language: str, **values: object) -> list[list[str]]:
    """The notes of the workbook in their order: topic and text."""
    return [
        [
            each["topic"][language],
            Template(each["text"][language]).safe_substitute(values),
        ]
        for key, each in _texts().items()
        if key.startswith("note.")
    ]


def column_name(column: str, language: str) -> str:
    """What a column is called."""
    return text(f"column.{column}", language)


def code_list_names(code_list: str) -> dict[str, str]:
    """What a code list is called, in each language: its column's name where it has no own."""
    own = f"code_list.{code_list}"
    return words(own if has_words(own) else f"column.{code_list.lower()}")


def literal(value: object) -> str:
    """A value as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"
