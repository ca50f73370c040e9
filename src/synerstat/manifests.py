"""Keep the project as dbt has read it.

dbt needs several seconds to read the project, for each warehouse and quarter anew, and what it
makes of it (its manifest) depends on neither: it is the same until a file of the project changes.
So it is kept beside the project, in dbt's own folder for what can be made again.
"""

import hashlib
import os
import pickle
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

# what dbt reads: a change in any of them is another project
READ_BY_DBT = (
    "*.yml",
    "profiles/*.yml",
    "models/**/*.*",
    "macros/**/*.*",
    "seeds/**/*.*",
    "tests/**/*.sql",
    "tests/**/*.yml",
)
TOOLS = ("dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb")


def kept_manifest(file: Path) -> Any | None:
    """The manifest that was kept in this file (`manifest_file`), None where there is none."""
    # A broken or foreign file is as good as none: dbt reads the project again. Whoever can write
    # here can change the project itself, whose code is run, so unpickling adds no risk.
    with suppress(Exception):
        return pickle.loads(file.read_bytes())
    return None


def keep_manifest(project: Path, file: Path, manifest: Any) -> None:
    """Keep a manifest just read, before anything was built with it, instead of earlier ones.

    `file` is what `manifest_file` said before it was read. Where that is another one now, a file of
    the project was changed meanwhile, and nobody knows which content was read: nothing is kept. Nor
    is it where the project's folder can't be written to.
    """
    if manifest_file(project) != file:
        return
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        written = file.with_suffix(f".{os.getpid()}")
        written.write_bytes(pickle.dumps(manifest, pickle.HIGHEST_PROTOCOL))
        written.replace(file)
        for earlier in file.parent.glob(f"manifest-*{file.suffix}"):
            if earlier != file:
                earlier.unlink(missing_ok=True)


def manifest_file(project: Path) -> Path:
    """Where the manifest of the project as it stands is kept: another file after each change."""
    digest = hashlib.sha256()
    # a manifest holds paths
    for word in (str(project.resolve()), sys.version, *map(version, TOOLS)):
        digest.update(f"{word}\0".encode())
    for path in sorted({file for pattern in READ_BY_DBT for file in project.glob(pattern)}):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(project).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return project / "target" / f"manifest-{digest.hexdigest()[:32]}.pickle"
