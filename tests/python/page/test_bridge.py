"""From delivered rows to persons: what is withheld in one unit is not told in another."""

import duckdb
import pytest

from synerstat.publish.formats.vocabulary import Edition
from synerstat.site.bridge import Bridge, read_bridge
from synerstat.site.cells import Cell, Cells

EDITION = Edition("2019Q4", "2019Q4-v1", 4, invented_persons=False)


def bridge(participations: dict[str, Cell]) -> Bridge:
    cells = Cells(
        {
            ("training", "Q", "2019-Q4", "_T", operator, "_T", "_T", "PARTICIPATIONS"): cell
            for operator, cell in participations.items()
        },
        ["2019-Q4"],
    )
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("create schema warehouse.marts")
        connection.execute(
            "create table warehouse.marts.mart_counting_bridge as from (values "
            "('Q', '2019-Q4', 'adg', 60, 48), ('Q', '2019-Q4', 'vdab', 900, 700)) "
            "as rows(freq, time_period, operator, delivered_rows, counted_records)"
        )
        return read_bridge(connection, cells, ["adg", "vdab"], EDITION)


def test_records_are_told_where_participations_are() -> None:
    found = bridge({"adg": Cell(48, "A"), "vdab": Cell(300, "P")})
    assert [each.records for each in found.steps] == [Cell(48, "A"), Cell(700, "A")]
    assert found.total.records == Cell(748, "A")


@pytest.mark.parametrize("withheld", ["adg", "vdab"])
def test_records_are_withheld_where_participations_are(withheld: str) -> None:
    cells = {"adg": Cell(48, "A"), "vdab": Cell(300, "A")}
    found = bridge({**cells, withheld: Cell(None, "Q")})
    records = {each.operator: each.records for each in found.steps}
    assert records[withheld] == Cell(None, "Q")
    assert found.total.records == Cell(None, "Q")
    # rows are counted in files
    assert found.total.rows == Cell(960, "A")
