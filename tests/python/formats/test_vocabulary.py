"""Sentences that name the operators take them from the code lists, however many there are."""

import csv
from pathlib import Path

import pytest

from synerstat.publish.formats.vocabulary import LANGUAGES, Code, description, operators

PROJECT = Path(__file__).parents[3]


def operator_list() -> list[Code]:
    """The operators as the nomenclature has them, and their total."""
    with (PROJECT / "seeds" / "nomenclature" / "code_lists.csv").open(encoding="utf-8") as file:
        return [
            Code(row["code"], {each: row[f"label_{each}"] for each in LANGUAGES})
            for row in csv.DictReader(file)
            if row["code_list"] == "OPERATOR" or (row["code_list"], row["code"]) == ("ANY", "_T")
        ]


def named(*labels: str) -> dict[str, list[Code]]:
    return {"OPERATOR": [Code(label.lower(), dict.fromkeys(LANGUAGES, label)) for label in labels]}


FOUR = {"OPERATOR": operator_list()}
FIVE = {"OPERATOR": [*FOUR["OPERATOR"], *named("Campus")["OPERATOR"]]}


@pytest.mark.parametrize(
    ("language", "four", "five"),
    [
        (
            "en",
            "VDAB, le Forem, Bruxelles Formation and ADG",
            "VDAB, le Forem, Bruxelles Formation, ADG and Campus",
        ),
        (
            "fr",
            "du VDAB, du Forem, de Bruxelles Formation et de l'ADG",
            "du VDAB, du Forem, de Bruxelles Formation, de l'ADG et de Campus",
        ),
        (
            "nl",
            "VDAB, le Forem, Bruxelles Formation en ADG",
            "VDAB, le Forem, Bruxelles Formation, ADG en Campus",
        ),
        (
            "de",
            "VDAB, le Forem, Bruxelles Formation und ADG",
            "VDAB, le Forem, Bruxelles Formation, ADG und Campus",
        ),
    ],
)
def test_the_description_names_the_operators_there_are(language: str, four: str, five: str) -> None:
    assert f" {four}, " in description(FOUR, language)
    assert f" {five}, " in description(FIVE, language)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("IFAPME", "de l'IFAPME"),
        ("Actiris", "d'Actiris"),
        ("École du Nord", "d'École du Nord"),
        ("Les Ateliers", "des Ateliers"),
        ("La Mission locale", "de la Mission locale"),
        ("L'Atelier", "de l'Atelier"),
    ],
)
def test_french_says_whose_trainings_they_are(label: str, expected: str) -> None:
    assert f"aux formations {expected}, tirée" in description(named(label), "fr")


def test_names_are_joined_as_the_language_does() -> None:
    assert operators(named("A"), "nl") == "A"
    assert operators(named("A", "B"), "nl") == "A en B"
    assert operators(named("A", "B", "C"), "fr") == "A, B et C"


def test_no_text_lists_the_operators_itself() -> None:
    package = PROJECT / "src" / "synerstat"
    names = [code.labels["en"].removeprefix("Le ") for code in FOUR["OPERATOR"][:-1]]
    listing = [
        (path.name, line)
        for pattern in ("*.yml", "*.md", "*.json", "*.po", "*.j2", "*.py")
        for path in package.rglob(pattern)
        for line in path.read_text("utf-8").splitlines()
        if all(name in line for name in names)
    ]
    assert listing == []
