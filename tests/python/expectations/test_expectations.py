"""The expectations decide whether a quarter may be published, and say why not."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from expectations.planting import PLANTS, cell, judge, set_

import synerstat.warehouse as store
from synerstat.build import project_variables
from synerstat.errors import UsageError
from synerstat.expectations import check, load_suites
from synerstat.warehouse import ExpectationsResult


@pytest.fixture
def warehouse(built: Path, tmp_path: Path) -> Path:
    """A copy of the built warehouse, to be spoilt."""
    copy = tmp_path / "warehouse"
    copy.mkdir()
    shutil.copy(built / "synerstat.duckdb", copy)
    return copy


@pytest.fixture
def spoil(built: Path, warehouse: Path) -> Callable[..., None]:
    """Plants faults in the copy, and judges it again unless told otherwise."""

    def plant(*statements: str, judged: bool = True) -> None:
        with duckdb.connect(str(warehouse / "synerstat.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)
            if judged:
                judge(connection, built)

    return plant


def failed(result: ExpectationsResult) -> dict[str, str]:
    return {o.expectation: o.message for o in result.outcomes if not o.passed}


@pytest.mark.slow
def test_figures_in_order_pass_and_the_result_is_noted_alike_each_time(
    warehouse: Path, project: Path
) -> None:
    lines: list[str] = []
    result = check(warehouse, "2019Q4", project, lines.append)
    assert result.passed
    assert result.failures == ()
    assert "Checking marts agree" in lines
    noted = store.Warehouse(warehouse).expectations.read_bytes()
    check(warehouse, "2019Q4", project)
    assert store.Warehouse(warehouse).expectations.read_bytes() == noted
    assert store.read_expectations(warehouse) == result
    assert {path.name for path in warehouse.iterdir()} == {"synerstat.duckdb", "quality"}


@pytest.mark.slow
def test_a_failure_says_which_cells_by_how_much_whose_data_and_what_to_do(
    warehouse: Path, project: Path, spoil: Callable[..., None]
) -> None:
    spoil(
        set_("status", "participants_left", "participants_left + 7", cell("status", "2019-Q3")),
        set_(
            "training", "participants_stock", 9999, "time_period = '2018-Q1' and operator = 'forem'"
        ),
        next(plant.statement for plant in PLANTS if plant.check == "operator_delivered"),
    )
    result = check(warehouse, "2019Q4", project)
    messages = failed(result)
    assert not result.passed
    # what is only a surprise is a warning
    surprises = {message for message in messages.values() if message.startswith("plausibility, ")}
    assert set(result.failures) == set(messages.values()) - surprises
    assert surprises <= set(result.warnings)

    sex = messages["sex_adds_up"]
    assert "mart_participants_by_status, 2019-Q3, operator=_T, training_type=_T" in sex
    assert "7 too few; data of several operators" in sex
    assert "does not hold for 1 cell:" in sex
    assert "What to do: Look for persons" in sex

    stock = messages["stock_within_participants"].splitlines()
    assert sum(line.startswith("    mart_") for line in stock) == 10
    assert any(line.startswith("    and ") and line.endswith(" more") for line in stock)
    assert all(line.endswith("data of forem") for line in stock if "mart_" in line)

    delivered = messages["operator_delivered"]
    assert "2019Q4, operator=adg: deliveries is 0, expected 1; 1 too few; data of adg" in delivered

    # what is in order is not called in question
    assert "age_group_adds_up" not in messages
    assert "every_row_accounted_for" in messages


@pytest.mark.slow
def test_a_declared_deviation_is_told_and_withholds_nothing(
    warehouse: Path, project: Path, spoil: Callable[..., None]
) -> None:
    spoil(
        "delete from marts.mart_delivery_accounting "
        "where operator = 'adg' and reference_quarter = '2019Q4'",
        "insert into seeds.known_deviations values ('every_row_accounted_for', null, '2019-Q4', "
        "null, 'adg', 'Rows lost in a fire.', '2020-03-31', 'head of statistics')",
    )
    result = check(warehouse, "2019Q4", project)
    assert result.passed
    assert [message for message in result.warnings if "declared as known" in message] == [
        "accounting, every_row_accounted_for: declared as known until 2020-03-31: "
        "Rows lost in a fire. (2019Q4-1, operator=adg)",
    ]


@pytest.mark.slow
def test_a_table_is_read_itself_and_what_cannot_be_checked_counts_as_failed(
    warehouse: Path, project: Path, spoil: Callable[..., None]
) -> None:
    spoil(
        set_("mobility", "participants_left", -3, cell("mobility", "2019", operator="vdab")),
        "alter table marts.mart_participants_by_status drop column participants_stock",
        "drop table quality.quality_coherence_checks",
        judged=False,
    )
    result = check(warehouse, "2019Q4", project)
    messages = failed(result)
    left = messages["participants_left_at_least_0"]
    assert "time_period=2019, residence_area=_T, operator=vdab" in left
    assert "participants_left=-3" in left
    assert "data of vdab" in left
    assert "which counts as failed" in messages["participants_stock_at_least_0"]
    assert "participants_stock" in messages["participants_stock_at_least_0"]
    assert "which counts as failed" in messages["sex_adds_up"]
    assert not result.passed


def test_suites_and_model_name_the_same_checks_with_the_same_severity(
    built: Path, project: Path
) -> None:
    with duckdb.connect(str(built / "synerstat.duckdb"), read_only=True) as connection:
        checks = connection.execute(
            "select question, check_name, severity, description "
            "from quality.quality_coherence_checks"
        ).fetchall()
    suites = {
        (
            suite.name,
            expectation["meta"]["name"],
            "blocking" if expectation["severity"] == "critical" else "warning",
            expectation["description"],
        )
        for suite in load_suites(project)
        for expectation in suite.expectations
        if "row_condition" in expectation["kwargs"]
    }
    assert suites == set(checks)


def test_descriptions_tell_the_limits_of_the_project(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "expectations", tmp_path / "expectations")
    settings = (project / "dbt_project.yml").read_text("utf-8")
    (tmp_path / "dbt_project.yml").write_text(
        settings.replace("largest_share_unmapped: 0.02", "largest_share_unmapped: 0.035")
    )
    told = {
        expectation["meta"]["name"]: expectation["description"]
        for suite in load_suites(tmp_path)
        for expectation in suite.expectations
    }
    assert "less than 3.5 % have a code of sex" in told["sex_codes_mapped"]
    assert "judged from 20 persons on" in told["quarter_as_usual"]
    assert not any("{" in text for text in told.values())
    (tmp_path / "dbt_project.yml").write_text("vars: {}")
    with pytest.raises(UsageError, match="largest_change_on_usual"):
        load_suites(tmp_path)


def test_the_documentation_tells_the_limits_of_the_project(project: Path) -> None:
    variables = project_variables(project)
    text = (project / "docs/coherence.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| ([0-9.]+) \|", text, re.MULTILINE))
    assert len(told) == 19
    assert {name: float(value) for name, value in told.items()} == {
        name: variables[name] for name in told
    }
    for suite in load_suites(project):
        assert f"| `{suite.name}` |" in text


def test_every_suite_says_why_it_matters_and_what_to_do(project: Path) -> None:
    for suite in load_suites(project):
        assert suite.meta["question"].endswith("?"), suite.name
        assert suite.meta["why_it_matters"], suite.name
        assert suite.meta["what_to_do"], suite.name


@pytest.mark.parametrize(
    "content",
    [
        None,
        "no json",
        '{"name": "empty", "meta": {"relations": ["a.b"]}, "expectations": []}',
        '{"name": "nowhere", "meta": {}, "expectations": []}',
    ],
)
def test_a_project_without_usable_suites_is_refused(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "expectations"
    folder.mkdir()
    if content is not None:
        (folder / "suite.json").write_text(content, "utf-8")
    with pytest.raises(UsageError, match=r"Correct it|Restore the folder"):
        load_suites(tmp_path)


def test_a_warehouse_that_was_not_built_is_refused(tmp_path: Path, project: Path) -> None:
    with pytest.raises(UsageError, match="synerstat build"):
        check(tmp_path, "2019Q4", project)


def test_the_suites_are_written_as_they_are_formatted(project: Path) -> None:
    for path in (project / "expectations").glob("*.json"):
        content = json.loads(path.read_text("utf-8"))
        assert content["name"] == path.stem
        written = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        assert path.read_text("utf-8") == written
