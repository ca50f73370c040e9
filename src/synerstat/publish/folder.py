"""Folders of vintages: written beside, then renamed; `latest` is switched last.

<out>/<quarter>/v<n>/
<out>/latest -> <quarter>/v<n>
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synerstat.errors import UsageError

CHECKSUMS = "SHA256SUMS"
PROVENANCE = "provenance.json"
LATEST = "latest"
PARTIAL = ".partial-"
VINTAGE_FOLDER = re.compile(r"v([1-9][0-9]*)")
QUARTER_FOLDER = re.compile(r"[0-9]{4}Q[1-4]")


def vintages(out: Path, quarter: str) -> tuple[int, ...]:
    """Numbers of the vintages of a quarter that are there, in order."""
    return tuple(
        sorted(
            int(found[1])
            for folder in (out / quarter).glob("v*")
            if folder.is_dir() and (found := VINTAGE_FOLDER.fullmatch(folder.name))
        )
    )


def all_vintages(out: Path) -> list[Path]:
    """The folders of all vintages of all quarters, in order."""
    quarters = sorted(
        folder.name for folder in out.glob("*") if QUARTER_FOLDER.fullmatch(folder.name)
    )
    return [
        out / quarter / f"v{number}" for quarter in quarters for number in vintages(out, quarter)
    ]


@contextmanager
def beside(out: Path, quarter: str) -> Iterator[Path]:
    """A folder to write a vintage in, on the same file system; gone afterwards unless renamed.

    What a run that was killed left behind goes too: the caller holds `out` for itself alone.
    """
    (out / quarter).mkdir(parents=True, exist_ok=True)
    for left_over in (out / quarter).glob(f"{PARTIAL}*"):
        shutil.rmtree(left_over)
    temporary = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=out / quarter))
    # made for one user only; a publication is for everyone
    temporary.chmod(0o755)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if not any((out / quarter).iterdir()):
            (out / quarter).rmdir()


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS over all other files, in the form that `sha256sum --check` reads."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != CHECKSUMS
    ]
    (folder / CHECKSUMS).write_text("".join(lines), "utf-8", newline="\n")


def read_checksums(folder: Path) -> dict[str, str]:
    """The checksums of a vintage by file; none where it has no SHA256SUMS."""
    path = folder / CHECKSUMS
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def appear(temporary: Path, out: Path, quarter: str, number: int) -> Path:
    """Give a finished folder its name; it is on disk whole before it has it."""
    for path in sorted(temporary.rglob("*"), reverse=True):
        _flush(path)
    _flush(temporary)
    folder = out / quarter / f"v{number}"
    temporary.rename(folder)
    _flush(folder.parent)
    return folder


def check_latest(out: Path) -> None:
    """Raise UsageError where something that is no link stands where `latest` is to be."""
    link = out / LATEST
    if link.exists() and not link.is_symlink():
        raise UsageError(
            f"{link} is in the way: a {'folder' if link.is_dir() else 'file'} stands where the "
            "link to the latest publication is to be. Move it away, then publish again."
        )


def switch_latest(out: Path) -> None:
    """Point `latest` to the last vintage of the latest quarter.

    Looking at what is there, not at what was just written, also mends the link after a run that was
    killed before it got here, and keeps it in place when an earlier quarter is published again.
    """
    quarters = [
        folder.name
        for folder in out.iterdir()
        if QUARTER_FOLDER.fullmatch(folder.name) and vintages(out, folder.name)
    ]
    quarter = max(quarters)
    target = Path(quarter) / f"v{vintages(out, quarter)[-1]}"
    link = out / LATEST
    if link.is_symlink() and link.readlink() == target:
        return
    new = out / ".latest.partial"
    new.unlink(missing_ok=True)
    new.symlink_to(target, target_is_directory=True)
    new.replace(link)
    _flush(out)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
