"""A delivery is refused whole, with the first reason that applies."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
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
    parquet,
    reasons,
    row,
)

from synerstat.intake import IntakeLimits, NoticeKind

GOOD = csv_bytes("forem", [row("forem")])


def manifest_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text("utf-8"))


def write_manifest(folder: Path, manifest: object) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def test_a_folder_without_manifest_is_refused(place: Place) -> None:
    place.deliver("forem", {"a.csv": (GOOD, 1)}).joinpath("manifest.json").unlink()
    assert reasons(place.intake()) == ["no_manifest"]


@pytest.mark.parametrize("method", ["iterdir", "lstat"])
def test_a_folder_that_can_not_be_opened_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    closed = place.deliver("forem", {"a.csv": (GOOD, 1)})
    place.deliver("vdab", {"a.csv": (csv_bytes("vdab", []), 0)})
    usual = getattr(Path, method)

    def refuse(path: Path) -> Any:
        # as the system does, but also where tests run as root
        if closed in (path, path.parent):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return usual(path)

    monkeypatch.setattr(Path, method, refuse)
    result = place.intake()
    assert [each.operator for each in result.landed] == ["vdab"]
    (refused,) = result.refused
    assert (refused.reason, refused.detail) == ("bad_manifest", "manifest_folder_no_access")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_manifest_in_another_encoding_is_told_of_its_mark(place: Place, encoding: str) -> None:
    path = place.deliver("forem", {"a.csv": (GOOD, 1)}) / "manifest.json"
    text = path.read_text("utf-8")
    path.write_text(text, encoding)
    (refused,) = place.intake().refused
    assert refused.reason == "bad_manifest"
    assert "byte order mark" in refused.message
    path.write_text(text, "utf-8-sig")
    assert reasons(place.intake()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"operator": "vdab"},
        {"reference_quarter": "2019Q2"},
        {"sequence": 2},
        {"sequence": "1"},
        {"sequence": True},
        {"sequence": 1.0},
        {"sequence": None},
        {"extracted_at": "2019-04-20T08:00:00"},
        {"extracted_at": "2019-04-20"},
        {"extracted_at": "20 April 2019"},
        {"extracted_at": 20190420},
        {"extracted_at": "0001-01-01T00:00:00+14:00"},
        {"files": []},
        {"files": {}},
        {"files": ["a.csv"]},
    ],
)
def test_a_manifest_with_a_wrong_field_is_refused(place: Place, changes: dict[str, Any]) -> None:
    place.deliver("forem", {"a.csv": (GOOD, 1)}, changes=changes)
    assert reasons(place.intake()) == ["bad_manifest"]


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": True},
        {"rows": -1},
        {"rows": "1"},
        {"rows": 1.0},
        {"sha256": "abc"},
        {"sha256": "g" * 64},
        {"sha256": 5},
        {"name": 5},
    ],
)
def test_a_manifest_with_a_wrong_file_entry_is_refused(
    place: Place, changes: dict[str, Any]
) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    manifest = manifest_of(folder)
    manifest["files"][0] |= changes
    write_manifest(folder, manifest)
    assert reasons(place.intake()) == ["bad_manifest"]


@pytest.mark.parametrize("name", ["operator", "reference_quarter", "extracted_at", "files"])
def test_a_manifest_that_lacks_a_field_is_refused(place: Place, name: str) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    manifest = manifest_of(folder)
    del manifest[name]
    write_manifest(folder, manifest)
    assert reasons(place.intake()) == ["bad_manifest"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b"\xff\xfe{}",
        b'{"operator": "forem", "operator": "forem"}',
        b'{"rows": NaN}',
        b"[" * 100_000,
        b'{"files": ' + b"[" * 1_000 + b"]" * 1_000 + b"}",
        b"1" * 10_000,
        b" " * 1_000_001,
    ],
)
def test_a_manifest_that_is_no_plain_json_object_is_refused(place: Place, content: bytes) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    (folder / "manifest.json").write_bytes(content)
    assert reasons(place.intake()) == ["bad_manifest"]


def test_of_a_very_large_manifest_no_more_is_read_than_may_be(place: Place) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    with (folder / "manifest.json").open("wb") as file:
        file.truncate(100_000_000)
    refused = place.intake().refused[0]
    assert (refused.reason, refused.detail) == ("bad_manifest", "manifest_too_large")


def make_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def make_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


NO_PLAIN_FILES = (make_link, make_loop, make_pipe, make_folder)


@pytest.mark.parametrize("make", NO_PLAIN_FILES)
def test_a_manifest_that_is_no_plain_file_is_refused(
    place: Place, make: Callable[[Path], None]
) -> None:
    make(place.deliver("forem", {"a.csv": (GOOD, 1)}) / "manifest.json")
    assert [(r.reason, r.detail) for r in place.intake().refused] == [
        ("bad_manifest", "manifest_no_plain_file")
    ]


@pytest.mark.parametrize("make", NO_PLAIN_FILES)
def test_replacements_that_are_no_plain_file_are_refused(
    place: Place, make: Callable[[Path], None]
) -> None:
    path = place.deliveries / "identifier_replacements.csv"
    path.write_text("old_niss,new_niss,valid_from\n", "utf-8")
    make(path)
    result = place.intake()
    assert [(r.folder, r.message) for r in result.refused] == [
        (path.name, "It is not a plain file.")
    ]


def test_a_moment_holds_no_more_digits_than_a_moment_has(place: Place) -> None:
    """A parser passes over what comes after the microseconds: any number could stand there."""
    moment = f"2019-04-20T08:00:00.{NUMBER}+01:00"
    place.deliver("forem", {"a.csv": (GOOD, 1)}, changes={"extracted_at": moment})
    assert reasons(place.intake()) == []
    (delivery,) = parquet(place.landed("forem") / "delivery.parquet")
    assert delivery["extracted_at_text"] == f"2019-04-20T08:00:00.{NUMBER[:6]}+01:00"


def test_a_file_named_twice_is_refused(place: Place) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    manifest = manifest_of(folder)
    manifest["files"] *= 2
    write_manifest(folder, manifest)
    assert reasons(place.intake()) == ["bad_manifest"]


@pytest.mark.parametrize(
    "name",
    [
        "../a.csv",
        "sub/a.csv",
        "sub\\a.csv",
        "/etc/passwd.csv",
        "C:a.csv",
        "..",
        ".",
        "",
        "a\x00.csv",
        "a\n.csv",
        "\ud800.csv",
        "x" * 300 + ".csv",
    ],
)
def test_a_file_name_that_is_not_plain_is_refused(place: Place, name: str) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    manifest = manifest_of(folder)
    manifest["files"][0]["name"] = name
    write_manifest(folder, manifest)
    result = place.intake()
    assert reasons(result) == ["unsafe_path"]
    assert parquet(place.warehouse / "landing" / "refusals.parquet")[0]["reason"] == "unsafe_path"


@pytest.mark.parametrize(
    ("make", "reason"),
    [(make_loop, "unsafe_path"), (make_pipe, "file_missing")],
)
def test_a_file_that_never_ends_is_not_opened(
    place: Place, make: Callable[[Path], None], reason: str
) -> None:
    make(place.deliver("forem", {"a.csv": (GOOD, 1)}) / "a.csv")
    assert reasons(place.intake()) == [reason]


def test_a_link_is_refused_as_unsafe(place: Place, tmp_path: Path) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    (tmp_path / "elsewhere.csv").write_bytes(GOOD)
    (folder / "a.csv").unlink()
    (folder / "a.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert reasons(place.intake()) == ["unsafe_path"]


def test_a_file_that_is_not_there_is_missing(place: Place) -> None:
    place.deliver("forem", {"a.csv": (GOOD, 1)}).joinpath("a.csv").unlink()
    assert reasons(place.intake()) == ["file_missing"]


def test_a_folder_in_the_place_of_a_file_is_missing(place: Place) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    (folder / "a.csv").unlink()
    (folder / "a.csv").mkdir()
    assert reasons(place.intake()) == ["file_missing"]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.xlsx", "a.parquet", "a.txt"])
def test_a_wrong_checksum_comes_before_anything_in_the_file(place: Place, name: str) -> None:
    folder = place.deliver("forem", {name: (b"anything", 1)})
    (folder / name).write_bytes(b"anything else")
    assert reasons(place.intake()) == ["checksum_mismatch"]


def test_a_checksum_may_be_in_upper_case(place: Place) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    manifest = manifest_of(folder)
    manifest["files"][0]["sha256"] = hashlib.sha256(GOOD).hexdigest().upper()
    write_manifest(folder, manifest)
    assert reasons(place.intake()) == []


def nested_parquet(path: Path) -> bytes:
    columns = {name: ["x"] for name in header("forem")}
    table = pa.table(columns | {"sexe": [["x"]]})
    pq.write_table(table, path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", GOOD),
        ("a.csv.gz", gzipped(GOOD)[:-9]),
        ("a.csv.gz", gzipped(GOOD)[:40] + b"\xff" * 20 + gzipped(GOOD)[60:]),
        ("a.csv.gz", gzipped(GOOD) + b"rubbish"),
        ("a.csv.gz", b""),
        ("a.xlsx", b"PK no workbook"),
        ("a.xlsx", b""),
        ("a.parquet", b"PAR1 no parquet PAR1"),
        ("a.parquet", b""),
        ("a.txt", GOOD),
        ("a.csv.zip", GOOD),
        ("csv", GOOD),
    ],
)
def test_a_broken_file_or_another_ending_is_unreadable(
    place: Place, name: str, content: bytes
) -> None:
    place.deliver("forem", {name: (content, 1)})
    assert reasons(place.intake()) == ["unreadable_file"]


def test_a_parquet_column_without_plain_values_is_unreadable(place: Place, tmp_path: Path) -> None:
    content = nested_parquet(tmp_path / "nested.parquet")
    place.deliver("forem", {"a.parquet": (content, 1)})
    assert reasons(place.intake()) == ["unreadable_file"]


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"  \n \t\n", gzipped(b"")])
def test_a_file_without_header_is_empty(place: Place, content: bytes) -> None:
    name = "a.csv.gz" if content.startswith(b"\x1f") else "a.csv"
    place.deliver("forem", {name: (content, 0)})
    assert reasons(place.intake()) == ["empty_file"]


def test_a_header_without_rows_lands(place: Place) -> None:
    place.deliver("forem", {"a.csv": (csv_bytes("forem", []), 0)})
    result = place.intake()
    assert reasons(result) == []
    assert place.records("forem") == []


def test_a_missing_column_is_named_but_nothing_else_of_the_file(place: Place) -> None:
    names = header("forem")
    without = csv_bytes("forem", [row("forem")[1:]], names[1:])
    place.deliver("forem", {"a.csv": (without, 1)})
    place.deliver("forem", {"a.csv": (GOOD.partition(b"\n")[2], 1)}, "2019Q1-2")
    result = place.intake()
    assert reasons(result) == ["missing_column", "missing_column"]
    assert names[0] in result.refused[0].message
    assert NUMBER not in result.refused[1].message


def test_a_column_that_stands_twice_can_not_be_told(place: Place) -> None:
    names = [*header("forem"), header("forem")[0].upper()]
    place.deliver("forem", {"a.csv": (csv_bytes("forem", [[*row("forem"), "x"]], names), 1)})
    assert reasons(place.intake()) == ["missing_column"]


def test_a_header_with_broken_quoting_names_no_column(place: Place) -> None:
    place.deliver("forem", {"a.csv": (b'"' + GOOD, 1)})
    assert reasons(place.intake()) == ["missing_column"]


@pytest.mark.parametrize("rows", [0, 2])
def test_another_number_of_rows_is_refused(place: Place, rows: int) -> None:
    place.deliver("forem", {"a.csv": (GOOD, rows)})
    assert reasons(place.intake()) == ["row_count_mismatch"]


def test_files_are_judged_one_after_the_other(place: Place) -> None:
    """The last check of the first file comes before the first check of the second."""
    folder = place.deliver("forem", {"a.csv": (GOOD, 7), "b.csv": (GOOD, 1)})
    manifest = manifest_of(folder)
    manifest["files"][1]["name"] = "../b.csv"
    write_manifest(folder, manifest)
    refused = place.intake().refused[0]
    assert (refused.reason, refused.file_name) == ("row_count_mismatch", "a.csv")


def test_a_bad_manifest_comes_before_an_unsafe_path(place: Place) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    manifest = manifest_of(folder)
    manifest["files"][0]["name"] = "../a.csv"
    write_manifest(folder, manifest | {"sequence": 9})
    assert reasons(place.intake()) == ["bad_manifest"]


def test_the_other_deliveries_go_on(place: Place) -> None:
    place.deliver("forem", {"a.csv": (GOOD, 5)})
    place.deliver_rows("vdab", [row("vdab")])
    result = place.intake()
    assert reasons(result) == ["row_count_mismatch"]
    assert [(d.operator, d.rows) for d in result.landed] == [("vdab", 1)]
    assert not place.landed("forem").exists()


def test_what_is_beyond_the_limits_is_refused(place: Place) -> None:
    bomb = csv_bytes("forem", []) + b" " * 3_000_000
    place.deliver("forem", {"a.csv.gz": (gzipped(bomb), 0)})
    place.deliver("forem", {"a.csv": (bomb, 0)}, "2019Q1-2")
    limits = IntakeLimits(ratio_free_bytes=1_000, compression_ratio=10, line_bytes=100_000)
    assert reasons(place.intake(limits=limits)) == ["unreadable_file", "unreadable_file"]


def test_too_many_columns_are_unreadable(place: Place) -> None:
    place.deliver("forem", {"a.csv": (GOOD, 1)})
    assert reasons(place.intake(limits=IntakeLimits(columns=3))) == ["unreadable_file"]


def test_what_belongs_nowhere_is_reported_and_left_alone(place: Place) -> None:
    folder = place.deliver("forem", {"a.csv": (GOOD, 1)})
    (folder / "notes.txt").write_text("notes")
    for odd in ("actiris/2019Q1-1", "forem/2019Q5-1", "forem/2019Q1-01", "forem/2019Q1"):
        (place.deliveries / odd).mkdir(parents=True)
    (place.deliveries / "readme.txt").write_text("notes")
    result = place.intake()
    assert reasons(result) == []
    assert sorted((n.kind, n.folder, n.file_name) for n in result.notices if n.operator) == [
        (NoticeKind.ODD_FOLDER, "2019Q1", None),
        (NoticeKind.ODD_FOLDER, "2019Q1-01", None),
        (NoticeKind.ODD_FOLDER, "2019Q5-1", None),
        (NoticeKind.UNNAMED_FILE, "2019Q1-1", "notes.txt"),
    ]
    assert [(n.kind, n.folder, n.file_name) for n in result.notices if not n.operator] == [
        (NoticeKind.UNKNOWN_OPERATOR, "actiris", None),
        (NoticeKind.UNNAMED_FILE, None, "readme.txt"),
    ]


@pytest.mark.parametrize(
    ("name", "reason"), [("a.csv", "unreadable_file"), ("manifest.json", "bad_manifest")]
)
def test_a_file_that_may_not_be_read_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        # as the system does, but for users who may read everything, too
        if path.name == name and path.parent.parent.name == "forem":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    place.deliver("forem", {"a.csv": (GOOD, 1)})
    place.deliver_rows("vdab", [row("vdab")])
    opened = Path.open
    monkeypatch.setattr(Path, "open", refuse)
    result = place.intake()
    assert reasons(result) == [reason]
    assert [delivery.operator for delivery in result.landed] == ["vdab"]
