"""Marks of cells without a figure are those of the workbook."""

import pytest

from synerstat.site.cells import Cell, sign
from synerstat.site.charts import shown


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        # there is no such cell: nobody was present
        (None, "[z]"),
        (Cell(None, "M"), "[z]"),
        (Cell(None, "Q"), "[c]"),
        (Cell(None, "P"), "[x]"),
    ],
)
def test_a_cell_without_a_figure_says_why(cell: Cell | None, expected: str) -> None:
    assert sign(cell) == expected
    assert shown(cell) == expected
