"""Deliveries to be refused, one for each reason, and folders that are no deliveries."""

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEQUENCE = 90
"""These deliveries come with sequences from here on: none of the good ones is touched."""

Manifest = dict[str, Any]


def add_refusals(deliveries: Path, good_folders: list[Path]) -> tuple[str, ...]:
    """Add deliveries that must be refused, each a copy of a good one with one fault.

    Returns the reasons, in the order of the sequences.
    """
    faults: dict[str, Callable[[Path, Manifest], None]] = {
        "no_manifest": _no_manifest,
        "bad_manifest": _bad_manifest,
        "unsafe_path": _unsafe_path,
        "file_missing": _file_missing,
        "checksum_mismatch": _checksum_mismatch,
        "unreadable_file": _unreadable_file,
        "empty_file": _empty_file,
        "missing_column": _missing_column,
        "row_count_mismatch": _row_count_mismatch,
    }
    for number, spoil in enumerate(faults.values()):
        good = good_folders[number % len(good_folders)]
        quarter = good.name.split("-")[0]
        folder = good.parent / f"{quarter}-{SEQUENCE + number}"
        shutil.copytree(good, folder)
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        manifest["sequence"] = SEQUENCE + number
        write_manifest(folder, manifest)
        spoil(folder, manifest)
    stray = good_folders[0].parent / "old versions"
    stray.mkdir(exist_ok=True)
    (stray / "readme.txt").write_text("Not a delivery.\n", "utf-8")
    unknown = deliveries / "unknown_operator" / "2019Q1-1"
    unknown.mkdir(parents=True, exist_ok=True)
    (unknown / "manifest.json").write_text("{}", "utf-8")
    (good_folders[-1] / "notes.txt").write_text(
        "A file that the manifest does not name.\n", "utf-8"
    )
    return tuple(faults)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a delivery."""
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _no_manifest(folder: Path, _: Manifest) -> None:
    (folder / "manifest.json").unlink()


def _bad_manifest(folder: Path, manifest: Manifest) -> None:
    write_manifest(folder, {**manifest, "extracted_at": manifest["extracted_at"][:19]})


def _unsafe_path(folder: Path, manifest: Manifest) -> None:
    first, *others = manifest["files"]
    files = [{**first, "name": f"../{folder.name}/{first['name']}"}, *others]
    write_manifest(folder, {**manifest, "files": files})


def _file_missing(folder: Path, manifest: Manifest) -> None:
    (folder / manifest["files"][0]["name"]).unlink()


def _checksum_mismatch(folder: Path, manifest: Manifest) -> None:
    with (folder / manifest["files"][0]["name"]).open("ab") as file:
        file.write(b"\n")


def _unreadable_file(folder: Path, manifest: Manifest) -> None:
    _replace_file(folder, manifest, "records.parquet", b"PAR1 cut off")


def _empty_file(folder: Path, manifest: Manifest) -> None:
    _replace_file(folder, manifest, "records.csv.gz", gzip.compress(b"", mtime=0))


def _missing_column(folder: Path, manifest: Manifest) -> None:
    _replace_file(folder, manifest, "records.csv", b"one;two\n1;2\n")


def _row_count_mismatch(folder: Path, manifest: Manifest) -> None:
    first, *others = manifest["files"]
    files = [{**first, "rows": first["rows"] + 1}, *others]
    write_manifest(folder, {**manifest, "files": files})


def _replace_file(folder: Path, manifest: Manifest, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    file = {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "rows": 1}
    write_manifest(folder, {**manifest, "files": [file]})
