"""Apache Spark as the engine: what must be there, where landing lies, what is handed on.

dbt runs the models (target `spark` of the profile); the tables lie as Parquet in
<warehouse>/spark/<schema>.db/. All that comes after a build reads DuckDB: figures and checks are
handed over to <warehouse>/synerstat.duckdb, which shows records and persons where they lie.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
from pyarrow import fs

from synerstat.errors import UsageError
from synerstat.warehouse import Progress, Warehouse, silent

TARGET = "spark"
OLDEST_JAVA = 17
# what every publication reads
HANDED_OVER = ("seeds", "quality", "marts")
# records and persons, which are looked up now and then: shown as views on Spark's files
SHOWN = ("staging", "intermediate")
_NEEDED = ("pyspark", "dbt.adapters.spark")
_RECORDS = "records.parquet"
# marks a landing folder that holds copies of small files only
_ELSEWHERE = "landing_elsewhere.txt"


def require_spark(memory_limit: str) -> None:
    """See to it that Spark can run here with this much memory.

    Raises UsageError, which says what to do, without pyspark, dbt-spark or Java 17, and for a
    fraction such as 1.5GB, which Java does not understand.
    """
    if "." in memory_limit:
        raise UsageError(
            f"Spark takes whole amounts of memory, not {memory_limit}: write 3GB or 512MB."
        )
    if not all(_is_installed(name) for name in _NEEDED):
        raise UsageError(
            "The target spark needs pyspark and dbt-spark, which are not installed here. "
            "Run `make spark` in the project's folder, or choose --target dev."
        )
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    found = _java_version(java) if java else None
    if found is None or found < OLDEST_JAVA:
        what = "no Java was found" if found is None else f"{java} is Java {found}"
        raise UsageError(
            f"The target spark needs Java {OLDEST_JAVA} or newer, but {what}. "
            "Install it and set JAVA_HOME to its folder, or choose --target dev."
        )


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _java_version(java: str) -> int | None:
    """The main version that `java -version` tells; None where it can't be run."""
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(version[1]) if version else None


def start_anew(warehouse: Path) -> None:
    """Remove what an earlier build on Spark left: its catalog is gone, so nobody knows it."""
    shutil.rmtree(warehouse / "spark", ignore_errors=True)


def records_lie_elsewhere(warehouse: Path) -> bool:
    """Whether the warehouse's landing holds copies of small files only, and no records."""
    return (Warehouse(warehouse).landing / _ELSEWHERE).exists()


def landing_variables(warehouse: Path, landing: str | None) -> dict[str, Any]:
    """The variables that tell the models where landing lies and which files it holds.

    `landing` is a URI such as s3://bucket/landing, None for the warehouse's own folder. What is
    small (deliveries, replacements, refusals) is copied from there into the warehouse, because the
    checks and the publication need it; the records are read by Spark where they lie.

    Raises UsageError where the URI can't be read, or the warehouse has records of its own.
    """
    own = Warehouse(warehouse).landing
    if landing is None:
        if records_lie_elsewhere(warehouse):
            raise UsageError(
                f"The records of {own} lie in {(own / _ELSEWHERE).read_text('utf-8').strip()}. "
                "Build with --target spark and --landing, or take another warehouse."
            )
        names = sorted(path.relative_to(own).as_posix() for path in own.rglob("*.parquet"))
        return {"landing_path": str(own), "landed_files": names}
    if any(own.glob(f"*/*/{_RECORDS}")):
        raise UsageError(
            f"{own} holds landed records of its own. Build them without --landing, or take an "
            "empty warehouse for those that lie elsewhere."
        )
    try:
        store, root = fs.FileSystem.from_uri(landing)
        found = store.get_file_info(fs.FileSelector(root, recursive=True))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The landing {landing} can't be read: {str(error).splitlines()[0]} "
            "Name a folder as s3://bucket/folder, and give access to it by the environment."
        ) from error
    names = sorted(info.path[len(root) :].lstrip("/") for info in found if info.is_file)
    names = [name for name in names if not name.startswith(".")]
    if not any(name.endswith("/delivery.parquet") for name in names):
        raise UsageError(
            f"No delivery has landed in {landing}. Copy the landing folder of a warehouse there, "
            "with all that is in it."
        )
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    (own / _ELSEWHERE).write_text(landing + "\n", "utf-8")
    for name in names:
        if not name.endswith(_RECORDS):
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            fs.copy_files(
                f"{root}/{name}",
                str(own / name),
                source_filesystem=store,
                destination_filesystem=fs.LocalFileSystem(),
            )
    return {
        # Hadoop knows S3 by another name
        "landing_path": re.sub("^s3://", "s3a://", landing.rstrip("/")),
        "landed_files": [name for name in names if name.endswith(".parquet")],
    }


def hand_over(warehouse: Path, progress: Progress = silent) -> None:
    """Make <warehouse>/synerstat.duckdb of what Spark has built, whole or not at all.

    Runs in the process whose session built the models. Views on records are left out: dbt makes
    them again on DuckDB.
    """
    from pyspark.sql import SparkSession

    progress("Handing the figures over to synerstat.duckdb")
    session = SparkSession.builder.getOrCreate()
    work = warehouse / "spark" / "handed_over"
    tables = []
    for (schema,) in session.sql("show databases").collect():
        if schema not in (*HANDED_OVER, *SHOWN):
            continue
        for table in session.catalog.listTables(schema):
            folder = _folder_of(warehouse, schema, table.name)
            if folder is None and (schema in HANDED_OVER or table.tableType != "VIEW"):
                # a view, or a table without rows
                folder = work / schema / table.name
                session.table(f"`{schema}`.`{table.name}`").write.parquet(_uri(folder))
            if folder is not None:
                tables.append((schema, table.name, folder))
    database = Warehouse(warehouse).database
    temporary = database.with_suffix(".partial")
    temporary.unlink(missing_ok=True)
    with duckdb.connect(str(temporary)) as connection:
        take_over(connection, tables, work)
    temporary.replace(database)
    shutil.rmtree(work, ignore_errors=True)


def take_over(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str, Path]], work: Path
) -> None:
    """Load what is handed over and show the rest, each a schema, a table, its folder of Parquet.

    What lies below `work` is loaded anyway, because that folder will go.
    """
    for schema, table, folder in sorted(tables):
        connection.execute(f'create schema if not exists "{schema}"')
        shown = schema in SHOWN and not folder.is_relative_to(work)
        files = str(folder.resolve() / "*.parquet").replace("'", "''")
        connection.execute(
            f'create {"view" if shown else "table"} "{schema}"."{table}" as '
            f"select * from read_parquet('{files}')"
        )


def end_session() -> None:
    """End this process's session, if it has one."""
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()


def _folder_of(warehouse: Path, schema: str, table: str) -> Path | None:
    """Where a table's files lie; None where it has none."""
    folder = warehouse / "spark" / f"{schema}.db" / table
    return folder if any(folder.glob("*.parquet")) else None


def _uri(folder: Path) -> str:
    return "file://" + quote(str(folder.resolve()))
