"""Texts of the page in four languages: none is missing, and all are filled in the same way."""

import re
from pathlib import Path

import jinja2
import pytest
from babel.messages.extract import extract

from synerstat.errors import PublicationError
from synerstat.publish.formats.vocabulary import LANGUAGES
from synerstat.site.words import Words, catalogue

SITE = Path(__file__).parents[3] / "src" / "synerstat" / "site"
TRANSLATED = [each for each in LANGUAGES if each != "en"]


def used() -> set[str]:
    """Every text that a template or the code asks for."""
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"])
    found = []
    for path in SITE.glob("templates/*.j2"):
        found += [each[2] for each in environment.extract_translations(path.read_text("utf-8"))]
    for path in SITE.glob("*.py"):
        # there, words() gives the texts that the data sets themselves carry
        if path.name != "machine.py":
            with path.open("rb") as file:
                found += [each[1] for each in extract("python", file, keywords={"words": None})]
    # a text with values comes with a place for each of them
    texts = {each[0] if isinstance(each, tuple) else each for each in found}
    assert len(texts) > 150
    return texts


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_has_its_translation(language: str) -> None:
    assert used() - set(catalogue(language)) == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_the_same_values(language: str) -> None:
    values = re.compile(r"%\([a-z_]+\)s")
    for message, text in catalogue(language).items():
        assert sorted(values.findall(message)) == sorted(values.findall(text)), message


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_missing_translation_is_an_error_that_names_the_file(language: str) -> None:
    with pytest.raises(PublicationError, match=f"locales/{language}.po"):
        Words(language, {})("A text that nobody has translated")
