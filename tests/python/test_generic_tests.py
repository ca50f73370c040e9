"""The project's own generic tests find what they are made to find."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import jinja2
import pytest

GENERIC = Path(__file__).resolve().parents[2] / "tests" / "generic"


def rows_found(name: str, values: str, **arguments: object) -> int:
    """Number of rows that the generic test returns on a relation made of the values."""
    source = (GENERIC / f"{name}.sql").read_text(encoding="utf-8")
    body = re.search(r"\{% test [^%]*%\}(.*)\{% endtest %\}", source, re.DOTALL)
    assert body is not None
    sql = jinja2.Template(body[1]).render(model=f"({values})", **arguments)
    with duckdb.connect() as connection:
        return len(connection.execute(sql).fetchall())


def validity(*periods: tuple[str, str | None, str | None]) -> str:
    """A relation of codes with periods; None is no bound."""
    rows = ", ".join(
        f"('{code}', try_cast('{start}' as date), try_cast('{end}' as date))"
        for code, start, end in periods
    )
    return f"select * from (values {rows}) as listed (code, valid_from, valid_to)"


@pytest.mark.parametrize(
    ("periods", "found"),
    [
        pytest.param([("A", None, None), ("B", None, None)], 0, id="different keys"),
        pytest.param([("A", None, "2018-08-31"), ("A", "2018-09-01", None)], 0, id="one day apart"),
        pytest.param([("A", None, "2018-09-01"), ("A", "2018-09-01", None)], 1, id="shared day"),
        pytest.param([("A", None, None), ("a", "2018-09-01", None)], 1, id="key in other case"),
        pytest.param([("A", None, None), ("A", None, None)], 1, id="same row twice"),
        pytest.param([("A", "2018-09-01", "2018-08-31")], 1, id="ends before it begins"),
        pytest.param([("A", "2018-09-01", "2018-09-01")], 0, id="one day long"),
        pytest.param(
            [
                ("A", "2018-01-01", "2018-12-31"),
                ("A", "2018-02-01", "2018-02-28"),
                ("A", "2018-06-01", "2018-06-30"),
            ],
            2,
            id="overlap with a row further back",
        ),
    ],
)
def test_no_overlapping_validity(
    periods: list[tuple[str, str | None, str | None]], found: int
) -> None:
    values = validity(*periods)
    arguments = {"valid_from": "valid_from", "valid_to": "valid_to"}
    assert (
        rows_found("no_overlapping_validity", values, key_columns=["upper(code)"], **arguments)
        == found
    )


def test_unique_combination_treats_nulls_as_equal() -> None:
    values = "select * from (values ('A', null), ('A', null), ('A', 1), ('B', null)) as t (a, b)"
    assert rows_found("unique_combination", values, columns=["a", "b"]) == 1


def test_accepted_codes_takes_listed_extra_and_missing_codes_only() -> None:
    values = "select * from (values ('F'), ('_X'), ('f'), ('ED0-2'), ('ED0-2'), (null)) as t (code)"
    lists = "(select 'SEX' as code_list, 'F' as code union all select 'EDUCATION_LEVEL', 'ED0-2')"
    found = rows_found(
        "accepted_codes",
        values,
        column_name="code",
        code_list="SEX",
        extra_codes=["_X"],
        ref=lambda _: lists,
    )
    assert found == 2


def test_not_blank_finds_missing_text_and_blanks() -> None:
    values = "select * from (values ('Vrouwen'), (null), ('  '), ('')) as t (label)"
    assert rows_found("not_blank", values, column_name="label") == 3
