"""Charts hold as many operators as there are."""

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest

from synerstat.publish.formats.vocabulary import LANGUAGES, Code
from synerstat.site import charts
from synerstat.site.cells import Cell, Cells
from synerstat.site.charts import Chart, filled, mark
from synerstat.site.figures import BY_NAME, Figures
from synerstat.site.words import Words

PERIODS = ("2019-Q3", "2019-Q4")
LABELS = ("VDAB", "Le Forem", "Bruxelles Formation", "ADG", "Campus du Nord")
# mean width of a letter of a bold head of 12 pixels
LETTER = 7.2


def lists(operators: Sequence[str]) -> dict[str, list[Code]]:
    codes = [Code(f"o{place}", dict.fromkeys(LANGUAGES, x)) for place, x in enumerate(operators)]
    return {"OPERATOR": [*codes, Code("_T", dict.fromkeys(LANGUAGES, "Total"))]}


def by_operator(count: int) -> Chart:
    cells = {
        ("training", "Q", period, "_T", f"o{place}", "_T", "_T", "PRESENT"): Cell(100, "A")
        for period in PERIODS
        for place in range(count)
    }
    found = lists([f"Operator {place}" for place in range(count)])
    figures = Figures(Cells(cells, PERIODS), found, PERIODS[-1], lambda _: ())
    chart = figures.lines("participants-by-operator", BY_NAME["training"], "operator").chart
    assert chart is not None
    return chart


@pytest.mark.parametrize("count", [1, 4, 5, 9, 12])
def test_every_operator_has_its_line_and_its_own_look(count: int) -> None:
    legend = by_operator(count).legend

    assert [key.text for key in legend] == [
        mark("label", "OPERATOR", f"o{place}") for place in range(count)
    ]
    assert len({(key.colour, key.shape) for key in legend}) == count
    assert all(charts.key_svg(key) for key in legend)


def heads(labels: Sequence[str]) -> list[tuple[float, list[str]]]:
    """The middle of each head of a matrix and its lines, as they stand in the drawing."""
    found = lists(labels)
    marks = [mark("label", "OPERATOR", code.code) for code in found["OPERATOR"][:-1]]
    chart = charts.matrix(["Brussels"], marks, [[Cell(1, "A")] * len(labels)])
    words = Words("en", found)
    texts = re.findall(
        r'<text [^>]*transform="translate\(([\d.]+),[\d.]+\)"[^>]*>(.*?)</text>',
        filled(chart.svg, words, words),
    )
    placed = []
    for x, content in texts:
        lines = re.findall(r"<tspan[^>]*>(.*?)</tspan>", content) or [content]
        if " ".join(lines) in labels:
            placed.append((float(x), lines))
    return placed


@pytest.mark.parametrize("count", [4, 5, 6])
def test_heads_of_a_matrix_do_not_overlap(count: int) -> None:
    labels = (*LABELS, "Le Forem")[:count]
    placed = heads(labels)

    assert [" ".join(lines) for _, lines in placed] == list(labels)
    edges = [
        (x - half, x + half) for x, lines in placed for half in [max(map(len, lines)) * LETTER / 2]
    ]
    assert all(left[1] < right[0] for left, right in pairwise(edges)), edges
