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


class Project:
    """What generic tests use of dbt: the project's macros and its relations."""

    @staticmethod
    def matches(text: str, pattern: str) -> str:
        return f"regexp_matches({text}, '{pattern}')"


LISTS = "(select 'SEX' as code_list, 'F' as code union all select 'EDUCATION_LEVEL', 'ED0-2')"


def broken(values: str, **promises: object) -> list[tuple[str, str, int]]:
    """Promises of `sound_rows` that the values break: promise, offending values, rows."""
    source = (GENERIC / "sound_rows.sql").read_text(encoding="utf-8")
    body = re.search(r"%\}\n(\{#-.*)\{% endtest %\}", source, re.DOTALL)
    assert body is not None
    nothing: dict[str, object] = {
        "grain": [],
        "unique": [],
        "never_null": [],
        "not_blank": [],
        "accepted_codes": {},
        "accepted_values": {},
        "patterns": {},
        "relationships": {},
    }
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    sql = environment.from_string(body[1]).render(
        model=f"({values}) as judged",
        ref=lambda _: LISTS,
        synerstat=Project,
        **(nothing | promises),
    )
    with duckdb.connect() as connection:
        found = connection.execute(sql).fetchall()
    return sorted((promise, offending, rows) for promise, _, offending, rows in found)


def test_the_grain_treats_nulls_as_equal() -> None:
    values = "select * from (values ('A', null), ('A', null), ('A', 1), ('B', null)) as t (a, b)"
    assert broken(values, grain=["a", "b"]) == [("grain", "A / null", 2)]


def test_unique_does_not_judge_missing_values() -> None:
    values = "select * from (values ('A'), ('A'), ('B'), (null), (null)) as t (a)"
    assert broken(values, unique=["a"]) == [("unique", "A", 2)]


def test_never_null_finds_each_column_that_is_missing() -> None:
    values = "select * from (values (1, null), (null, 2), (3, 4), (null, 2)) as t (a, b)"
    assert broken(values, never_null=["a", "b"]) == [
        ("never_null", "1 / null", 1),
        ("never_null", "null / 2", 2),
    ]


def test_accepted_codes_takes_listed_extra_and_missing_codes_only() -> None:
    values = "select * from (values ('F'), ('_X'), ('f'), ('ED0-2'), ('ED0-2'), (null)) as t (code)"
    assert broken(values, accepted_codes={"code": ["SEX", "_X"]}) == [
        ("accepted_codes", "ED0-2", 2),
        ("accepted_codes", "f", 1),
    ]


def test_accepted_values_takes_listed_and_missing_values_only() -> None:
    values = "select * from (values ('Q'), ('A'), ('M'), (null)) as t (freq)"
    assert broken(values, accepted_values={"freq": ["Q", "A"]}) == [("accepted_values", "M", 1)]


def test_patterns_hold_for_the_whole_text() -> None:
    values = "select * from (values ('1000'), ('0100'), ('10000'), ('x1000'), (null)) as t (code)"
    assert broken(values, patterns={"code": "[1-9][0-9]{3}"}) == [
        ("patterns", "0100", 1),
        ("patterns", "10000", 1),
        ("patterns", "x1000", 1),
    ]


def test_relationships_find_values_that_are_nowhere() -> None:
    values = "select * from (values ('F'), ('M'), (null)) as t (sex)"
    assert broken(values, relationships={"sex": "code_lists.code"}) == [("relationships", "M", 1)]


def test_not_blank_finds_missing_text_and_blanks() -> None:
    values = "select * from (values ('Vrouwen'), (null), ('  '), ('')) as t (label)"
    assert sum(rows for _, _, rows in broken(values, not_blank=["label"])) == 3


def test_sound_rows_break_no_promise() -> None:
    values = "select * from (values ('F', 'A', 1), ('F', 'B', 2)) as t (sex, label, number)"
    assert not broken(
        values,
        grain=["sex", "label"],
        unique=["number"],
        never_null=["sex", "number"],
        not_blank=["label"],
        accepted_codes={"sex": ["SEX"]},
        accepted_values={"label": ["A", "B"]},
        patterns={"label": "[A-Z]"},
        relationships={"sex": "code_lists.code"},
    )
