"""Sentences that name the operators take them from the code lists, however many there are."""

from pathlib import Path

import pytest

from synerstat.publish.formats.vocabulary import LANGUAGES, Code, description, operators

PROJECT = Path(__file__).parents[3]


def named(*labels: str) -> dict[str, list[Code]]:
    return {"OPERATOR": [Code(label.lower(), dict.fromkeys(LANGUAGES, label)) for label in labels]}


LABELS = ("VDAB", "Le Forem", "Bruxelles Formation", "ADG")
TOTAL = Code("_T", dict.fromkeys(LANGUAGES, "Total"))
FOUR = {"OPERATOR": [*named(*LABELS)["OPERATOR"], TOTAL]}
FIVE = {"OPERATOR": [*named(*LABELS, "Campus")["OPERATOR"], TOTAL]}


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
    names = [label.removeprefix("Le ") for label in LABELS]
    listing = [
        (path.name, line)
        for pattern in ("*.yml", "*.md", "*.json", "*.po", "*.j2", "*.py")
        for path in package.rglob(pattern)
        for line in path.read_text("utf-8").splitlines()
        if all(name in line for name in names)
    ]
    assert listing == []
