"""Reads `manifest.json` and the names in it, trusting neither."""

import codecs
import json
import re
import stat
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from synerstat.intake.details import Value
from synerstat.intake.limits import IntakeLimits
from synerstat.intake.results import RefusalReason, RefusedError

NAME: Final = "manifest.json"
FOLDER: Final = re.compile(r"([0-9]{4}Q[1-4])-([1-9][0-9]{0,8})", re.ASCII)
_MOST: Final = 10**15
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
# of a second; a parser passes over what comes after, where any digits could stand
_MICROSECONDS: Final = re.compile(r"([.,][0-9]{6})[0-9]+", re.ASCII)


@dataclass(frozen=True)
class ManifestFile:
    """One data file; `sha256` in lower case, `rows` without header and blank lines."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Manifest:
    """A checked manifest. `extracted_at` is in UTC, its text as delivered, to the microsecond."""

    operator: str
    reference_quarter: str
    sequence: int
    extracted_at: datetime
    extracted_at_text: str
    files: tuple[ManifestFile, ...]


def read_manifest_bytes(folder: Path, limits: IntakeLimits) -> bytes:
    """The manifest as delivered.

    Raises RefusedError: `no_manifest`, or `bad_manifest` where it is no plain file or too big, or
    where it or the folder can't be opened.
    """
    path = folder / NAME
    try:
        # what is in the folder is told later
        next(folder.iterdir(), None)
        status = path.lstat()
    except PermissionError:
        raise _bad("folder_no_access") from None
    except OSError:
        raise RefusedError(RefusalReason.NO_MANIFEST, "manifest_missing", NAME) from None
    if not stat.S_ISREG(status.st_mode):
        raise _bad("no_plain_file")
    try:
        with path.open("rb") as file:
            content = file.read(limits.manifest_bytes + 1)
    except OSError:
        raise _bad("no_access") from None
    if len(content) > limits.manifest_bytes:
        raise _bad("too_large", most=limits.manifest_bytes)
    return content


def parse_manifest(
    content: bytes, operator: str, reference_quarter: str, sequence: int, limits: IntakeLimits
) -> Manifest:
    """Check a manifest against the specification and the folder that it stands in.

    File names are left for `data_file`, which judges them in their turn.
    Raises RefusedError with `bad_manifest`.
    """
    document = _json(content, limits)
    if not isinstance(document, dict):
        raise _bad("no_object")
    _agree("operator", _text(document, "operator"), operator)
    _agree("reference_quarter", _text(document, "reference_quarter"), reference_quarter)
    _agree("sequence", _integer(document, "sequence", 1), sequence)
    text = _MICROSECONDS.sub(r"\1", _text(document, "extracted_at"))
    files = document.get("files")
    if not isinstance(files, list) or not files:
        raise _bad("no_files")
    if len(files) > limits.manifest_files:
        raise _bad("too_many_files", most=limits.manifest_files)
    checked = tuple(_file(item) for item in files)
    if len({file.name for file in checked}) != len(checked):
        raise _bad("file_twice")
    return Manifest(operator, reference_quarter, sequence, _moment(text), text, checked)


def data_file(folder: Path, name: str) -> Path:
    """The path of a file named in a manifest.

    Raises RefusedError: `unsafe_path` where the name is not a plain name in the folder or the file
    is a link, `file_missing` where there is no such file.
    """
    if not _is_plain(name):
        raise RefusedError(RefusalReason.UNSAFE_PATH, "name_not_plain", printable(name))
    path = folder / name
    try:
        mode = path.lstat().st_mode
    except OSError:
        mode = 0
    if stat.S_ISLNK(mode):
        raise RefusedError(RefusalReason.UNSAFE_PATH, "file_is_link", name)
    if not stat.S_ISREG(mode):
        raise RefusedError(RefusalReason.FILE_MISSING, "file_not_there", name)
    return path


def printable(name: str) -> str:
    """A name that may be shown: no control characters or broken code points, not too long."""
    shown = "".join("?" if unicodedata.category(c)[0] == "C" else c for c in name[:200])
    return shown if len(name) <= 200 else f"{shown}..."


def _is_plain(name: str) -> bool:
    return (
        0 < len(name) <= 255
        and name not in (".", "..")
        and not any(c in "/\\:" for c in name)
        and not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name)
        and len(name.encode("utf-8")) <= 255
    )


def _file(item: Any) -> ManifestFile:
    if not isinstance(item, dict):
        raise _bad("bad_file")
    sha256 = _text(item, "sha256")
    if not _SHA256.fullmatch(sha256):
        raise _bad("bad_sha256")
    return ManifestFile(_text(item, "name"), sha256.lower(), _integer(item, "rows", 0))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or "T" not in text:
            raise ValueError(text)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _bad("bad_moment") from None


def _json(content: bytes, limits: IntakeLimits) -> Any:
    # that of UTF-32, little end first, begins with that of UTF-16
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        raise _bad("byte_order_mark")
    try:
        text = content.decode("utf-8-sig")
        if _depth(text) > limits.manifest_depth:
            raise ValueError("too deep")
        return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _bad("no_json") from None


def _depth(text: str) -> int:
    # an upper bound, brackets within texts included, so that the parser never meets a deep one
    opened = deepest = 0
    for bracket in re.findall(r"[\[{\]}]", text):
        opened += 1 if bracket in "[{" else -1
        deepest = max(deepest, opened)
    return deepest


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _integer(document: dict[str, Any], name: str, least: int) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < _MOST:
        raise _bad("bad_number", field=name, least=least)
    return value


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise _bad("bad_text", field=name)
    return value


def _agree(name: str, delivered: object, expected: object) -> None:
    if delivered != expected:
        raise _bad("disagrees", field=name, expected=str(expected))


def _bad(what: str, **values: Value) -> RefusedError:
    return RefusedError(RefusalReason.BAD_MANIFEST, f"manifest_{what}", NAME, **values)
