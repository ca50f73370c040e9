"""Text files in every dialect, whole and damaged."""

import csv
import io
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake.making import (
    CONTRACT,
    NUMBER,
    Place,
    csv_bytes,
    gzipped,
    header,
    name_of,
    raw_line,
    reasons,
    row,
)

from synerstat.intake import IntakeLimits, NoticeKind
from synerstat.intake.text_files import WHITE_SPACE, TextDialect, TextLines, stream_text_file
from synerstat.intake.text_rows import fields_sql, logical_rows, read_header

OPERATORS = sorted(CONTRACT)
SMALL = IntakeLimits(chunk_bytes=7)


def unreadable(place: Place, operator: str = "forem") -> list[tuple[int, int, str]]:
    return [
        (record["row_number"], record["line_number"], record["unreadable_reason"])
        for record in place.records(operator)
        if record["unreadable_reason"]
    ]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_dialect_is_read(place: Place, operator: str, line_end: str, packed: bool) -> None:
    delimiter = CONTRACT[operator].delimiter
    names = ["Été", f'a{delimiter}"b"', "two\nlines", "  padded  ", ""]
    rows = [row(operator, record_id=f"R-{n}", programme_name=name) for n, name in enumerate(names)]
    content = csv_bytes(operator, rows, line_end=line_end)
    file = ("a.csv.gz", gzipped(content)) if packed else ("a.csv", content)
    place.deliver(operator, {file[0]: (file[1], len(rows))})
    assert reasons(place.intake()) == []
    assert place.values(operator, "programme_name") == [*names[:3], "padded", None]
    assert place.values(operator, "record_id") == [f"R-{n}" for n in range(5)]
    assert [r["line_number"] for r in place.records(operator)] == [2, 3, 4, 6, 7]
    assert [r["row_number"] for r in place.records(operator)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("operator", OPERATORS)
def test_columns_are_found_in_any_order_and_spelling_and_others_reported(
    place: Place, operator: str
) -> None:
    names = [f"  {name.upper()} " for name in header(operator)]
    columns = ["extra", *reversed(names)]
    rows = [["ignored", *reversed(row(operator, record_id="R-9"))]]
    place.deliver(operator, {"a.csv": (csv_bytes(operator, rows, columns), 1)})
    result = place.intake()
    assert place.values(operator, "record_id") == ["R-9"]
    assert [(n.kind, "extra" in n.message) for n in result.notices] == [
        (NoticeKind.EXTRA_COLUMNS, True)
    ]
    assert place.intake().notices == result.notices


@pytest.mark.parametrize("operator", ["vdab", "bruxelles_formation"])
def test_a_byte_order_mark_is_no_part_of_the_header(place: Place, operator: str) -> None:
    content = b"\xef\xbb\xbf" + csv_bytes(operator, [row(operator)])
    place.deliver(operator, {"a.csv": (content, 1)})
    assert reasons(place.intake(limits=IntakeLimits(chunk_bytes=1))) == []


@pytest.mark.parametrize("operator", ["forem", "adg"])
def test_a_byte_order_mark_where_none_is_allowed_hides_a_column(
    place: Place, operator: str
) -> None:
    place.deliver(operator, {"a.csv": (b"\xef\xbb\xbf" + csv_bytes(operator, []), 0)})
    assert reasons(place.intake()) == ["missing_column"]


@pytest.mark.parametrize("byte", [b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"])
def test_a_byte_that_windows_1252_does_not_know_makes_its_row_unreadable(
    place: Place, byte: bytes
) -> None:
    damaged = raw_line("forem", programme_name="x@y").encode().replace(b"@", byte)
    place.deliver_lines("forem", [raw_line("forem"), damaged, raw_line("forem")], 3)
    result = place.intake()
    assert unreadable(place) == [(2, 3, "undecodable_text")]
    assert result.unreadable_rows == 1
    assert "\ufffd" in place.records("forem")[1]["raw_text"]
    assert place.records("forem")[1][name_of("forem", "record_id")] is None


@pytest.mark.parametrize("damage", [b"\xe9", b"\xc3", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xff"])
def test_broken_utf_8_damages_its_own_row_only(place: Place, damage: bytes) -> None:
    damaged = raw_line("vdab", programme_name="@").encode().replace(b"@", damage)
    place.deliver_lines("vdab", [damaged, raw_line("vdab", programme_name="é")], 2)
    place.intake(limits=SMALL)
    assert unreadable(place, "vdab") == [(1, 2, "undecodable_text")]
    assert place.values("vdab", "programme_name") == [None, "é"]


def test_every_byte_is_a_character_in_iso_8859_1(place: Place) -> None:
    line = raw_line("adg", programme_name="@").encode().replace(b"@", b"a\x81\xe9b")
    place.deliver_lines("adg", [line], 1)
    place.intake()
    assert place.values("adg", "programme_name") == ["a\x81éb"]


def test_what_stands_for_undecodable_bytes_may_itself_be_delivered(place: Place) -> None:
    place.deliver_rows("vdab", [row("vdab", programme_name="a\ufdd0b")])
    place.intake()
    assert place.values("vdab", "programme_name") == ["a\ufffdb"]


def test_nul_and_lone_carriage_return_are_no_line_ends(place: Place) -> None:
    lines = [raw_line("forem", programme_name="a\0b"), raw_line("forem", programme_name="c\rd")]
    place.deliver_lines("forem", lines, 2)
    assert reasons(place.intake(limits=SMALL)) == []
    assert place.values("forem", "programme_name") == ["a␀b", "c\rd"]


def test_mixed_line_ends_blank_lines_and_a_missing_last_one(place: Place) -> None:
    head = csv_bytes("adg", [])
    lines = [raw_line("adg", record_id=f"R-{n}").encode("latin-1") for n in range(4)]
    content = b"\n" + head + lines[0] + b"\r\n \r\n" + lines[1] + b"\n\n\n" + lines[2]
    content += b"\r\n" + lines[3]
    place.deliver("adg", {"a.csv": (content, 4)})
    assert reasons(place.intake(limits=SMALL)) == []
    assert place.values("adg", "record_id") == ["R-0", "R-1", "R-2", "R-3"]
    assert [r["line_number"] for r in place.records("adg")] == [3, 5, 8, 9]


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_line_of_delimiters_is_a_row_but_white_space_is_none(place: Place, operator: str) -> None:
    delimiter = CONTRACT[operator].delimiter
    blank = " \xa0 " if operator != "adg" else "  "
    empty = delimiter * (len(header(operator)) - 1)
    place.deliver_lines(operator, [empty, blank, "\x0b"], 1)
    result = place.intake()
    assert reasons(result) == []
    assert (result.rows, result.unreadable_rows) == (1, 0)


def test_all_white_space_is_trimmed(place: Place) -> None:
    values = ["\xa0a\xa0", "\tb\t", " \x0bc \u2003", '"\nd \n"', '" \te"']
    lines = [raw_line("vdab", programme_name=value) for value in values]
    place.deliver_lines("vdab", lines, 5)
    place.intake()
    assert place.values("vdab", "programme_name") == list("abcde")


def test_tabs_within_quotes_are_trimmed_where_tabs_delimit(place: Place) -> None:
    place.deliver_lines("adg", [raw_line("adg", programme_name='"\ta\tb\t"')], 1)
    place.intake()
    assert place.values("adg", "programme_name") == ["a\tb"]


def test_a_quote_inside_an_unquoted_value_is_a_character(place: Place) -> None:
    values = ['5" pipe', 'a"b"c', ' "x"', 'y""']
    lines = [raw_line("forem", programme_name=value) for value in values]
    place.deliver_lines("forem", lines, 4)
    assert place.intake().unreadable_rows == 0
    assert place.values("forem", "programme_name") == ['5" pipe', 'a"b"c', '"x"', 'y""']


@pytest.mark.parametrize("value", ['"a"b', '"a" ', '"a"b"', '"a', '"', '"""', '"a""'])
def test_broken_quoting_is_limited_to_its_line(place: Place, value: str) -> None:
    good = raw_line("forem", record_id="good")
    place.deliver_lines("forem", [good, raw_line("forem", programme_name=value), good, good], 4)
    result = place.intake()
    assert reasons(result) == []
    assert unreadable(place) == [(2, 3, "broken_quoting")]


def test_several_unclosed_quotes_do_not_swallow_what_is_between(place: Place) -> None:
    good = raw_line("forem", record_id="good")
    damaged = raw_line("forem", programme_name='"')
    lines = [damaged, good, good, damaged, good, damaged]
    place.deliver_lines("forem", lines, 6)
    assert reasons(place.intake()) == []
    assert [n for n, _, _ in unreadable(place)] == [1, 4, 6]


def test_rows_over_several_lines_stand_beside_broken_ones(place: Place) -> None:
    tail = raw_line("forem", programme_name='one"').partition('one"')[2]
    lines = [
        raw_line("forem", record_id="R-1", programme_name='"one\n\n""two"" ; three\n"'),
        raw_line("forem", record_id="R-2", programme_name='"open'),
        raw_line("forem", record_id="R-3"),
        raw_line("forem", record_id="R-4", programme_name='"four\n"', client_number='"c\nc"'),
        f'"{tail}',
        raw_line("forem", record_id="R-5", programme_name='"five\nlines"'),
    ]
    place.deliver_lines("forem", lines, 6)
    assert reasons(place.intake()) == []
    assert [(n, reason) for n, _, reason in unreadable(place)] == [
        (2, "broken_quoting"),
        (5, "broken_quoting"),
    ]
    assert place.values("forem", "programme_name") == [
        'one\n\n"two" ; three',
        None,
        "Programme",
        "four",
        None,
        "five\nlines",
    ]
    assert [r["line_number"] for r in place.records("forem")] == [2, 6, 7, 8, 11, 12]


def test_a_row_over_several_lines_with_a_wrong_number_of_values_is_one_row(place: Place) -> None:
    place.deliver_lines("forem", ['a;"b', 'c";d', raw_line("forem")], 2)
    assert reasons(place.intake()) == []
    assert unreadable(place) == [(1, 2, "wrong_field_count")]


@pytest.mark.parametrize("line", ["only;three;fields", ";" * 40, "x"])
def test_a_wrong_number_of_values_makes_a_row_unreadable(place: Place, line: str) -> None:
    place.deliver_lines("forem", [raw_line("forem"), line], 2)
    place.intake()
    assert unreadable(place) == [(2, 3, "wrong_field_count")]


def test_the_text_of_an_unreadable_row_is_kept_without_long_numbers(place: Place) -> None:
    dotted = "85.07.30-033.28"
    place.deliver_lines("forem", [f"a;{NUMBER};{dotted};0471 23 45 67;12345678;{'x' * 5000}"], 1)
    place.intake()
    raw = place.records("forem")[0]["raw_text"]
    assert raw.startswith("a;###########;##.##.##-###.##;#### ## ## ##;12345678;xxx")
    assert len(raw) == 4000


def test_a_header_may_be_quoted_and_hold_line_breaks_in_other_columns(place: Place) -> None:
    names = [*header("forem"), "more\nof it"]
    rows = [[*row("forem"), "x"], [*row("forem"), "y\nz"]]
    place.deliver("forem", {"a.csv": (csv_bytes("forem", rows, names), 2)})
    assert reasons(place.intake()) == []
    assert [r["line_number"] for r in place.records("forem")] == [3, 4]


def test_several_files_are_read_as_one_in_the_order_of_the_manifest(place: Place) -> None:
    rows = [row("vdab", record_id=f"R-{n}") for n in range(5)]
    files = {
        "b.csv": (csv_bytes("vdab", rows[:2]), 2),
        "a.csv.gz": (gzipped(csv_bytes("vdab", rows[2:], line_end="\r\n")), 3),
    }
    place.deliver("vdab", files)
    place.intake()
    records = place.records("vdab")
    assert [r["row_number"] for r in records] == [1, 2, 3, 4, 5]
    assert [r["file_name"] for r in records] == ["b.csv"] * 2 + ["a.csv.gz"] * 3
    assert place.values("vdab", "record_id") == [f"R-{n}" for n in range(5)]


def test_gzip_in_several_members_is_one_file(place: Place) -> None:
    content = csv_bytes("vdab", [row("vdab")] * 3)
    packed = gzipped(content[:100]) + gzipped(b"") + gzipped(content[100:]) + b"\0\0"
    place.deliver("vdab", {"A.CSV.GZ": (packed, 3)})
    assert reasons(place.intake(limits=SMALL)) == []


def read_with(text: str, delimiter: str, columns: int, work: Path) -> list[list[str | None]]:
    """The rows below a header of `columns` names, as intake reads them."""
    names = delimiter.join(f"c{n}" for n in range(columns))
    source = work / "source.csv"
    source.write_bytes(f"{names}\n{text}".encode())
    dialect = TextDialect(delimiter, "utf-8", False)
    _, lines = stream_text_file(
        source, work / "lines.parquet", dialect, IntakeLimits(chunk_bytes=64)
    )
    assert isinstance(lines, TextLines)
    head = read_header(lines, delimiter)
    assert head is not None
    with duckdb.connect() as connection:
        rows = logical_rows(connection, lines, head, delimiter, 10_000, work / "rows.parquet")
        select = fields_sql(lines, rows, head, list(range(columns)), delimiter, 10_000)
        found = connection.execute(f"select * from ({select}) order by row_number").fetchall()
    return [list(values[4:]) if values[2] is None else [values[2]] for values in found]


@pytest.mark.parametrize("chunk_bytes", [64, 5])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_any_white_space_but_blanks_and_line_ends_is_odd(
    delimiter: str, chunk_bytes: int, tmp_path: Path
) -> None:
    others = "é«\u00a1\u2013\u2019\u20ac\u2010\u202a\u3001\u1681"
    found = set()
    for character in WHITE_SPACE + others:
        source = tmp_path / "source.csv"
        source.write_bytes(f"a{delimiter}b\n{others}{character}x\n\u2013\n".encode())
        dialect = TextDialect(delimiter, "utf-8", False)
        limits = IntakeLimits(chunk_bytes=chunk_bytes)
        _, lines = stream_text_file(source, tmp_path / "lines.parquet", dialect, limits)
        assert isinstance(lines, TextLines)
        if lines.has_odd_space:
            found.add(character)
    assert found == set(WHITE_SPACE) - {" ", "\n", delimiter}


cells = st.text(st.sampled_from('ab "\n;,é'), max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), max_size=8),
    delimiter=st.sampled_from(";,\t"),
)
def test_what_pythons_csv_writes_is_read_as_it_was(
    rows: list[list[str]], delimiter: str, tmp_path: Path
) -> None:
    written = [(written_row(row, delimiter), row) for row in rows]
    # a line inside a row that itself reads like a whole one is no different from an unclosed quote
    kept = [
        (text, row)
        for text, row in written
        if text.count("\n") == 1
        or not any(reads_as_a_row(line, delimiter) for line in text.splitlines())
    ]
    expected = [[cell.strip() or None for cell in row] for _, row in kept]
    text = "".join(text for text, _ in kept)
    assert read_with(text, delimiter, 3, tmp_path) == expected


def written_row(cells: list[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return text.getvalue()


def reads_as_a_row(line: str, delimiter: str) -> bool:
    try:
        return [len(r) for r in csv.reader([line], delimiter=delimiter, strict=True)] == [3]
    except csv.Error:
        return False


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.sampled_from('ab"\n;'), max_size=60))
def test_every_row_that_is_read_is_one_that_pythons_csv_reads(text: str, tmp_path: Path) -> None:
    """Whatever the damage: no row is made up, and rows without quotes are never lost."""
    found = read_with(text, ";", 2, tmp_path)
    plain = [line for line in text.split("\n") if line.strip() and '"' not in line]
    if '"' not in text:
        expected = [
            [v.strip() or None for v in line.split(";")]
            if line.count(";") == 1
            else ["wrong_field_count"]
            for line in plain
        ]
        assert found == expected
    lines = text.split("\n")
    assert len(found) <= sum(1 for line in lines if line.strip())


@pytest.mark.slow
def test_order_and_count_are_exact_over_many_lines(place: Place) -> None:
    count = 300_000
    line = raw_line("forem", record_id="@", programme_name='"two\nlines"').partition("@")
    plain = raw_line("forem", record_id="@").partition("@")
    body = "\n".join(
        f"{t[0]}{n:07}{t[2]}" for n in range(count) for t in (line if n % 1000 == 5 else plain,)
    )
    content = csv_bytes("forem", []) + body.encode() + b"\n"
    place.deliver("forem", {"a.csv": (content, count)})
    assert reasons(place.intake()) == []
    with duckdb.connect() as connection:
        path = str(place.landed("forem") / "records.parquet")
        wrong = connection.execute(
            f"""
            select count(*), count(*) filter (
                {name_of("forem", "record_id")}::bigint <> row_number - 1
                or line_number <> row_number + 1 + (row_number + 993) // 1000
            ), count(*) filter (row_number <> file_row_number + 1)
            from read_parquet(?, file_row_number = true)
            """,
            [path],
        ).fetchone()
    assert wrong == (count, 0, 0)
