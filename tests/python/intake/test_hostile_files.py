"""Files made to break whoever reads them end in a refusal or an unreadable row."""

import errno
import io
import os
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from intake.making import (
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
from intake.test_typed_files import columns_with, parquet_bytes, workbook

from synerstat.errors import IntakeError
from synerstat.intake import IntakeLimits, typed_files
from synerstat.intake import run as run_module
from synerstat.intake.details import _sentences, detail_text

SHEET = "xl/worksheets/sheet1.xml"


def repacked(content: bytes, change: Callable[[str, bytes], bytes], level: int = 6) -> bytes:
    """A workbook with the parts that `change` makes of its parts."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive,
    ):
        for name in source.namelist():
            archive.writestr(name, change(name, source.read(name)))
    return target.getvalue()


def in_sheet(text: bytes) -> Callable[[str, bytes], bytes]:
    """Puts cells below those of the first sheet."""
    return lambda name, part: (
        part.replace(b"</sheetData>", text + b"</sheetData>") if name == SHEET else part
    )


def understated(content: bytes, size: int) -> bytes:
    """An archive that says of all its parts that they are this small."""
    changed = bytearray(content)
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = changed.find(mark)
        while at >= 0:
            changed[at + place : at + place + 4] = size.to_bytes(4, "little")
            at = changed.find(mark, at + 4)
    return bytes(changed)


def good_workbook() -> bytes:
    return workbook([row("forem")], header("forem"))


BLANKS = b" " * 3_000_000


@pytest.mark.parametrize(
    "content",
    [
        # one cell far out makes a sheet of 17 thousand million cells
        repacked(good_workbook(), in_sheet(b'<row r="9"><c r="XFD1048576"><v>1</v></c></row>')),
        repacked(good_workbook(), in_sheet(b'<row r="9"><c r="ZZZZZ99999999"><v>1</v></c></row>')),
        repacked(good_workbook(), in_sheet(b'<row r="9"><c r="A9" t="s"><v>9999</v></c></row>')),
        repacked(good_workbook(), in_sheet(BLANKS)),
        understated(repacked(good_workbook(), in_sheet(BLANKS)), 1000),
        repacked(good_workbook(), lambda name, part: b"" if name == SHEET else part),
        repacked(good_workbook(), lambda name, part: part[:99] if name == SHEET else part),
        repacked(
            good_workbook(),
            lambda _, part: part.replace(b' count="', b' count="99999999').replace(
                b'uniqueCount="', b'uniqueCount="99999999999'
            ),
        ),
        good_workbook()[:-300],
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
        b"<html><table><tr><td>no_prestation</td></tr></table></html>",
    ],
    ids=[
        "far cell",
        "cell outside",
        "missing text",
        "bomb",
        "bomb that lies",
        "empty sheet",
        "cut sheet",
        "bomb of counts",
        "cut off",
        "old format",
        "page",
    ],
)
def test_a_hostile_workbook_is_unreadable(place: Place, content: bytes) -> None:
    place.deliver("forem", {"a.xlsx": (content, 1)})
    limits = IntakeLimits(ratio_free_bytes=1_000_000, reader_memory_bytes=1_000_000_000)
    assert reasons(place.intake(limits=limits)) == ["unreadable_file"]


def test_macros_and_pictures_in_a_workbook_are_left_alone(place: Place) -> None:
    content = io.BytesIO(good_workbook())
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
        archive.writestr("../../evil.xml", b"elsewhere")
    place.deliver("forem", {"a.xlsx": (content.getvalue(), 1)})
    assert reasons(place.intake()) == []
    assert place.values("forem", "record_id") == ["R-1"]


def test_a_reader_that_breaks_takes_nothing_down(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends the reading process: the file is refused, the other deliveries land."""
    killed = []

    def start(*arguments: Any, **options: Any) -> Any:
        process = popen(*arguments, **options)
        os.kill(process.pid, signal.SIGKILL)
        killed.append(process.pid)
        return process

    popen = typed_files.subprocess.Popen
    monkeypatch.setattr(typed_files.subprocess, "Popen", start)
    place.deliver("forem", {"a.xlsx": (good_workbook(), 1)})
    place.deliver_rows("vdab", [row("vdab")])
    result = place.intake()
    assert reasons(result) == ["unreadable_file"]
    assert [delivery.operator for delivery in result.landed] == ["vdab"]
    assert killed


def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are started to read files."""
    numbers: list[int] = []

    def start(*arguments: Any, **options: Any) -> Any:
        process = popen(*arguments, **options)
        numbers.append(process.pid)
        return process

    popen = typed_files.subprocess.Popen
    monkeypatch.setattr(typed_files.subprocess, "Popen", start)
    return numbers


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_reader_that_takes_too_long_is_stopped(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = started(monkeypatch)
    place.deliver("forem", {"a.xlsx": (good_workbook(), 1)})
    result = place.intake(limits=IntakeLimits(reader_seconds=0))
    assert reasons(result) == ["unreadable_file"]
    assert "0 seconds" in result.refused[0].message
    assert servers
    assert all(map(is_gone, servers))


def test_files_are_read_by_processes_of_one_server(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = started(monkeypatch)
    for quarter in ("2018Q4", "2019Q1", "2019Q2"):
        place.deliver("forem", {"a.xlsx": (good_workbook(), 1)}, f"{quarter}-1")
    assert len(place.intake(limits=IntakeLimits(deliveries_at_once=1)).landed) == 3
    assert len(servers) == 1
    assert is_gone(servers[0])


def test_a_file_that_breaks_its_reader_is_no_matter_to_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = started(monkeypatch)
    limits = IntakeLimits(deliveries_at_once=1, reader_memory_bytes=1_000_000_000)
    far_cell = in_sheet(b'<row r="9"><c r="XFD1048576"><v>1</v></c></row>')
    place.deliver("forem", {"a.xlsx": (repacked(good_workbook(), far_cell), 1)})
    place.deliver("forem", {"a.xlsx": (good_workbook(), 1)}, "2019Q2-1")
    result = place.intake(limits=limits)
    assert [refused.folder for refused in result.refused] == ["2019Q1-1"]
    assert [delivery.reference_quarter for delivery in result.landed] == ["2019Q2"]
    assert all(map(is_gone, servers))


def test_a_server_that_was_ended_from_outside_is_not_the_files_fault(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = started(monkeypatch)
    read = typed_files.Readers.read

    def kill_before(self: typed_files.Readers, request: typed_files.TypedFile) -> Any:
        if len(servers) == 1:
            os.killpg(servers[0], signal.SIGKILL)
        return read(self, request)

    monkeypatch.setattr(typed_files.Readers, "read", kill_before)
    for quarter in ("2018Q4", "2019Q1"):
        place.deliver("forem", {"a.xlsx": (good_workbook(), 1)}, f"{quarter}-1")
    assert len(place.intake(limits=IntakeLimits(deliveries_at_once=1)).landed) == 2
    assert len(servers) == 2


def test_a_system_without_room_for_a_process_is_not_the_files_fault(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.deliver("forem", {"a.xlsx": (good_workbook(), 1)})
    place.intake()
    touch_all(place)
    no_fork = (
        "import os, runpy\n"
        "def fork(): raise BlockingIOError(11, 'no room')\n"
        "os.fork = fork\n"
        "runpy.run_module('synerstat.intake.typed_files', run_name='__main__')"
    )

    def start(words: list[str], **options: Any) -> Any:
        return popen([words[0], "-c", no_fork], **options)

    popen = typed_files.subprocess.Popen
    monkeypatch.setattr(typed_files.subprocess, "Popen", start)
    with pytest.raises(IntakeError, match="forem/2019Q1-1 failed"):
        place.intake()
    assert place.landed("forem").exists()


def touch_all(place: Place) -> None:
    """Everything is taken in anew: it looks changed, and is not."""
    for path in place.deliveries.rglob("*"):
        if path.is_file():
            os.utime(path, (1, 1))


def test_an_intake_that_fails_gives_up_what_is_read_and_blames_no_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.deliver_rows("adg", [row("adg")])
    place.deliver("forem", {"a.xlsx": (good_workbook(), 1)})
    place.intake()
    touch_all(place)
    is_asked = Event()
    prepare = run_module.prepare_delivery

    def fail(connection: Any, folder: Path, *arguments: Any) -> Any:
        if folder.parent.name == "adg":
            assert is_asked.wait(60)
            raise OSError(errno.ENOSPC, "No space left on device")
        return prepare(connection, folder, *arguments)

    def never_answer(self: Any, question: bytes, seconds: float) -> bytes:
        is_asked.set()
        # returns once the server is killed
        assert self._process.stdout.read() == b""
        return b""

    monkeypatch.setattr(run_module, "prepare_delivery", fail)
    monkeypatch.setattr(typed_files._Server, "ask", never_answer)
    with pytest.raises(IntakeError, match="adg/2019Q1-1 failed"):
        place.intake()
    assert place.landed("adg").exists()
    assert place.landed("forem").exists()


def test_the_reader_knows_nothing_of_the_secret(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, str]] = []

    def start(*arguments: Any, **options: Any) -> Any:
        told.append(options["env"])
        return popen(*arguments, **options)

    popen = typed_files.subprocess.Popen
    monkeypatch.setattr(typed_files.subprocess, "Popen", start)
    monkeypatch.setenv("SYNERSTAT_PERSON_KEY_SECRET", "not for children")
    place.deliver("forem", {"a.xlsx": (good_workbook(), 1)})
    place.intake()
    assert told
    assert not [value for each in told for value in each.values() if "not for" in value]


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_a_typed_row_that_is_too_long_is_unreadable_and_the_next_is_not(
    place: Place, ending: str
) -> None:
    names = ["a", "x" * 20_000, f"{NUMBER} b"]
    if ending == "xlsx":
        rows = [row("forem", programme_name=name) for name in names]
        content = workbook(rows, header("forem"))
    else:
        content = parquet_bytes(columns_with("forem", 3, programme_name=names))
    place.deliver("forem", {f"a.{ending}": (content, 3)})
    result = place.intake()
    assert result.unreadable_rows == 1
    records = place.records("forem")
    assert [record["unreadable_reason"] for record in records] == [None, "row_too_long", None]
    assert [record["line_number"] for record in records] == [2, 3, 4]
    assert records[1]["national_key"] is records[1]["content_key"] is None
    assert 40 < len(records[1]["raw_text"]) < 1_000
    assert records[2]["intitule_formation"].startswith("masked-")


def test_very_many_equal_long_values_are_not_written_out(place: Place) -> None:
    """A few bytes of Parquet can hold gigabytes of text."""
    long = pa.array(["x" * 5_000_000]).dictionary_encode().take(pa.array([0] * 2_000))
    content = parquet_bytes(columns_with("forem", 2_000, programme_name=long))
    place.deliver("forem", {"a.parquet": (content, 2_000)})
    assert place.intake().unreadable_rows == 2_000
    assert sum(path.stat().st_size for path in place.warehouse.rglob("*.parquet")) < 1_000_000


def test_parquet_rows_are_counted_before_they_are_read(place: Place) -> None:
    columns = {name: pa.nulls(1_000_000, pa.string()) for name in header("forem")}
    place.deliver("forem", {"a.parquet": (parquet_bytes(columns), 1)})
    place.deliver("forem", {"a.parquet": (parquet_bytes(columns), 10**6)}, "2019Q1-2")
    result = place.intake(limits=IntakeLimits(file_rows=999_999))
    assert reasons(result) == ["unreadable_file", "unreadable_file"]
    assert reasons(place.intake())[:1] == ["row_count_mismatch"]


@pytest.mark.parametrize(
    "typed",
    [
        {"start_date": pa.array([2**31 - 1], pa.int32()).cast(pa.date32())},
        {"start_date": pa.array([2**63 - 1], pa.int64()).cast(pa.timestamp("us"))},
        {"start_date": pa.array([-(2**62)], pa.int64()).cast(pa.timestamp("us", "UTC"))},
        {"hours": pa.array([1.5], pa.float16())},
        {"hours": pa.array([5], pa.duration("s"))},
        {"hours": pa.array([5], pa.decimal256(60, 2))},
        {"hours": pa.array([float("inf")])},
        {"programme_name": pa.array(["a\0b\ufdd0\u202e"])},
        {"programme_name": pa.array(["x"], pa.large_string())},
        {"programme_name": pa.array([b"\xff\xfe"]).view(pa.string())},
    ],
    ids=lambda typed: str(next(iter(typed.values())).type),
)
def test_an_odd_type_in_parquet_lands_or_is_unreadable(place: Place, typed: dict[str, Any]) -> None:
    place.deliver("forem", {"a.parquet": (parquet_bytes(columns_with("forem", 1, **typed)), 1)})
    result = place.intake()
    assert result.rows + len(result.refused) == 1
    assert reasons(result) in ([], ["unreadable_file"])


def test_odd_names_of_parquet_columns_are_no_sql(place: Place) -> None:
    odd = {name: [1] for name in ('"; drop table x; --', "", "a\nb", "c1", "place", "$rows")}
    content = parquet_bytes(columns_with("forem", 1) | odd)
    place.deliver("forem", {"a.parquet": (content, 1)})
    assert reasons(place.intake()) == []
    assert place.values("forem", "record_id") == ["R-1"]


def test_gzip_of_very_many_parts_does_not_hang(place: Place) -> None:
    """Each part costs the same, however many there are; and there may not be too many."""
    content = gzipped(csv_bytes("forem", [row("forem")])) + gzipped(b"") * 50_000
    place.deliver("forem", {"a.csv.gz": (content, 1)})
    assert reasons(place.intake()) == []
    place.deliver("forem", {"a.csv.gz": (content, 1)}, "2019Q1-2")
    result = place.intake(limits=IntakeLimits(gzip_members=1000))
    assert reasons(result) == ["unreadable_file"]


def test_a_file_with_too_many_lines_is_unreadable(place: Place) -> None:
    place.deliver_lines("forem", [""] * 500 + [raw_line("forem")], 1)
    assert reasons(place.intake(limits=IntakeLimits(file_rows=500))) == ["unreadable_file"]


LONG = "x" * 10_000_000


@pytest.mark.parametrize(
    "lines",
    [
        [raw_line("forem", programme_name=LONG)],
        [";" * 20_000],
        [raw_line("forem", programme_name=f'"{LONG}')],
        [raw_line("forem", programme_name=f'"{LONG}"')],
        [raw_line("forem", programme_name='"' * 1_000_001)],
        [raw_line("forem", programme_name='"open'), *["x" * 99] * 100_000, '"' + ";" * 9],
    ],
    ids=["value", "delimiters", "open quote", "quoted value", "quotes", "many lines"],
)
def test_a_row_that_is_too_long_is_unreadable_and_the_next_is_not(
    place: Place, lines: list[str]
) -> None:
    place.deliver_lines("forem", [raw_line("forem"), *lines, raw_line("forem")], 3)
    assert reasons(place.intake()) == []
    found = [record["unreadable_reason"] for record in place.records("forem")]
    assert found == [None, "row_too_long", None]
    assert len(place.records("forem")[1]["raw_text"]) == 4_000


EXTRA = [f"c{n}" for n in range(10_000)]
WIDE = [*header("forem"), *EXTRA]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", csv_bytes("forem", [[*row("forem"), *["x"] * 10_000]], WIDE)),
        ("a.xlsx", workbook([[*row("forem"), *["x"] * 10_000]], WIDE)),
        ("a.parquet", parquet_bytes(columns_with("forem", 1) | {name: [1] for name in EXTRA})),
        ("a.csv", b";" * 999_000 + b"\n"),
        ("a.csv", b'"a";' * 249_000 + b"a\n"),
    ],
    ids=["text", "workbook", "parquet", "delimiters", "quotes"],
)
def test_ten_thousand_columns_are_too_many(place: Place, name: str, content: bytes) -> None:
    place.deliver("forem", {name: (content, 1)})
    refused = place.intake().refused[0]
    assert (refused.reason, refused.detail) == ("unreadable_file", "too_many_columns")


@pytest.mark.parametrize("content", [bytes(500_000_000), (b" " * 999 + b"\n") * 100_000])
def test_a_gzip_bomb_ends_by_the_limits_as_they_are(place: Place, content: bytes) -> None:
    packed = gzipped(csv_bytes("forem", []) + content)
    assert len(packed) < 1_000_000
    place.deliver("forem", {"a.csv.gz": (packed, 1), "b.csv.gz": (gzipped(packed), 1)})
    refused = place.intake().refused[0]
    assert refused.reason == "unreadable_file"
    assert refused.detail in ("unpacks_to_too_much", "line_too_long")


ENTITIES = {
    "laughs": b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    ).replace(b"&a;", b"ha"),
    "elsewhere": b'<!ENTITY j SYSTEM "file:///etc/passwd">',
}


@pytest.mark.parametrize("kind", ENTITIES)
def test_a_workbook_that_defines_entities_is_unreadable(place: Place, kind: str) -> None:
    def define(name: str, part: bytes) -> bytes:
        part = in_sheet(b'<row r="9"><c r="A9" t="inlineStr"><is><t>&j;</t></is></c></row>')(
            name, part
        )
        before, end, after = part.partition(b"?>")
        return before + end + b"<!DOCTYPE w [" + ENTITIES[kind] + b"]>" + after

    content = repacked(
        good_workbook(), lambda name, part: define(name, part) if name == SHEET else part
    )
    place.deliver("forem", {"a.xlsx": (content, 2)})
    assert reasons(place.intake()) == ["unreadable_file"]


def test_a_name_like_a_national_number_does_not_stay(place: Place) -> None:
    place.deliver("forem", {f"{NUMBER}.csv": (csv_bytes("forem", [row("forem")]), 1)})
    place.deliver("vdab", {f"{NUMBER}.csv": (csv_bytes("vdab", []), 1)})
    assert reasons(place.intake()) == ["row_count_mismatch"]
    for path in place.warehouse.rglob("*"):
        assert NUMBER not in path.name
        assert path.is_dir() or NUMBER.encode() not in path.read_bytes()


def test_a_file_that_changes_while_it_is_read_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place.deliver("forem", {"a.parquet": (parquet_bytes(columns_with("forem", 1)), 1)})
    changed = parquet_bytes(columns_with("forem", 1, programme_name=["another"]))
    read = typed_files.Readers.read

    def change_first(self: typed_files.Readers, request: typed_files.TypedFile) -> Any:
        (folder / "a.parquet").write_bytes(changed)
        return read(self, request)

    monkeypatch.setattr(typed_files.Readers, "read", change_first)
    assert reasons(place.intake()) == ["checksum_mismatch"]


def test_the_agreed_delimiter_is_named_where_another_one_stands(place: Place) -> None:
    content = csv_bytes("vdab", [row("vdab")]).replace(b";", b"\t")
    place.deliver("vdab", {"a.csv": (content, 1)})
    result = place.intake()
    assert reasons(result) == ["missing_column"]
    assert "separated by TAB. Deliver the file separated by ';'" in result.refused[0].message


def test_every_detail_of_a_refusal_is_told_in_every_language() -> None:
    for detail, sentences in _sentences().items():
        assert set(sentences) == {"en", "fr", "nl", "de"}, detail
        placeholders = {part.partition("}")[0] for part in sentences["en"].split("{")[1:]}
        values = dict.fromkeys(placeholders, 1234)
        told = {language: detail_text(detail, values, language) for language in sentences}
        assert len(set(told.values())) == 4, detail
        assert all(("{" in text) is False for text in told.values())
        for language, sentence in sentences.items():
            assert all(f"{{{name}}}" in sentence for name in placeholders), (detail, language)
    assert "1.234" in detail_text("too_many_rows", {"most": 1234}, "nl")


def test_metadata_of_parquet_that_lies_is_found(place: Place, tmp_path: Path) -> None:
    table = pa.table(columns_with("forem", 5))
    path = tmp_path / "lying.parquet"
    pq.write_table(table, path)
    content = path.read_bytes().replace(b"\x16\x0a", b"\x16\xfe\xff\xff\xff\x1f")
    assert content != path.read_bytes()
    place.deliver("forem", {"a.parquet": (content, 5)})
    result = place.intake()
    assert result.rows == 0
    assert len(reasons(result)) == 1
    assert name_of("forem", "record_id") not in result.refused[0].message
