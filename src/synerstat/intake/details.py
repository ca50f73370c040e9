"""What a refusal says beyond its reason, in every language of the operators.

A detail has a code and values; its sentences stand in `refusal_details.json`. Values are names of
the contract, numbers, or names out of a delivery that are fit to be shown.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_THOUSANDS = {"en": ",", "fr": "\u202f", "nl": ".", "de": "."}

Value = str | int


def detail_text(detail: str, values: Mapping[str, Value], language: str = "en") -> str:
    """The sentences of a detail in a language (en, fr, nl, de), its values filled in."""
    shown = {
        name: f"{value:,}".replace(",", _THOUSANDS[language]) if isinstance(value, int) else value
        for name, value in values.items()
    }
    return _sentences()[detail][language].format_map(shown)


@cache
def _sentences() -> Mapping[str, Mapping[str, str]]:
    path = files("synerstat.intake") / "refusal_details.json"
    sentences: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8"))
    return sentences
