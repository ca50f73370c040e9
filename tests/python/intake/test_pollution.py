"""Deliveries polluted the ways that real files are: every row is accounted for, or all is refused.

The kinds of pollution follow the Pollock benchmark (Vitagliano et al., VLDB 2023): delimiters,
quotes, escapes, record separators, headers, lines before the header, missing and extra cells,
encodings.
"""

import csv
import gzip
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake.making import (
    CONTRACT,
    NUMBER,
    Place,
    csv_bytes,
    header,
    parquet,
    reasons,
    row,
)
from intake.test_typed_files import columns_with, parquet_bytes, workbook

from synerstat.intake import IntakeLimits, IntakeResult

OPERATORS = sorted(CONTRACT)
ROWS = 6


def good_lines(operator: str) -> list[str]:
    rows = [row(operator, record_id=f"R-{n}", programme_name=f"Name {n}") for n in range(ROWS)]
    return csv_bytes(operator, rows).decode(CONTRACT[operator].codec).splitlines()


def joined(operator: str, lines: list[str], end: str = "\n", codec: str | None = None) -> bytes:
    text = "".join(line + end for line in lines)
    return text.encode(codec or CONTRACT[operator].codec, "replace")


def rewritten(operator: str, **dialect: object) -> bytes:
    rows = csv.reader(good_lines(operator), delimiter=CONTRACT[operator].delimiter)
    text = io.StringIO()
    options = {"delimiter": CONTRACT[operator].delimiter, "lineterminator": "\n", **dialect}
    csv.writer(text, **options).writerows(rows)
    return text.getvalue().encode(CONTRACT[operator].codec)


def in_row(change: Callable[[str, str], str], number: int = 3) -> Callable[[str], bytes]:
    """Changes one line, given the delimiter."""

    def polluted(operator: str) -> bytes:
        lines = good_lines(operator)
        lines[number] = change(lines[number], CONTRACT[operator].delimiter)
        return joined(operator, lines)

    return polluted


def with_lines(change: Callable[[list[str], str], list[str]]) -> Callable[[str], bytes]:
    return lambda operator: joined(
        operator, change(good_lines(operator), CONTRACT[operator].delimiter)
    )


# what is polluted -> how, and the rows that it holds as an operator would count them
POLLUTIONS: dict[str, tuple[Callable[[str], bytes], int]] = {
    "delimiter of another": (lambda o: rewritten(o, delimiter="|"), ROWS),
    "delimiter blank": (lambda o: rewritten(o, delimiter=" "), ROWS),
    "delimiter doubled": (
        with_lines(lambda lines, d: [line.replace(d, 2 * d) for line in lines]),
        ROWS,
    ),
    "delimiter within a row": (in_row(lambda line, d: line.replace(d, "|")), ROWS),
    "quotes everywhere": (lambda o: rewritten(o, quoting=csv.QUOTE_ALL), ROWS),
    "quotes of another kind": (
        lambda o: rewritten(o, quotechar="'", quoting=csv.QUOTE_ALL),
        ROWS,
    ),
    "quote left open": (in_row(lambda line, d: line.replace("Name 2", '"Name 2')), ROWS),
    "quote left open at the end": (
        in_row(lambda line, d: line.replace("Name 5", '"Name 5'), ROWS),
        ROWS,
    ),
    "quote alone": (in_row(lambda line, d: line.replace("Name 2", '"')), ROWS),
    "quote in a value": (in_row(lambda line, d: line.replace("Name 2", 'Na"me 2')), ROWS),
    "quotes not doubled": (in_row(lambda line, d: line.replace("Name 2", '"Na"me"')), ROWS),
    "escape by backslash": (in_row(lambda line, d: line.replace("Name 2", f'"Na\\"m{d}e"')), ROWS),
    "escape of the delimiter": (in_row(lambda line, d: line.replace("Name 2", f"Na\\{d}me")), ROWS),
    "record separator CRLF": (lambda o: joined(o, good_lines(o), "\r\n"), ROWS),
    "record separator CR": (lambda o: joined(o, good_lines(o), "\r"), ROWS),
    "record separator mixed": (
        lambda o: joined(o, good_lines(o)[:3], "\r\n") + joined(o, good_lines(o)[3:]),
        ROWS,
    ),
    "record separator missing at the end": (lambda o: joined(o, good_lines(o))[:-1], ROWS),
    "record separator unit": (lambda o: joined(o, good_lines(o), "\x1e"), ROWS),
    "line break in a value": (in_row(lambda line, d: line.replace("Name 2", '"Na\nme"')), ROWS),
    "line break in a value, not quoted": (
        in_row(lambda line, d: line.replace("Name 2", "Na\nme")),
        ROWS + 1,
    ),
    "header missing": (with_lines(lambda lines, d: lines[1:]), ROWS),
    "header twice": (with_lines(lambda lines, d: lines[:1] + lines), ROWS + 1),
    "header over two lines": (
        with_lines(lambda lines, d: [*lines[0].split(d, 3)[:2], *lines[1:]]),
        ROWS + 1,
    ),
    "header alone": (with_lines(lambda lines, d: lines[:1]), 0),
    "header shorter than the rows": (
        with_lines(lambda lines, d: [lines[0], *(f"{line}{d}x" for line in lines[1:])]),
        ROWS,
    ),
    "header with a column twice": (
        with_lines(
            lambda lines, d: [
                f"{lines[0]}{d}{lines[0].split(d)[0]}",
                *(f"{line}{d}x" for line in lines[1:]),
            ]
        ),
        ROWS,
    ),
    "header quoted": (
        with_lines(lambda lines, d: [d.join(f'"{n}"' for n in lines[0].split(d)), *lines[1:]]),
        ROWS,
    ),
    "lines before the header": (
        with_lines(lambda lines, d: ["Export of today", "", *lines]),
        ROWS + 1,
    ),
    "blank lines before the header": (with_lines(lambda lines, d: ["", " ", *lines]), ROWS),
    "lines after the last": (with_lines(lambda lines, d: [*lines, "6 rows exported"]), ROWS + 1),
    "table beside a table": (with_lines(lambda lines, d: [*lines, "", *lines]), 2 * ROWS + 1),
    "cell missing": (in_row(lambda line, d: line.rpartition(d)[0]), ROWS),
    "cells missing everywhere": (
        with_lines(lambda lines, d: [lines[0], *(line.rpartition(d)[0] for line in lines[1:])]),
        ROWS,
    ),
    "cell added": (in_row(lambda line, d: f"{line}{d}x"), ROWS),
    "delimiters at the end": (with_lines(lambda lines, d: [f"{line}{d}" for line in lines]), ROWS),
    "row of delimiters": (in_row(lambda line, d: d * line.count(d)), ROWS),
    "row of blanks": (in_row(lambda line, d: "   "), ROWS - 1),
    "encoding UTF-8": (
        lambda o: joined(o, [x.replace("Name", "Été €") for x in good_lines(o)], codec="utf-8"),
        ROWS,
    ),
    "encoding windows-1252": (
        lambda o: joined(o, [x.replace("Name", "Été €") for x in good_lines(o)], codec="cp1252"),
        ROWS,
    ),
    "encoding UTF-16": (lambda o: joined(o, good_lines(o), codec="utf-16"), ROWS),
    "encoding mixed": (
        lambda o: joined(o, good_lines(o)) + good_lines(o)[1].encode() + "é€\n".encode(),
        ROWS + 1,
    ),
    "byte order mark": (lambda o: b"\xef\xbb\xbf" + joined(o, good_lines(o)), ROWS),
    "bytes of zero": (in_row(lambda line, d: line.replace("Name 2", "Na\0me\0")), ROWS),
    "end of file sign": (lambda o: joined(o, good_lines(o)) + b"\x1a", ROWS),
}


def check_accounts(place: Place, result: IntakeResult, announced: int) -> None:
    """Nothing is lost: as many rows as announced, each whole or unreadable; or a refusal."""
    assert len(result.landed) + len(result.refused) == 1
    for delivery in result.landed:
        folder = f"{delivery.reference_quarter}-{delivery.sequence}"
        records = place.records(delivery.operator, folder)
        assert delivery.rows == len(records) == announced
        numbers = [record["row_number"] for record in records]
        assert numbers == list(range(1, announced + 1))
        unreadable = [record for record in records if record["unreadable_reason"]]
        assert len(unreadable) == delivery.unreadable_rows
        assert all(record["raw_text"] is not None for record in unreadable)
        (described,) = parquet(place.landed(delivery.operator, folder) / "delivery.parquet")
        assert described["row_count"] == announced
    for refused in result.refused:
        assert refused.message
        assert refused.detail


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_row_of_a_polluted_delivery_is_accounted_for(place: Place, operator: str) -> None:
    """All kinds at once, each in a delivery of its own."""
    announced = {}
    for number, (pollute, rows) in enumerate(POLLUTIONS.values(), start=1):
        folder = f"2019Q1-{number}"
        place.deliver(operator, {"a.csv": (pollute(operator), rows)}, folder)
        announced[number] = rows
    result = place.intake()
    assert len(result.landed) + len(result.refused) == len(POLLUTIONS)
    for delivery in result.landed:
        one = IntakeResult((delivery,), (), (), (), delivery.rows, delivery.unreadable_rows)
        check_accounts(place, one, announced[delivery.sequence])
    kinds = dict(enumerate(POLLUTIONS, start=1))
    refused = {kinds[each.sequence or 0]: each.reason for each in result.refused}
    landed = {kinds[each.sequence]: each.unreadable_rows for each in result.landed}
    # what hurts one row costs that row alone
    for kind in ("cell missing", "cell added", "quote left open", "quote alone"):
        assert landed[kind] == 1, kind
    for kind in (
        "quotes everywhere",
        "record separator mixed",
        "header quoted",
        "row of blanks",
        "delimiters at the end",
    ):
        assert landed[kind] == 0, kind
    for kind in ("header missing", "delimiter of another", "encoding UTF-16"):
        assert refused[kind] == "missing_column", kind


MUTATED = {
    "a.csv": joined("vdab", good_lines("vdab")),
    "a.csv.gz": gzip.compress(joined("vdab", good_lines("vdab")), mtime=0),
    "a.xlsx": workbook([row("vdab", record_id=f"R-{n}") for n in range(ROWS)], header("vdab")),
    "a.parquet": parquet_bytes(columns_with("vdab", ROWS)),
}

changes = st.lists(
    st.tuples(
        st.sampled_from(["cut", "insert", "overwrite", "repeat"]),
        st.floats(0, 1),
        st.one_of(
            st.binary(min_size=1, max_size=6),
            st.sampled_from([b'"', b"\n", b"\r", b";", b"\0", b"\xff\xfe", b"PK\x03\x04"]),
        ),
    ),
    min_size=1,
    max_size=4,
)


def mutated(content: bytes, steps: list[tuple[str, float, bytes]]) -> bytes:
    for kind, where, data in steps:
        at = int(where * len(content))
        if kind == "cut":
            content = content[:at]
        elif kind == "insert":
            content = content[:at] + data + content[at:]
        elif kind == "overwrite":
            content = content[:at] + data + content[at + len(data) :]
        else:
            content = content[:at] + content[max(0, at - 40) :]
    return content


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["a.csv", "a.csv.gz"]), steps=changes, rows=st.integers(0, ROWS + 2))
def test_a_mutated_text_file_loses_no_row(
    name: str, steps: list[tuple[str, float, bytes]], rows: int
) -> None:
    check_mutated(name, steps, rows)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["a.xlsx", "a.parquet"]), steps=changes)
def test_a_mutated_typed_file_loses_no_row(
    name: str, steps: list[tuple[str, float, bytes]]
) -> None:
    check_mutated(name, steps, ROWS)


def check_mutated(name: str, steps: list[tuple[str, float, bytes]], rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        place.deliver("vdab", {name: (mutated(MUTATED[name], steps), rows)})
        result = place.intake(limits=IntakeLimits(reader_memory_bytes=1_500_000_000))
        check_accounts(place, result, rows)
        for path in place.warehouse.rglob("*"):
            assert path.is_dir() or NUMBER.encode() not in path.read_bytes(), path


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_taken_as_manifest_and_as_replacements(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        delivery = place.deliver_rows("vdab", [row("vdab")])
        (delivery / "manifest.json").write_bytes(content)
        (place.deliveries / "identifier_replacements.csv").write_bytes(content)
        assert reasons(place.intake())[0] == "bad_manifest"
