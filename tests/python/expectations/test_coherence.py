"""Every kind of fault in the figures is caught by the check named for it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from expectations.mutations import FAULTS
from expectations.planting import ALL, PLANTS, QUESTIONS, Plant, cell, judge, set_

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def figures(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """Plants faults in a copy of the warehouse, judges it, and returns the broken bounds."""
    copy = tmp_path_factory.mktemp("planted")
    shutil.copy(built / "synerstat.duckdb", copy)
    with duckdb.connect(str(copy / "synerstat.duckdb")) as connection:
        question_of = dict(
            connection.execute(
                " union ".join(f"select check_name, '{q}' from quality.{q}" for q in QUESTIONS)
            ).fetchall()
        )

        def broken_after(
            *statements: str, check: str, see: str = "quality_coherence_violations"
        ) -> list:
            connection.execute("begin")
            try:
                for statement in statements:
                    connection.execute(statement)
                judge(connection, built, question_of[check])
                return connection.execute(
                    "select check_name, mart, scope, indicator, expected, actual, whose_data "
                    f"from quality.{see}"
                ).fetchall()
            finally:
                connection.execute("rollback")

        yield broken_after


def test_every_check_finds_clean_figures_in_order(built: Path) -> None:
    with duckdb.connect(str(built / "synerstat.duckdb"), read_only=True) as connection:
        checks = connection.execute(
            "select check_name, severity, cells_checked, cells_failed "
            "from quality.quality_coherence_checks"
        ).fetchall()
    # a warning may be right: the sample is small, and its deliveries hold codes nobody knows
    assert [name for name, severity, _, failed in checks if failed and severity == "blocking"] == []
    assert [name for name, _, checked, _ in checks if not checked] == []


def test_every_check_has_a_planted_fault(built: Path) -> None:
    with duckdb.connect(str(built / "synerstat.duckdb"), read_only=True) as connection:
        checks = connection.execute("select check_name from seeds.coherence_checks").fetchall()
    assert {name for (name,) in checks} == {plant.check for plant in [*PLANTS, *FAULTS]}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.check}-{plant.fault}")
def test_a_planted_fault_is_caught_by_its_check(figures: Callable, plant: Plant) -> None:
    caught = {(row[0], row[2]) for row in figures(plant.statement, check=plant.check)}
    assert (plant.check, plant.scope) in caught


def test_hours_may_differ_by_rounding_and_no_more(figures: Callable) -> None:
    total = (
        f"update marts.mart_participants_by_training set training_hours = (select sum("
        f"training_hours) + {{}} from marts.mart_participants_by_training where {ALL} and "
        f"time_period = '2019-Q3' and operator <> '_T' and training_type = '_T' and training_area"
        f" = '_T') where time_period = '2019-Q3' and operator = '_T' and training_type = '_T' and "
        f"training_area = '_T' and {ALL}"
    )
    scope = "2019-Q3, training_area=_T, operator=_T, training_type=_T, delivery_mode=_T"
    check = "operator_participations_add_up"
    # the four operators and their total are each off by at most one half
    for difference, is_broken in ((2, False), (-2, False), (3, True), (-3, True)):
        caught = {(row[0], row[2]) for row in figures(total.format(difference), check=check)}
        assert ((check, scope) in caught) == is_broken, difference


def test_the_operator_whose_data_it_is_stands_beside_the_cell(figures: Callable) -> None:
    fault = set_(
        "training", "participants_stock", 99999, cell("training", "2019-Q3", operator="adg")
    )
    parts = figures(fault, check="stock_within_participants")
    assert {row[6] for row in parts} == {"adg"}
    sums = figures(fault, check="operator_participants_within_total")
    assert {row[6] for row in sums if row[0].startswith("operator_")} == {None}


APART = "quality_declared_deviations"
DECLARED = """
insert into seeds.known_deviations
values ('operator_delivered', null, '2019-Q4', null, 'adg', 'Strike.', '{}', 'head of statistics')
"""
NOT_DELIVERED = next(plant for plant in PLANTS if plant.check == "operator_delivered")


def test_a_declared_deviation_is_counted_apart(figures: Callable) -> None:
    statements = (NOT_DELIVERED.statement, DECLARED.format("2019-12-31"))
    violations = {row[0] for row in figures(*statements, check="operator_delivered")}
    declared = figures(*statements, check="operator_delivered", see=APART)
    assert "operator_delivered" not in violations
    assert [(row[0], row[6]) for row in declared] == [("operator_delivered", "adg")]


def test_a_declaration_expires(figures: Callable) -> None:
    statements = (NOT_DELIVERED.statement, DECLARED.format("2019-12-30"))
    assert "operator_delivered" in {
        row[0] for row in figures(*statements, check="operator_delivered")
    }
    assert figures(*statements, check="operator_delivered", see=APART) == []
