"""Words, numbers and dates of the statistics page in four languages. A missing text is an error.

The texts of templates and code are English message identifiers; locales/<language>.po translate
them (gettext catalogues, read with Babel). Labels of codes come from the code lists of the vintage.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.dates import format_date
from babel.messages import pofile

from synerstat.errors import PublicationError
from synerstat.publish.formats.vocabulary import LANGUAGES, Code

SITE = "synerstat.site"
SOURCE_LANGUAGE = "en"
LOCALES: Mapping[str, str] = {"en": "en_GB", "fr": "fr_BE", "nl": "nl_BE", "de": "de_BE"}
NAMES: Mapping[str, str] = {
    "en": "English",
    "fr": "Français",
    "nl": "Nederlands",
    "de": "Deutsch",
}
QUARTER_SIGN: Mapping[str, str] = {"en": "Q", "fr": "T", "nl": "K", "de": "Q"}
# small numbers are written out in a sentence
COUNTS: Mapping[str, Sequence[str]] = {
    "en": ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    "fr": ("deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
    "nl": ("twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien"),
    "de": ("zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"),
}
MINUS = "\u2212"

# Shorthand of UK official statistics, the same in every language.
WITHHELD, ABSENT, NOT_AVAILABLE, PROVISIONAL, BREAK = "[c]", "[z]", "[x]", "[p]", "[b]"


@cache
def catalogue(language: str, package: str = SITE) -> Mapping[str, str]:
    """A package's translations by their English text; fuzzy and empty ones are left out."""
    if language == SOURCE_LANGUAGE:
        return {}
    path = files(package) / "locales" / f"{language}.po"
    with path.open("rb") as file:
        messages = pofile.read_po(file, locale=language)
    return {
        str(message.id): str(message.string)
        for message in messages
        if message.id and message.string and not message.fuzzy
    }


@dataclass(frozen=True)
class Words:
    """All that is written in one language. `lists`: the code lists of the vintage by name.

    `package` holds the texts, in its folder locales.
    """

    language: str
    lists: Mapping[str, Sequence[Code]]
    package: str = SITE
    _labels: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._labels.update(
            {
                (name, code.code): visible(code.labels[self.language])
                for name, codes in self.lists.items()
                for code in codes
            }
        )

    def __call__(self, message: str, /, **values: object) -> str:
        """The message in the language, its %(names)s filled in.

        Raises PublicationError where it is not translated: no page is ever half translated.
        """
        text = message
        if self.language != SOURCE_LANGUAGE:
            try:
                text = catalogue(self.language, self.package)[message]
            except KeyError:
                folder = self.package.replace(".", "/")
                raise PublicationError(
                    f"There is no text in {self.language} for {message!r}. "
                    f"Add it to src/{folder}/locales/{self.language}.po."
                ) from None
        return text % values if values else text

    def label(self, code_list: str, code: str) -> str:
        """The label of a code; the code itself where the list has none."""
        return self._labels.get((code_list, code), code)

    def plain(self, code_list: str, code: str) -> str:
        """The label without its unit, which stands at its end in parentheses."""
        label = self.label(code_list, code)
        return label.rsplit(" (", 1)[0] if label.endswith(")") else label

    @property
    def colon(self) -> str:
        """A colon with the space that the language puts before it."""
        return "\u00a0:" if self.language == "fr" else ":"

    @property
    def group(self) -> str:
        """What stands between thousands: 1 234 in French, 1.234 in Dutch and German."""
        return str(_locale(self.language).number_symbols["latn"]["group"])

    @property
    def decimal(self) -> str:
        """What stands before decimals."""
        return str(_locale(self.language).number_symbols["latn"]["decimal"])

    def number(self, value: int, signed: bool = False) -> str:
        """A whole number with its thousands apart; `signed` puts + before gains."""
        text = f"{value:+,}" if signed else f"{value:,}"
        return text.replace(",", self.group).replace("-", MINUS)

    def count(self, value: int) -> str:
        """A number in a sentence: a word from two to ten, else digits."""
        counts = COUNTS[self.language]
        return counts[value - 2] if 2 <= value < 2 + len(counts) else self.number(value)

    def percent(self, value: float, signed: bool = False) -> str:
        """A share as a percentage with one decimal; `signed` puts + before gains."""
        text = f"{100 * value:+.1f}" if signed else f"{100 * value:.1f}"
        text = text.replace("-", MINUS).replace(".", self.decimal)
        return f"{text}%" if self.language == "en" else f"{text}\u00a0%"

    def period(self, period: str) -> str:
        """A period as the language writes it: 2019-Q4 becomes Q4 2019, T4 2019, K4 2019."""
        if len(period) == 4:
            return period
        return f"{QUARTER_SIGN[self.language]}{period[-1]}\u00a0{period[:4]}"

    def date(self, value: date) -> str:
        """A day in words."""
        text = format_date(value, "long", locale=LOCALES[self.language])
        # the first of a month is an ordinal in French only
        return f"1er{text[1:]}" if self.language == "fr" and value.day == 1 else text


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(LOCALES[language])


def visible(text: str) -> str:
    """The text without control characters and without marks that turn the direction of writing."""
    return "".join(_kept(text)).strip()


def _kept(text: str) -> Iterator[str]:
    for character in text:
        kind = unicodedata.category(character)
        if kind == "Cc":
            yield " "
        elif kind != "Cf" or character in "\u00ad\u200c\u200d":
            yield character


def other_languages(language: str) -> tuple[str, ...]:
    """The three others, in the order of the switch."""
    return tuple(each for each in LANGUAGES if each != language)
