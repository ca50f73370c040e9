"""Workbooks and Parquet files: typed cells become text in the operator's format."""

import io
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from intake.making import (
    CONTRACT,
    NUMBER,
    THIRD,
    Place,
    csv_bytes,
    header,
    name_of,
    reasons,
    row,
)

from synerstat.intake import IntakeLimits
from synerstat.intake.workbooks import shortest_number


def workbook(rows: list[list[Any]], columns: list[str], first_row: int = 0) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        book.add_worksheet().write(0, 0, "another sheet")
        formats = {
            date: book.add_format({"num_format": "dd/mm/yyyy"}),
            datetime: book.add_format({"num_format": "dd/mm/yyyy hh:mm"}),
        }
        for number, values in enumerate([columns, *rows], start=first_row):
            for position, value in enumerate(values):
                if isinstance(value, date):
                    sheet.write_datetime(number, position, value, formats[type(value)])
                else:
                    sheet.write(number, position, value)
    return content.getvalue()


def parquet_bytes(columns: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


def columns_with(operator: str, rows: int, **typed: Any) -> dict[str, Any]:
    """Contract columns as text, those given by meaning as they are."""
    texts = dict(zip(header(operator), row(operator), strict=True))
    columns: dict[str, Any] = {name: [value] * rows for name, value in texts.items()}
    return columns | {name_of(operator, meaning): values for meaning, values in typed.items()}


DATES = {"vdab": "31/08/2018", "forem": "31-08-2018", "adg": "31.08.2018"}


@pytest.mark.parametrize("operator", sorted(CONTRACT))
def test_typed_cells_of_a_workbook_read_like_the_text_of_the_operator(
    place: Place, operator: str
) -> None:
    sign = CONTRACT[operator].decimal_sign
    day = DATES.get(operator, "2018-08-31")
    typed = row(
        operator,
        start_date=date(2018, 8, 31),
        end_date=datetime(2018, 8, 31, 10, 30),
        hours=165.09,
        national_number=int(THIRD),
        residence=1234,
        record_id=440.0,
    )
    text = row(
        operator,
        start_date=day,
        end_date=day,
        hours=f"165{sign}09",
        national_number=THIRD,
        residence="1234" if operator == "adg" else "01234",
        record_id="440",
    )
    files = {
        "a.xlsx": (workbook([typed], header(operator)), 1),
        "b.csv": (csv_bytes(operator, [text]), 1),
    }
    place.deliver(operator, files)
    assert reasons(place.intake()) == []
    one, other = place.records(operator)
    differing = {name for name in one if one[name] != other[name]}
    assert differing == {"file_name", "row_number"}
    assert one["national_key"] is not None


def test_empty_rows_of_a_workbook_are_no_rows_but_count_for_the_line(place: Place) -> None:
    rows = [row("vdab", record_id="R-1"), [], ["", " "], row("vdab", record_id="R-2"), []]
    place.deliver("vdab", {"a.xlsx": (workbook(rows, header("vdab")), 2)})
    assert reasons(place.intake()) == []
    assert [(r["row_number"], r["line_number"]) for r in place.records("vdab")] == [(1, 2), (2, 5)]
    assert place.values("vdab", "record_id") == ["R-1", "R-2"]


def test_columns_beside_those_of_the_contract_are_ignored_in_a_workbook(place: Place) -> None:
    names = ["note", *[name.upper() for name in header("vdab")]]
    rows = [["seen", *row("vdab"), "right of the table"]]
    place.deliver("vdab", {"a.xlsx": (workbook(rows, names), 1)})
    result = place.intake()
    assert reasons(result) == []
    assert ["note" in notice.message for notice in result.notices] == [True]


def test_of_a_formula_counts_its_stored_value_and_of_merged_cells_the_first(place: Place) -> None:
    """Nothing is computed, and nothing is made up for a cell that is covered."""
    content = io.BytesIO()
    at = {
        meaning: header("vdab").index(name_of("vdab", meaning))
        for meaning in ("hours", "sex", "programme_name")
    }
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, header("vdab"))
        for number in (1, 2):
            sheet.write_row(number, 0, row("vdab", record_id=f"R-{number}"))
        sheet.write_formula(1, at["hours"], "=6*7", None, 165.5)
        sheet.write_formula(2, at["hours"], "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, at["sex"], '=HYPERLINK("http://example.org")', None, "V")
        # a cell is only covered, and emptied, where it has a format
        covered = book.add_format({"border": 1})
        sheet.merge_range(1, at["programme_name"], 2, at["programme_name"], "Merged", covered)
    place.deliver("vdab", {"a.xlsx": (content.getvalue(), 2)})
    assert reasons(place.intake()) == []
    assert place.values("vdab", "record_id") == ["R-1", "R-2"]
    # an error is no value
    assert place.values("vdab", "hours") == ["165,5", None]
    assert place.values("vdab", "sex")[0] == "V"
    assert place.values("vdab", "programme_name") == ["Merged", None]


def test_a_number_in_a_date_column_is_no_date(place: Place) -> None:
    """Which day a serial number means depends on the program that wrote it."""
    rows = [
        row("vdab", record_id="R-1", start_date=43739),
        row("vdab", record_id="R-2", start_date=43739.5),
        row("vdab", record_id="R-3", start_date=date(2019, 10, 1)),
        row("vdab", record_id="R-4", start_date="01/10/2019"),
    ]
    place.deliver("vdab", {"a.xlsx": (workbook(rows, header("vdab")), 4)})
    assert reasons(place.intake()) == []
    # the rules on rows judge the first two: they are no dates of the operator's format
    assert place.values("vdab", "start_date") == ["43739", "43739,5", "01/10/2019", "01/10/2019"]


def test_numbers_and_dates_as_text_are_read_in_the_format_of_the_operator(place: Place) -> None:
    content = io.BytesIO()
    values = row("vdab", hours="165,09", residence="01234", start_date="31/08/2018")
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate([header("vdab"), values]):
            for position, cell in enumerate(cells):
                sheet.write_string(number, position, cell)
    place.deliver("vdab", {"a.xlsx": (content.getvalue(), 1)})
    assert reasons(place.intake()) == []
    for meaning, text in (
        ("hours", "165,09"),
        ("residence", "01234"),
        ("start_date", "31/08/2018"),
    ):
        assert place.values("vdab", meaning) == [text]
    assert place.records("vdab")[0]["national_number_status"] == "valid"


def test_a_workbook_column_that_stands_twice_can_not_be_told(place: Place) -> None:
    names = [*header("vdab"), header("vdab")[0].upper()]
    place.deliver("vdab", {"a.xlsx": (workbook([[*row("vdab"), "x"]], names), 1)})
    assert reasons(place.intake()) == ["missing_column"]


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_a_typed_header_without_rows_lands(place: Place, ending: str) -> None:
    empty = {name: pa.array([], pa.string()) for name in header("vdab")}
    content = workbook([], header("vdab")) if ending == "xlsx" else parquet_bytes(empty)
    place.deliver("vdab", {f"a.{ending}": (content, 0)})
    assert reasons(place.intake()) == []
    assert place.records("vdab") == []


def test_an_empty_workbook_is_an_empty_file(place: Place) -> None:
    place.deliver("vdab", {"a.xlsx": (workbook([], []), 0)})
    assert reasons(place.intake()) == ["empty_file"]


def test_a_workbook_that_unpacks_to_too_much_is_unreadable(place: Place) -> None:
    place.deliver("vdab", {"a.xlsx": (workbook([row("vdab")] * 500, header("vdab")), 500)})
    limits = IntakeLimits(ratio_free_bytes=1000, compression_ratio=2)
    assert reasons(place.intake(limits=limits)) == ["unreadable_file"]


@pytest.mark.parametrize(
    ("meaning", "values", "expected"),
    [
        ("hours", pa.array([440.0, 165.09, None, 1e-7, 1e20]), 0),
        ("hours", pa.array([Decimal("440.00"), Decimal("165.09"), None, Decimal("0.00"), 5]), 1),
        ("hours", pa.array([440, -3, None, 0, 12], pa.int16()), 2),
        ("hours", pa.array([0.5, 0.1, None, 2.0, float("nan")], pa.float32()), 3),
        ("national_number", pa.array([516948, None, 85073003328, 1, 0]), 4),
        ("start_date", pa.array([date(2018, 8, 31), None, date(999, 1, 2), None, None]), 5),
        (
            "start_date",
            pa.array([datetime(2018, 8, 31), datetime(2018, 8, 31, 0, 0, 1), None, None, None]),
            6,
        ),
        (
            "start_date",
            pa.array([datetime(2018, 8, 30, 22, tzinfo=UTC)] * 5, pa.timestamp("ns", "UTC")),
            7,
        ),
        ("residence", pa.array([1234.0, 25112.0, None, 7.5, 123456.0]), 8),
        ("programme_name", pa.array(["a", " b ", "", None, "a"]).dictionary_encode(), 9),
        ("programme_name", pa.array([True, False, None, None, None]), 10),
        ("programme_name", pa.array([None] * 5), 11),
        ("programme_name", pa.array([time(10, 30)] * 5), 12),
    ],
)
def test_typed_columns_of_parquet_become_text(
    place: Place, meaning: str, values: pa.Array, expected: int
) -> None:
    texts = [
        ["440", "165,09", None, "0,0000001", "100000000000000000000"],
        ["440", "165,09", None, "0", "5"],
        ["440", "-3", None, "0", "12"],
        ["0,5", "0,1", None, "2", None],
        None,
        ["31/08/2018", None, "02/01/0999", None, None],
        ["31/08/2018", "31/08/2018", None, None, None],
        ["31/08/2018"] * 5,
        ["01234", "25112", None, "7,5", "123456"],
        ["a", "b", None, None, "a"],
        ["true", "false", None, None, None],
        [None] * 5,
        ["10:30:00"] * 5,
    ][expected]
    columns = columns_with("vdab", 5, **{meaning: values})
    place.deliver("vdab", {"a[1]*.parquet": (parquet_bytes(columns), 5)})
    assert reasons(place.intake()) == []
    if texts is None:
        statuses = [r["national_number_status"] for r in place.records("vdab")]
        assert statuses == ["invalid", "missing", "valid", "invalid", "invalid"]
    else:
        assert place.values("vdab", meaning) == texts
    assert [r["line_number"] for r in place.records("vdab")] == [2, 3, 4, 5, 6]


def test_parquet_columns_are_found_without_regard_to_case(place: Place) -> None:
    columns = {f" {n.upper()} ": v for n, v in columns_with("vdab", 2).items()}
    place.deliver("vdab", {"a.parquet": (parquet_bytes(columns | {"more": [1, 2]}), 2)})
    result = place.intake()
    assert reasons(result) == []
    assert ["more" in notice.message for notice in result.notices] == [True]
    assert [r["national_number_status"] for r in place.records("vdab")] == ["valid", "valid"]


def test_parquet_columns_that_differ_in_case_only_can_not_be_told(place: Place) -> None:
    columns = columns_with("vdab", 1)
    columns[header("vdab")[0].upper()] = ["x"]
    place.deliver("vdab", {"a.parquet": (parquet_bytes(columns), 1)})
    assert reasons(place.intake()) == ["missing_column"]


@pytest.mark.parametrize("values", [[b"bytes"], [["list"]], [{"a": 1}]])
def test_nested_and_binary_columns_are_unreadable_where_they_are_needed(
    place: Place, values: list[Any]
) -> None:
    content = parquet_bytes(columns_with("vdab", 1, programme_name=values))
    place.deliver("vdab", {"a.parquet": (content, 1)})
    ignored = parquet_bytes(columns_with("vdab", 1) | {"more": values})
    place.deliver("vdab", {"a.parquet": (ignored, 1)}, "2019Q1-2")
    result = place.intake()
    assert [(r.sequence, r.reason) for r in result.refused] == [(1, "unreadable_file")]


def test_damage_deep_inside_a_parquet_file_is_found(place: Place) -> None:
    columns = columns_with("vdab", 2000, programme_name=[f"name {n}" for n in range(2000)])
    content = bytearray(parquet_bytes(columns))
    content[200:2000] = b"\xff" * 1800
    place.deliver("vdab", {"a.parquet": (bytes(content), 2000)})
    assert reasons(place.intake()) == ["unreadable_file"]


def test_parquet_without_columns_is_empty(place: Place) -> None:
    place.deliver("vdab", {"a.parquet": (parquet_bytes({}), 0)})
    assert reasons(place.intake()) == ["empty_file"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(440.0, "440"), (165.09, "165.09"), (1e-7, "0.0000001"), (1e22, "1" + "0" * 22), (-0.0, "0")],
)
def test_numbers_are_written_in_their_shortest_form(value: float, text: str) -> None:
    assert shortest_number(value) == text


def test_the_number_stays_out_of_the_warehouse_from_typed_files_too(
    place: Place, tmp_path: Path
) -> None:
    typed = row("vdab", national_number=int(NUMBER), programme_name=int(NUMBER))
    place.deliver("vdab", {"a.xlsx": (workbook([typed], header("vdab")), 1)})
    place.intake()
    assert place.values("vdab", "programme_name")[0].startswith("masked-")
