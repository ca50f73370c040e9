"""The warehouse folder: where things are, what has landed, and what the last build left.

<warehouse>/landing/                one folder per delivery, written by intake
<warehouse>/synerstat.duckdb        written by dbt, or handed over from Spark
<warehouse>/spark/                  tables of a build on Spark
<warehouse>/quality/                what the build says about itself
<warehouse>/target/ and logs/       dbt's own
"""

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import duckdb
import filelock
import pyarrow as pa
import pyarrow.parquet as pq

from synerstat.errors import DamagedError, UsageError, WarehouseBusyError

# what DuckDB says of a file that is no database or not all of one, but not of one that is locked
_DAMAGED = (
    "not a valid DuckDB database",
    "Could not read enough bytes",
    "Corrupt WAL file",
    "Corrupt database file",
)
# of the landing: what a delivery was made of, and which secret its keys were made with
SOURCE = "source.json"
KEY_FINGERPRINT = "key_fingerprint"
# what to do where the damage is met only when a table is read
MADE_ANEW = (
    "The database is damaged. Remove synerstat.duckdb from the warehouse and run "
    "`synerstat build`: it makes everything anew from what has landed."
)


class Progress(Protocol):
    """Takes one line about what is going on."""

    def __call__(self, message: str, /) -> None:
        """Tell it."""


def silent(_message: str, /) -> None:
    """Progress that nobody wants to see."""


@dataclass(frozen=True)
class RefusedDelivery:
    """A delivery refused whole; `reference_quarter` is None where the folder name is off.

    `message` says in English what `detail`, with `detail_values` (a JSON object), says in every
    language: see `synerstat.intake.details`.
    """

    operator: str
    folder: str
    reference_quarter: str | None
    sequence: int | None
    reason: str
    message: str
    file_name: str | None
    detail: str | None = None
    detail_values: str | None = None


@dataclass(frozen=True)
class LandedDelivery:
    """A delivery that landed; `is_replaced` where a higher sequence of its quarter landed too."""

    operator: str
    reference_quarter: str
    sequence: int
    extracted_at: str
    file_count: int
    row_count: int
    manifest_sha256: str
    files_sha256: str
    contract_version: str | None
    is_replaced: bool


@dataclass(frozen=True)
class ExpectationOutcome:
    """What became of one expectation on one relation.

    `severity`: blocking | warning. `cells_failed` is 0 too where the expectation is not about cells
    or could not be evaluated. `message` is empty where it passed.
    """

    suite: str
    expectation: str
    relation: str
    statement: str
    severity: str
    passed: bool
    cells_failed: int
    message: str


@dataclass(frozen=True)
class SuiteText:
    """What a suite of expectations asks, in words."""

    name: str
    question: str
    why_it_matters: str
    what_to_do: str


@dataclass(frozen=True)
class ExpectationsResult:
    """Whether the blocking expectations hold.

    `failures` say which cells, by how much, whose data, and what to do next; `outcomes` hold all
    expectations, also those that passed; `suites` say what they belong to.
    """

    passed: bool
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    outcomes: tuple[ExpectationOutcome, ...] = ()
    suites: tuple[SuiteText, ...] = ()


@dataclass(frozen=True)
class BuildState:
    """What a finished build was made of; missing while a build runs and after one that failed.

    `inputs_sha256` covers the landed deliveries and identifier replacements, so that a publication
    can tell that nothing has landed since. `invented_persons`: the persons are those of the sample.
    `deliveries` are the checksums of the deliveries that were read, `replacements_sha256` and
    `seeds_sha256` those of identifier replacements and seeds, `built_by` is how the database names
    the build: by them the next build tells whether it may continue this one.
    """

    reference_quarter: str
    inputs_sha256: str
    invented_persons: bool
    code_version: str
    code_sha256: str
    rule_set_version: str
    models_sha256: str
    nomenclature_sha256: str
    dbt_version: str
    duckdb_version: str
    variables: Mapping[str, Any]
    deliveries: Mapping[str, str] = field(default_factory=dict)
    replacements_sha256: str = ""
    seeds_sha256: str = ""
    built_by: str = ""


@dataclass(frozen=True)
class Warehouse:
    """The paths of one warehouse."""

    root: Path

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.root / "synerstat.duckdb"

    @property
    def landing(self) -> Path:
        """Landed deliveries as Parquet."""
        return self.root / "landing"

    @property
    def replacements(self) -> Path:
        """Replaced person keys, where identifier replacements have landed."""
        return self.landing / "identifier_replacements.parquet"

    @property
    def build_state(self) -> Path:
        """Written last by a build that succeeded."""
        return self.root / "quality" / "build.json"

    @property
    def feedback(self) -> Path:
        """The reports for the operators on the quarter that was built."""
        return self.root / "quality" / "feedback"

    @property
    def published_feedback(self) -> Path:
        """The same reports as a publication holds them."""
        return self.root / "quality" / "feedback_published"

    @property
    def data_docs(self) -> Path:
        """Pages of what the expectations found, build by build."""
        return self.root / "quality" / "data_docs"

    @property
    def expectations(self) -> Path:
        """The results of the expectations of the last build."""
        return self.root / "quality" / "expectations.json"


def spill_folder(warehouse: Path) -> Path:
    """Where an engine puts what does not fit into memory, unless it is told another folder."""
    return warehouse / "synerstat.duckdb.tmp"


@contextmanager
def exclusive(folder: Path, what: str = "warehouse") -> Iterator[None]:
    """Hold `folder` for this process alone; the lock is gone with the process, however it ends.

    Raises WarehouseBusyError at once where another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / ".synerstat.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise WarehouseBusyError(
            f"Another run is at work in the {what} {folder}. "
            "Wait until it has ended, then run this again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def landed_deliveries(warehouse: Path, up_to: str | None = None) -> tuple[LandedDelivery, ...]:
    """Deliveries in the landing folder, in order of operator, quarter and sequence.

    `up_to`, a quarter such as 2019Q4, leaves out those of later quarters. Raises DamagedError.
    """
    pattern = Warehouse(warehouse).landing / "*" / "*" / "delivery.parquet"
    if not any(Warehouse(warehouse).landing.glob("*/*/delivery.parquet")):
        return ()
    try:
        return read_deliveries("read_parquet(?)", [str(pattern)], up_to)
    except duckdb.Error:
        check_landed_files(warehouse)
        raise


def check_landed_files(warehouse: Path) -> None:
    """Raise DamagedError where a file of a landed delivery is cut off; only its end is read."""
    for path in sorted(Warehouse(warehouse).landing.glob("*/*/*.parquet")):
        try:
            pq.read_metadata(path)
        except pa.ArrowInvalid as error:
            fault = str(error).splitlines()[0].removesuffix(".")
            raise DamagedError(
                f"The landed file {path} is damaged ({fault}). Remove its folder and run "
                f"`synerstat intake --deliveries ... --warehouse {shlex.quote(str(warehouse))}` "
                "again: it lands the delivery anew."
            ) from None


def read_deliveries(
    relation: str,
    parameters: list[Any],
    up_to: str | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> tuple[LandedDelivery, ...]:
    """Deliveries of a relation with the columns of `delivery.parquet`, see `landed_deliveries`."""
    with connection.cursor() if connection else duckdb.connect() as cursor:
        rows = cursor.execute(
            f"""
            select
                operator,
                reference_quarter,
                cast(sequence as bigint),
                extracted_at_text,
                cast(file_count as bigint),
                cast(row_count as bigint),
                manifest_sha256,
                files_sha256,
                contract_version,
                sequence < max(sequence) over (partition by operator, reference_quarter)
            from {relation}
            where ? is null or reference_quarter <= ?
            order by operator, reference_quarter, sequence
            """,
            [*parameters, up_to, up_to],
        ).fetchall()
    return tuple(LandedDelivery(*row) for row in rows)


def latest_landed_quarter(warehouse: Path) -> str | None:
    """The latest reference quarter of the landed deliveries; None where nothing has landed."""
    return max((d.reference_quarter for d in landed_deliveries(warehouse)), default=None)


def refused_deliveries(warehouse: Path) -> tuple[RefusedDelivery, ...]:
    """Deliveries that the last intake refused, in order of operator and folder."""
    path = Warehouse(warehouse).landing / "refusals.parquet"
    if not path.exists():
        return ()
    rows = sorted(pq.read_table(path).to_pylist(), key=lambda row: (row["operator"], row["folder"]))
    return tuple(RefusedDelivery(**row) for row in rows)


def inputs_digest(warehouse: Path) -> str:
    """SHA-256 over what has landed: deliveries (`delivery_digests`), identifier replacements."""
    digest = hashlib.sha256(json.dumps(delivery_digests(warehouse), sort_keys=True).encode())
    digest.update(replacements_digest(warehouse).encode())
    return digest.hexdigest()


def replacements_digest(warehouse: Path) -> str:
    """SHA-256 over the identifier replacements that have landed; empty where none have."""
    replacements = Warehouse(warehouse).replacements
    if not replacements.exists():
        return ""
    with duckdb.connect() as connection:
        (digest,) = connection.execute(
            "select sha256(coalesce(string_agg(old_key || new_key, ' ' order by old_key), '')) "
            "from read_parquet(?)",
            [str(replacements)],
        ).fetchone() or ("",)
    return str(digest)


def delivery_digests(warehouse: Path, up_to: str | None = None) -> dict[str, str]:
    """By delivery (`vdab/2019Q4-1`), up to a quarter: SHA-256 over what its rows follow from.

    That is what was sent, the contract that it was read by, and the secret that its keys were made
    with: under another contract the same delivery lands again with other rows (decision 0010).
    """
    landing = Warehouse(warehouse).landing
    secret = landing / KEY_FINGERPRINT
    key = secret.read_text("utf-8") if secret.exists() else ""
    digests = {}
    for each in landed_deliveries(warehouse, up_to):
        folder = f"{each.reference_quarter}-{each.sequence}"
        source = landing / each.operator / folder / SOURCE
        made_of = json.loads(source.read_text("utf-8"))["source"] if source.exists() else {}
        known = [
            asdict(replace(each, is_replaced=False)),
            made_of.get("format_version"),
            made_of.get("contract_fingerprint"),
            key,
        ]
        digests[f"{each.operator}/{folder}"] = hashlib.sha256(
            json.dumps(known, sort_keys=True).encode()
        ).hexdigest()
    return digests


def built_by(warehouse: Path) -> str:
    """How the database names the build that it is of; empty where it is of none, or of Spark.

    Raises DamagedError where it is no database, duckdb.IOException where it can't be opened.
    """
    if not Warehouse(warehouse).database.exists():
        return ""
    with _opened(warehouse) as connection:
        try:
            rows = connection.execute(
                # what Spark left is shown as views, which nobody can add rows to
                "select distinct built_by from intermediate.int_deliveries__ranked where exists ("
                "from duckdb_tables() where table_name = 'int_deliveries__ranked')"
            ).fetchall()
        except duckdb.Error:
            # built by another version
            return ""
    return str(rows[0][0]) if len(rows) == 1 else ""


def _opened(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """The database, to be read only. Raises what `built_by` does."""
    database = Warehouse(warehouse).database
    try:
        return duckdb.connect(str(database), read_only=True)
    except duckdb.Error as error:
        fault = str(error).splitlines()[0]
        if not tells_of_damage(fault):
            raise
        raise DamagedError(
            f"The database {database} is damaged ({fault}). "
            f"{build_command(warehouse)} makes it anew from what has landed."
        ) from None


def tells_of_damage(message: str) -> bool:
    """Whether a message of DuckDB says that the database is damaged; see `MADE_ANEW`."""
    return any(sign in message for sign in _DAMAGED)


def remove_damaged_database(warehouse: Path) -> bool:
    """Remove the database where it is none, or not all of one; a build makes it anew.

    Raises duckdb.IOException where it can't be opened: then nobody knows what it is.
    """
    database = Warehouse(warehouse).database
    if not database.exists():
        return False
    try:
        _opened(warehouse).close()
    except DamagedError:
        database.unlink()
        # what DuckDB had yet to write into it
        database.with_name(f"{database.name}.wal").unlink(missing_ok=True)
        return True
    return False


def build_command(warehouse: Path, quarter: str | None = None) -> str:
    """The command that builds the warehouse, to be shown in a message."""
    words = ["synerstat", "build", "--warehouse", str(warehouse)]
    return f"`{shlex.join([*words, '--quarter', quarter] if quarter else words)}`"


def persons_are_invented(warehouse: Path) -> bool:
    """Whether what has landed is invented; so when nothing has (the sample stands in)."""
    landing = Warehouse(warehouse).landing
    return (landing / INVENTED_PERSONS).exists() or not landed_deliveries(warehouse)


def mark_persons_invented(warehouse: Path, invented: bool) -> None:
    """Note that the landed keys were made with the throw-away secret, or were not."""
    mark = Warehouse(warehouse).landing / INVENTED_PERSONS
    if invented:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text("Landed with the throw-away secret: the persons are invented.\n", "utf-8")
    else:
        mark.unlink(missing_ok=True)


INVENTED_PERSONS = "invented_persons.txt"


def forget_build(warehouse: Path) -> None:
    """Take back what the last build said about itself, before another one starts."""
    Warehouse(warehouse).build_state.unlink(missing_ok=True)
    Warehouse(warehouse).expectations.unlink(missing_ok=True)


def write_build_state(warehouse: Path, state: BuildState) -> None:
    """Note what the build was made of."""
    write_json(Warehouse(warehouse).build_state, asdict(state))


def read_build_state(warehouse: Path) -> BuildState:
    """What the last build was made of.

    Raises UsageError where no build has succeeded, or one of another version did.
    """
    path = Warehouse(warehouse).build_state
    if not path.exists() or not Warehouse(warehouse).database.exists():
        raise UsageError(
            f"The warehouse {warehouse} holds no finished build. "
            f"Run {build_command(warehouse)} first."
        )
    try:
        return BuildState(**json.loads(path.read_text("utf-8")))
    except (TypeError, ValueError):
        raise UsageError(
            f"The warehouse {warehouse} was built by another version of synerstat. "
            f"Run {build_command(warehouse)} again."
        ) from None


def finished_build(warehouse: Path) -> BuildState:
    """What the last build was made of, whose tables stand in the database.

    Raises UsageError as `read_build_state` does, and where the tables are of another build: dbt by
    itself makes tables, too, and says nothing of them here. Raises what `built_by` does.
    """
    state = read_build_state(warehouse)
    if built_by(warehouse) != state.built_by:
        raise UsageError(
            f"The tables in the warehouse {warehouse} are not those of its last finished build: "
            "dbt was run on it by itself, perhaps. "
            f"Run {build_command(warehouse, state.reference_quarter)} again."
        )
    return state


def no_records(warehouse: Path) -> UsageError:
    """What to raise where the records behind the figures can't be read.

    A build on Spark leaves them as files, and the database names these by their full path.
    """
    return UsageError(
        f"The records behind the figures are not in {warehouse}, or it was built in another "
        "folder: after a build on Spark they are the files in its folder `spark`. "
        f"Run {build_command(warehouse)} again."
    )


def write_expectations(warehouse: Path, quarter: str, result: ExpectationsResult) -> None:
    """Note the results of the expectations for the quarter."""
    write_json(Warehouse(warehouse).expectations, {"reference_quarter": quarter, **asdict(result)})


def read_expectations(warehouse: Path) -> ExpectationsResult | None:
    """The results that the last build noted; None where it noted none.

    Raises UsageError where a build of another version noted them.
    """
    path = Warehouse(warehouse).expectations
    if not path.exists():
        return None
    try:
        return expectations_from(json.loads(path.read_text("utf-8")))
    except (KeyError, TypeError, ValueError):
        raise UsageError(
            f"The warehouse {warehouse} was built by another version of synerstat. "
            f"Run {build_command(warehouse)} again."
        ) from None


def expectations_from(noted: Mapping[str, Any]) -> ExpectationsResult:
    """Results from what was noted. Raises KeyError or TypeError where another version noted it."""
    return ExpectationsResult(
        noted["passed"],
        tuple(noted["failures"]),
        tuple(noted["warnings"]),
        tuple(ExpectationOutcome(**outcome) for outcome in noted["outcomes"]),
        tuple(SuiteText(**suite) for suite in noted["suites"]),
    )


def write_json(path: Path, content: Any) -> None:
    """Write JSON that does not differ from run to run, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".partial")
    temporary.write_text(
        json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8"
    )
    temporary.replace(path)
