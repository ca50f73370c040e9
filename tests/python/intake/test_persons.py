"""National numbers are judged, turned into keys and go no further."""

import hashlib
import hmac
import itertools
import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intake.making import (
    NUMBER,
    OTHER,
    SECRET,
    THIRD,
    Place,
    name_of,
    national_number,
    parquet,
    raw_line,
    row,
)
from stdnum.be import bis, nn
from stdnum.exceptions import ValidationError

from synerstat.intake import IntakeResult, NoticeKind
from synerstat.intake.national_numbers import is_valid_sql, parsed_sql
from synerstat.intake.pseudonyms import Secret, hmac_sql, masked_national_sql, masked_raw_sql
from synerstat.masking import (
    WIDE_DIGITS,
    digits_of,
    is_valid,
    without_national_numbers,
    without_numbers,
)

WIDE = NUMBER.translate(str.maketrans("0123456789", WIDE_DIGITS))


def judged(numbers: list[str | None]) -> list[tuple[str, date | None, str | None]]:
    with duckdb.connect() as connection:
        connection.execute("create table delivered (place integer, number varchar)")
        connection.execute(
            "insert into delivered select unnest(range(len($n::varchar[]))), unnest($n::varchar[])",
            {"n": numbers},
        )
        return connection.execute(
            f"""
            select national_number_status, national_birth_date, national_sex
            from ({parsed_sql("delivered", "number")}) order by place
            """
        ).fetchall()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (None, ("missing", None, None)),
        ("85073003328", ("valid", date(1985, 7, 30), "M")),
        ("85.07.30-033.28", ("valid", date(1985, 7, 30), "M")),
        ("850730 033 28", ("valid", date(1985, 7, 30), "M")),
        (national_number("000229002", True), ("valid", date(2000, 2, 29), "F")),
        (national_number("000229002"), ("valid", None, "F")),  # 1900 was no leap year
        (national_number("850700033"), ("valid", None, "M")),
        (national_number("850031033"), ("valid", None, "M")),
        (national_number("850231033"), ("valid", None, "M")),
        (national_number("850799033"), ("valid", None, "M")),
        (national_number("852730033"), ("valid", date(1985, 7, 30), None)),
        (national_number("854730034"), ("valid", date(1985, 7, 30), "F")),
        (national_number("852000033"), ("valid", None, None)),
        (national_number("851330033"), ("invalid", None, None)),
        (national_number("851930033"), ("invalid", None, None)),
        (national_number("853330033"), ("invalid", None, None)),
        (national_number("855330033"), ("invalid", None, None)),
        (national_number("856030033"), ("invalid", None, None)),
        (national_number("850730000"), ("invalid", None, None)),
        (national_number("850730999"), ("invalid", None, None)),
        (national_number("850730998"), ("valid", date(1985, 7, 30), "F")),
        ("85073003329", ("invalid", None, None)),
        ("8507300332", ("invalid", None, None)),
        ("085073003328", ("invalid", None, None)),
        ("85/07/30-033.28", ("invalid", None, None)),
        ("+5073003328", ("invalid", None, None)),
        ("8507300332x", ("invalid", None, None)),
        ("85073003328\n", ("invalid", None, None)),
        ("٨٥٠٧٣٠٠٣٣٢٨", ("invalid", None, None)),
        ("--", ("invalid", None, None)),
        ("00000000000", ("invalid", None, None)),
    ],
)
def test_a_number_is_judged_by_the_counting_rules(
    number: str | None, expected: tuple[str, date | None, str | None]
) -> None:
    assert judged([number]) == [expected]


def known_elsewhere(number: str) -> bool:
    for module in (nn, bis):
        try:
            module.validate(number)
        except ValidationError:
            continue
        return True
    return False


def is_known_difference(number: str, valid: bool, born: date | None) -> bool:
    """Where python-stdnum and the counting rules are known to part.

    The rules judge digits, month and serial only; python-stdnum also refuses a birth date that is
    not there (a month or day of 00, no such day) or lies in the future. It knows nothing of the
    serials 000 and 999, which the rules refuse.
    """
    if valid:
        return born is None or born > date.today()
    return int(number[6:9]) in (0, 999)


nine_digits = st.builds(
    "{:02}{:02}{:02}{:03}".format,
    st.integers(0, 99),
    st.integers(0, 59),
    st.integers(0, 31),
    st.one_of(st.sampled_from([0, 1, 998, 999]), st.integers(0, 999)),
)


@settings(max_examples=10, deadline=None)
@given(
    drawn=st.lists(
        st.tuples(nine_digits, st.booleans(), st.sampled_from([0, 0, 0, 1])), min_size=200
    )
)
def test_judgement_agrees_with_another_implementation(drawn: list[tuple[str, bool, int]]) -> None:
    numbers = [
        f"{digits}{(int(national_number(digits, recent)[9:]) + slip) % 100:02}"
        for digits, recent, slip in drawn
    ]
    for number, (status, born, _) in zip(numbers, judged(list(numbers)), strict=True):
        valid = status == "valid"
        assert valid == known_elsewhere(number) or is_known_difference(number, valid, born), number


@settings(max_examples=25, deadline=None)
@given(secret=st.text(min_size=1, max_size=100), message=st.text(max_size=200))
def test_keys_are_hmac_sha256(secret: str, message: str) -> None:
    message = message.replace("\0", "")
    secret = secret.encode("utf-8", "ignore").decode()
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select {hmac_sql('$message::varchar')}",
            {"message": message} | Secret(secret).parameters(),
        ).fetchone()
    expected = hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    assert found == (expected,)


def key(message: str) -> str:
    return hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()


def test_records_carry_keys_in_the_place_of_numbers(place: Place) -> None:
    rows = [
        row("vdab", national_number=f" {NUMBER[:6]}-{NUMBER[6:9]}.{NUMBER[9:]} "),
        row("vdab", national_number="", client_number=" C-7 "),
        row("vdab", national_number="123", client_number=""),
    ]
    place.deliver_rows("vdab", rows)
    place.intake()
    records = place.records("vdab")
    assert [r["national_number_status"] for r in records] == ["valid", "missing", "invalid"]
    assert [r["national_key"] for r in records] == [key(f"national:{NUMBER}"), None, None]
    assert [r["client_key"] for r in records] == [
        key("client:vdab:C-1"),
        key("client:vdab:C-7"),
        None,
    ]
    assert not {name_of("vdab", "national_number"), name_of("vdab", "client_number")} & set(
        records[0]
    )


def content_keys(place: Place, *rows: list[Any]) -> list[str]:
    place.deliver_rows("vdab", rows)
    place.intake()
    return [r["content_key"] for r in place.records("vdab")]


def test_rows_that_differ_in_name_and_unused_columns_only_have_one_content(place: Place) -> None:
    other = row("vdab", programme_name="another name")
    other[-1] = "another module"
    one, two = content_keys(place, row("vdab"), other)
    assert one == two
    assert re.fullmatch("[0-9a-f]{32}", one)


def test_any_other_difference_gives_another_content(place: Place) -> None:
    rows = [
        row("vdab"),
        row("vdab", national_number=OTHER),
        row("vdab", national_number=f"{NUMBER[:6]}-{NUMBER[6:]}"),
        row("vdab", client_number="C-2"),
        row("vdab", sex="m"),
        row("vdab", sex="", birth_date="M"),
        row("vdab", residence="2", education_level="5112X"),
        row("vdab", hours=""),
    ]
    assert len(set(content_keys(place, *rows))) == len(rows)


@pytest.mark.parametrize(
    ("text", "masks"),
    [
        (NUMBER, 1),
        ("12345678901", 1),
        ("tel 85.07.30-033.28 x", 1),
        ("850730 033 28", 1),
        (f"{NUMBER} {OTHER},{THIRD}", 3),
        (f"{NUMBER},{NUMBER}", 2),
        (f"no{NUMBER}x", 1),
        ("12 85.07.30-033.28", 1),
        ("2018/0012 85/07/30-033/28", 1),
        ("85/07/30-033/28", 1),
        ("85_07_30_033_28", 1),
        ("85\u201307\u201330\u2013033\u201328", 1),
        ("x85\u00a007\u00a030\u00a0033\u00a028x", 1),
        ("8 / 5 / 0 / 7 / 3 / 0 / 0 / 3 / 3 / 2 / 8", 1),
        (WIDE, 1),
        (f"{WIDE[:6]}/{NUMBER[6:]}", 1),
        ("1/" * 300 + "85/07/30-033/28", 1),
        (f"{NUMBER}001", 1),
        (f"20{NUMBER}", 1),
        ("850730    033     28", 1),
        ("123456789012", 0),
        ("1234567890", 0),
        ("2018/2019 (123)", 0),
        ("20,000,000,000", 0),
        ("85/07/30 x 033/29", 0),
        ("FO-00000180", 0),
        ("31-08-2018 10:30:00", 0),
        ("BE71096123456769", 0),
        ("", 0),
    ],
)
def test_what_looks_like_a_number_is_masked_in_text(text: str, masks: int) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select {masked_national_sql('shown')} from (select $text::varchar as shown)",
            {"text": text} | Secret(SECRET).parameters(),
        ).fetchone()
    assert found is not None
    assert found[0].count("masked-") == masks
    assert masks or found[0] == text
    assert not any(number in digits_of(found[0]) for number in (NUMBER, OTHER, THIRD))


@pytest.mark.parametrize(
    "text",
    [
        f"see {NUMBER}.",
        "12 85.07.30-033.28",
        "2018/0012 85/07/30-033/28",
        "85_07_30_033_28",
        "85\u201307\u201330\u2013033\u201328",
        "x85\u00a007\u00a030\u00a0033\u00a028x",
        "8 / 5 / 0 / 7 / 3 / 0 / 0 / 3 / 3 / 2 / 8",
        f"{WIDE}, {NUMBER[:6]}/{NUMBER[6:]}",
        "1/" * 300 + "85/07/30-033/28",
        f"{NUMBER}001, 850730    033     28",
    ],
)
def test_what_looks_like_a_number_is_hidden_in_raw_text_and_messages(text: str) -> None:
    with duckdb.connect() as connection:
        raw = connection.execute(
            f"select {masked_raw_sql('shown')} from (select $text::varchar as shown)",
            {"text": text},
        ).fetchall()[0][0]
    for shown in (raw, without_national_numbers(text), without_numbers(text)):
        assert "##" in shown.replace(" / ", "")
        assert NUMBER not in digits_of(shown)


@pytest.mark.parametrize("text", ["20,000,000,000 bytes", "2019Q4-1: 1,234,567 of 1,234", "a/1"])
def test_messages_keep_their_figures(text: str) -> None:
    assert without_national_numbers(text) == text


@pytest.mark.parametrize(
    ("text", "masks"),
    [
        (f"X{NUMBER}", 1),
        ("REC-85.07.30-033.28", 1),
        (f"{NUMBER}/20180020001,{OTHER}", 2),
        (f"{NUMBER}001", 1),
        ("X20180020001", 0),
        ("20180020001234", 0),
        ("85073003329", 0),
    ],
)
def test_only_valid_numbers_are_masked_where_asked(text: str, masks: int) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select {masked_national_sql('shown', only_valid=True)} "
            "from (select $text::varchar as shown)",
            {"text": text} | Secret(SECRET).parameters(),
        ).fetchone()
    assert found is not None
    assert found[0].count("masked-") == masks
    assert masks or found[0] == text
    assert not any(number in found[0] for number in (NUMBER, OTHER, THIRD))


@given(
    st.lists(
        st.one_of(
            st.from_regex(r"\A[0-9]{11}\Z"),
            st.from_regex(r"\A[0-9]{2}[0-6][0-9][0-3][0-9]{4}\Z").map(national_number),
        ),
        max_size=50,
    )
)
@settings(deadline=None)
def test_what_is_masked_as_valid_is_what_counts_as_valid(numbers: list[str]) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select list_transform($n::bigint[], lambda value: {is_valid_sql('value')})",
            {"n": [int(number) for number in numbers]},
        ).fetchall()
    expected = [status == "valid" for status, _, _ in judged(list(numbers))]
    assert found[0][0] == expected
    assert [is_valid(number) for number in numbers] == expected


def test_digits_that_figures_depend_on_stay_what_they_are(place: Place) -> None:
    records = ["X20180020001", "X20180020002", f"X{NUMBER}", "20180020003"]
    hours = ["+462.94000000", "12345.678901", "850730.03328", f"{NUMBER}.00"]
    place.deliver_rows(
        "bruxelles_formation",
        [
            row("bruxelles_formation", record_id=record, hours=text)
            for record, text in zip(records, hours, strict=True)
        ],
    )
    place.intake()
    found = place.values("bruxelles_formation", "record_id")
    assert [found[0], found[1], found[3]] == [records[0], records[1], records[3]]
    assert found[2].startswith("Xmasked-")
    found = place.values("bruxelles_formation", "hours")
    assert found[:2] == hours[:2]
    assert all(text.startswith("masked-") for text in found[2:])


def test_text_of_very_many_digits_is_masked_as_a_whole() -> None:
    """Not place by place: rows of such text would take more memory than there is."""
    run = " ".join("95" * 195)
    text = "x".join([run] * 25)
    with duckdb.connect(config={"memory_limit": "500MB"}) as connection:
        found = connection.execute(
            f"select distinct {masked_national_sql('shown')} "
            "from (select $text::varchar || range as shown from range(20_000))",
            {"text": text} | Secret(SECRET).parameters(),
        ).fetchall()
    assert len(found) == 20_000
    assert all(
        re.fullmatch("(masked-[0-9a-f]{16}x){24}masked-[0-9a-f]{16}[0-9]*", each)
        for (each,) in found
    )


def test_no_number_stands_in_any_file_of_the_warehouse(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    dotted = f"{NUMBER[:2]}.{NUMBER[2:4]}.{NUMBER[4:6]}-{NUMBER[6:9]}.{NUMBER[9:]}"
    lines = [
        raw_line("forem", national_number=dotted, programme_name=f"see {OTHER}"),
        raw_line("forem", record_id=NUMBER, residence=dotted, hours=OTHER),
        f"{NUMBER};{dotted};{OTHER}",
        raw_line("forem", programme_name=f'"{NUMBER}'),
        raw_line("forem", programme_name=f"{NUMBER}@").encode().replace(b"@", b"\x81"),
    ]
    folder = place.deliver_lines("forem", lines, 5)
    (folder / f"{NUMBER}.txt").write_text("unnamed")
    place.deliver_lines("forem", lines, 9, "2019Q1-2")
    (place.deliveries / dotted).mkdir()
    replacements(place, f"{NUMBER},{OTHER},2019-01-01", "1234,5,", f"{NUMBER},{THIRD},")
    result = place.intake()
    assert result.unreadable_rows == 3
    secrets = [dotted, dotted.replace("-", " "), NUMBER, OTHER, THIRD, SECRET]
    shown = capfd.readouterr()
    texts = [repr(result), shown.out, shown.err]
    for path in [p for p in place.warehouse.rglob("*") if p.is_file()]:
        texts += [str(path), path.read_bytes().decode("latin-1")]
        if path.suffix == ".parquet":
            texts.append(repr(parquet(path)))
    assert not [secret for secret in secrets for text in texts if secret in text]


def replacements(place: Place, *lines: str, header: str = "old_niss,new_niss,valid_from") -> None:
    path = place.deliveries / "identifier_replacements.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")


def replaced(place: Place) -> dict[str, str]:
    rows = parquet(place.warehouse / "landing" / "identifier_replacements.parquet")
    names = {key(f"national:{number}"): number for number in PEOPLE}
    return {names[r["old_key"]]: names[r["new_key"]] for r in rows}


PEOPLE = [national_number(f"850730{serial:03}") for serial in range(1, 60)]
A, B, C, D, E, F = PEOPLE[:6]


def kinds(result: IntakeResult) -> list[tuple[NoticeKind, str]]:
    return [
        (
            n.kind,
            re.findall(r"each\) ([0-9, ]+)|line ([0-9]+)", n.message)[0][0]
            or re.findall(r"line ([0-9]+)", n.message)[0],
        )
        for n in result.notices
    ]


def test_without_a_file_there_are_no_replacements(place: Place) -> None:
    place.intake()
    assert replaced(place) == {}


def test_chains_are_followed_to_their_end(place: Place) -> None:
    dotted = f"{A[:6]}-{A[6:]}"
    replacements(place, f"{dotted},{B},2019-01-01", f"{C},{D},", f" {B} ,{C},x", f"{E},{F},")
    assert place.intake().notices == ()
    assert replaced(place) == {A: D, B: D, C: D, E: F}


def test_a_long_chain_is_followed_to_its_end(place: Place) -> None:
    pairs = list(itertools.pairwise(PEOPLE))
    replacements(place, *(f"{old},{new}," for old, new in reversed(pairs)))
    place.intake()
    assert replaced(place) == dict.fromkeys(PEOPLE[:-1], PEOPLE[-1])


def test_cycles_are_reported_and_ignored(place: Place) -> None:
    lines = [f"{A},{B},", f"{B},{C},", f"{C},{B},", f"{D},{D},", f"{E},{F},", f"{F},{A},"]
    replacements(place, *lines)
    assert kinds(place.intake()) == [(NoticeKind.REPLACEMENT_CYCLE, "3, 4, 5")]
    assert replaced(place) == {A: B, E: B, F: B}


def test_invalid_numbers_are_reported_by_line_and_ignored(place: Place) -> None:
    replacements(place, f"123,{B},", f"{A},,", f"{C},{D},", f"{C},{D}")
    assert kinds(place.intake()) == [
        (NoticeKind.REPLACEMENT_UNREADABLE, "5"),
        (NoticeKind.REPLACEMENT_INVALID_NUMBER, "2, 3"),
    ]
    assert replaced(place) == {C: D}


def test_of_two_lines_for_one_number_the_later_counts(place: Place) -> None:
    replacements(place, f"{A},{B},2020-01-01", f"{A},{C},2019-01-01", f"{D},{E},", f"{D},{E},")
    assert kinds(place.intake()) == [(NoticeKind.REPLACEMENT_CONFLICT, "2")]
    assert replaced(place) == {A: C, D: E}


def test_columns_of_replacements_may_stand_in_any_order(place: Place) -> None:
    replacements(place, f"x,{B},{A},2019", header="note, NEW_NISS ,Old_Niss,valid_from")
    place.intake()
    assert replaced(place) == {A: B}


@pytest.mark.parametrize("header", ["old,new,from", "", "old_niss;new_niss;valid_from"])
def test_replacements_without_header_are_refused_and_the_earlier_ones_stay(
    place: Place, header: str
) -> None:
    replacements(place, f"{A},{B},")
    place.intake()
    replacements(place, header=header)
    result = place.intake()
    assert [(r.folder, r.reason) for r in result.refused] == [
        ("identifier_replacements.csv", "unreadable_file")
    ]
    assert replaced(place) == {A: B}


def test_the_key_of_a_record_is_that_of_the_number_as_delivered(place: Place) -> None:
    replacements(place, f"{NUMBER},{OTHER},")
    place.deliver_rows("vdab", [row("vdab")])
    place.intake()
    assert place.records("vdab")[0]["national_key"] == key(f"national:{NUMBER}")


def test_nothing_personal_is_left_after_a_failure(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    place.deliver_rows("vdab", [row("vdab")])
    monkeypatch.setattr("synerstat.intake.deliveries.write_records", fail)
    with pytest.raises(KeyboardInterrupt):
        place.intake()
    assert [p.name for p in place.warehouse.iterdir()] == ["landing"]


def test_what_a_crash_left_behind_is_removed(place: Place, tmp_path: Path) -> None:
    left = place.warehouse / ".intake-work" / "delivery"
    left.mkdir(parents=True)
    (left / "lines.parquet").write_text(NUMBER)
    place.intake()
    assert not left.parent.exists()
