"""The landing folder: what has landed, from what, and how it gets there whole or not at all."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from synerstat.errors import SecretMismatchError
from synerstat.intake.results import AcceptedDelivery
from synerstat.warehouse import KEY_FINGERPRINT, SOURCE

# raise it with any change to what is written for the same input: everything is landed anew
FORMAT_VERSION: Final = 3

RECORDS: Final = "records.parquet"
DELIVERY: Final = "delivery.parquet"
FILES: Final = "files.parquet"
REPLACEMENTS: Final = "identifier_replacements.parquet"
REFUSALS: Final = "refusals.parquet"
_WORK: Final = ".intake-work"


@dataclass(frozen=True)
class FileStamp:
    """What tells a changed file without reading it: size in bytes, time of the last change.

    `sha256` is what the manifest said and the file was checked against.
    """

    name: str
    sha256: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Source:
    """What a landed delivery was made of; equal to the one of an unchanged delivery."""

    format_version: int
    contract_fingerprint: str
    manifest_sha256: str
    files: tuple[FileStamp, ...]

    def content(self) -> tuple[str, ...]:
        """What was delivered: equal where only the time of a file or the contract changed."""
        return (self.manifest_sha256, *(file.sha256 for file in self.files))


@dataclass(frozen=True)
class Landed:
    """A delivery in the landing: its source and what was found then."""

    source: Source
    rows: int
    unreadable_rows: int
    extra_columns: tuple[tuple[str, tuple[str, ...]], ...]
    """Names of ignored columns for each file that has some."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Bytes of each landed file, by name; none where an earlier version landed it."""


class Landing:
    """Paths and state of `<warehouse>/landing`. One process at a time, which the caller sees to."""

    def __init__(self, warehouse: Path) -> None:
        self.root = warehouse / "landing"
        self.work = warehouse / _WORK

    @contextmanager
    def private_work_folder(self) -> Iterator[Path]:
        """A folder for the owner only, gone afterwards; so is what a crash has left in it."""
        self.discard(self.work)
        self.work.parent.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(mode=0o700)
        # the mask of the process could have taken rights away, never added some
        self.work.chmod(0o700)
        try:
            yield self.work
        finally:
            self.discard(self.work)

    def claim(self, fingerprint: str) -> None:
        """See to it that all keys in the landing are made with one secret.

        Raises SecretMismatchError where deliveries have landed with another one.
        """
        path = self.root / KEY_FINGERPRINT
        known = path.read_text("utf-8").strip() if path.exists() else None
        if known == fingerprint:
            return
        # without a fingerprint nobody can tell, so it is no better than another one
        if any(self.root.glob(f"*/*/{RECORDS}")):
            raise SecretMismatchError(
                f"The deliveries in {self.root} were pseudonymised with another secret, so the "
                "same person would get two keys. Use that secret, or land everything anew in an "
                "empty warehouse."
            )
        self.root.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(fingerprint + "\n", "utf-8")
        partial.replace(path)

    def folder(self, operator: str, folder: str) -> Path:
        """Where a delivery lands."""
        return self.root / operator / folder

    def landed(self, operator: str, folder: str) -> Landed | None:
        """What is known of a landed delivery; None where it is not there or lacks a file."""
        place = self.folder(operator, folder)
        if not (place / RECORDS).exists() or not (place / DELIVERY).exists():
            return None
        try:
            return _landed(json.loads((place / SOURCE).read_text("utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_whole(self, operator: str, folder: str, landed: Landed) -> bool:
        """Whether the files of a landed delivery are as long as they were when it landed."""
        return all(
            (path := self.folder(operator, folder) / name).exists() and path.stat().st_size == size
            for name, size in landed.sizes.items()
        )

    def folders(self) -> list[tuple[str, str]]:
        """Operator and folder of everything that has landed, in order."""
        return sorted(
            (path.parent.parent.name, path.parent.name) for path in self.root.glob(f"*/*/{RECORDS}")
        )

    def install(self, prepared: Path, operator: str, folder: str, landed: Landed) -> None:
        """Put a prepared folder in its place, instead of what is there."""
        sizes = {name: (prepared / name).stat().st_size for name in (RECORDS, FILES, DELIVERY)}
        noted = replace(landed, sizes=sizes)
        (prepared / SOURCE).write_text(
            json.dumps(asdict(noted), indent=2, ensure_ascii=False) + "\n",
            "utf-8",
        )
        place = self.folder(operator, folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        self.remove(operator, folder)
        prepared.rename(place)

    def remove(self, operator: str, folder: str) -> bool:
        """Take a delivery out of the landing; False where it was not there."""
        place = self.folder(operator, folder)
        if not place.exists():
            return False
        # out of sight at once, however long removing takes; deliveries are taken in side by side,
        # so each gets a place of its own
        discarded = Path(tempfile.mkdtemp(prefix="discarded-", dir=self.work))
        place.rename(discarded / "delivery")
        self.discard(discarded)
        return True

    def install_file(self, prepared: Path, name: str) -> None:
        """Put a prepared file in its place, unless the one there is the same."""
        place = self.root / name
        if place.exists() and place.read_bytes() == prepared.read_bytes():
            prepared.unlink()
            return
        self.root.mkdir(parents=True, exist_ok=True)
        prepared.replace(place)

    @staticmethod
    def discard(folder: Path) -> None:
        """Remove a folder of the work folder, if it is there."""
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)


def accepted(operator: str, folder: str, landed: Landed) -> AcceptedDelivery:
    """What is reported of a landed delivery."""
    quarter, _, sequence = folder.partition("-")
    return AcceptedDelivery(operator, quarter, int(sequence), landed.rows, landed.unreadable_rows)


def _landed(content: dict[str, Any]) -> Landed:
    source = content["source"]
    return Landed(
        source=Source(
            format_version=source["format_version"],
            contract_fingerprint=source["contract_fingerprint"],
            manifest_sha256=source["manifest_sha256"],
            files=tuple(FileStamp(**stamp) for stamp in source["files"]),
        ),
        rows=content["rows"],
        unreadable_rows=content["unreadable_rows"],
        extra_columns=tuple((name, tuple(extra)) for name, extra in content["extra_columns"]),
        sizes=dict(content.get("sizes", {})),
    )
