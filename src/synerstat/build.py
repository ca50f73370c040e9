"""Build the warehouse: dbt in this process, then the expectations in another one."""

import hashlib
import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

import synerstat
from synerstat import spark
from synerstat.beside import at_hand
from synerstat.errors import BuildFailedError, ChecksFailedError, UsageError
from synerstat.expectations import check
from synerstat.garbage import without_collecting
from synerstat.manifests import keep_manifest, kept_manifest, manifest_file
from synerstat.warehouse import (
    MADE_ANEW,
    BuildState,
    ExpectationsResult,
    Progress,
    RefusedDelivery,
    Warehouse,
    built_by,
    check_landed_files,
    delivery_digests,
    forget_build,
    inputs_digest,
    persons_are_invented,
    read_build_state,
    refused_deliveries,
    remove_damaged_database,
    replacements_digest,
    silent,
    spill_folder,
    tells_of_damage,
    write_build_state,
)

if TYPE_CHECKING:
    from synerstat.feedback import WrittenFeedback

# a build tells about itself this many times, not once for each of its hundreds of steps
PROGRESS_LINES = 8
SHOWN_ISSUES = 10
# views on what disclosure control writes: they live where the publication reads them
PUBLICATION_MODELS = "path:models/publication"
# a build that continues another has the same seeds, which that one tested
SEEDS = "path:seeds"
# views on records, which Spark leaves as files
VIEWS_ON_RECORDS = "path:models/intermediate,config.materialized:view"
# what dbt says of a step that could not be done
BROKEN = ("error", "runtime error")


@dataclass(frozen=True)
class BuildIssue:
    """A step that failed, or what is warned of. `kind`: model, seed, test ..., or database."""

    kind: str
    name: str
    message: str


@dataclass(frozen=True)
class BuildResult:
    """What a build did. `counts`: steps that succeeded, by kind."""

    warehouse: Path
    quarter: str
    counts: Mapping[str, int]
    warnings: tuple[BuildIssue, ...]
    refusals: tuple[RefusedDelivery, ...]
    expectations: ExpectationsResult
    feedback: "WrittenFeedback | None" = None


def build(
    project: Path,
    warehouse: Path,
    quarter: str,
    *,
    target: str = "dev",
    threads: int = 2,
    memory_limit: str = "3GB",
    temp_dir: Path | None = None,
    landing: str | None = None,
    whole: bool = False,
    read: Any | None = None,
    progress: Progress = silent,
) -> BuildResult:
    """Build all models for the reference quarter, test them, check expectations, tell operators.

    `project` is the folder of dbt_project.yml, `quarter` looks like 2019Q4, `memory_limit` like
    3GB; `temp_dir` takes what does not fit into it (default: beside the database). `landing` is the
    URI of landed deliveries that lie elsewhere (target spark only). A build continues the one
    before where it may (`may_continue`), unless it is to be `whole`: the result is the same. `read`
    is what `read_project` gave, if it was asked. The caller holds the warehouse
    (`synerstat.warehouse.exclusive`).

    Raises DamagedError where a landed file is cut off, BuildFailedError where a model could not be
    built, and ChecksFailedError where a test on the data failed; the feedback for the operators is
    written all the same. Failed expectations and refused deliveries are no errors: they stand in
    the result, and withhold the publication.
    """
    # imported here: the check of one delivery builds, too
    from synerstat.feedback import FEEDBACK_MODELS, write_feedback

    if not (project / "dbt_project.yml").exists():
        raise UsageError(
            f"{project} holds no dbt_project.yml. "
            "Run inside the project's folder, or name it with --project."
        )
    began = str(project_variables(project).get("coverage_start", ""))
    if began and quarter < (first := f"{began[:4]}Q1"):
        raise UsageError(
            f"{quarter} lies before the statistic begins, which is in {first}. "
            "Name a later quarter with --quarter."
        )
    root = warehouse.resolve()
    root.mkdir(parents=True, exist_ok=True)
    resources: dict[str, Any] = {
        "threads": threads,
        "memory_limit": memory_limit,
        "temp_dir": temp_dir,
    }
    engine: dict[str, Any] = {"target": target, **resources}
    if target != spark.TARGET and (landing is not None or spark.records_lie_elsewhere(root)):
        raise UsageError(
            "Only Spark reads records where they lie: add --target spark and --landing, or land "
            "the deliveries in a warehouse with `synerstat intake`."
        )
    if target == spark.TARGET:
        spark.require_spark(memory_limit)
        engine["variables"] = spark.landing_variables(root, landing)
        spark.start_anew(root)
    check_landed_files(root)
    mended: tuple[BuildIssue, ...] = ()
    if remove_damaged_database(root):
        told = "was damaged and is removed: it is made anew from what has landed"
        mended = (BuildIssue("database", Warehouse(root).database.name, told),)
        progress(f"{Warehouse(root).database} {told}")
    before = _last_build(root)
    forget_build(root)
    inputs = inputs_digest(root)
    state = _state(project, root, quarter, inputs)
    continued = not whole and target != spark.TARGET and may_continue(before, state, built_by(root))
    if continued:
        progress("Continuing the build before: only what new deliveries change is made anew")
    with at_hand("great_expectations", "synerstat.expectations") as judge:
        try:
            counts, warnings = build_models(
                project, root, quarter, continued=continued, read=read, progress=progress, **engine
            )
            if target == spark.TARGET:
                counts, warnings = _with_views(
                    project, root, quarter, counts, warnings, resources, progress
                )
        except ChecksFailedError:
            # models behind a failed test were left out, those of the feedback among them
            progress("Tests failed; writing the feedback for the operators")
            build_models(project, root, quarter, command="run", select=FEEDBACK_MODELS, **engine)
            write_feedback(project, root, rule_set_version(project))
            raise
        finally:
            if target == spark.TARGET:
                spark.end_session()
        progress("Checking the expectations and writing the feedback for the operators")
        with judge.doing(check, root, quarter, project.resolve(), progress=progress) as judged:
            feedback = write_feedback(project, root, rule_set_version(project))
        expectations = judged.result()
    # last: where it stands, all before it is of this build
    write_build_state(root, replace(state, built_by=built_by(root)))
    return BuildResult(
        root,
        quarter,
        counts,
        (*mended, *warnings),
        refused_deliveries(root),
        expectations,
        feedback,
    )


def may_continue(before: BuildState | None, now: BuildState, found: str) -> bool:
    """Whether a build may keep the rows of the one before, and add what new deliveries change.

    So where the one before was finished and its tables still stand (`found` is how the database
    names its build), rules, mappings, engine and identifier replacements are the same, and no
    delivery that it read is gone or another. Anything else makes every table anew.
    """
    if before is None or not before.deliveries or not found or before.built_by != found:
        return False
    own = {"reference_quarter", "inputs_sha256", "invented_persons", "deliveries", "built_by"}
    same = all(
        getattr(before, field.name) == getattr(now, field.name)
        for field in fields(BuildState)
        if field.name not in own
    )
    return (
        same
        and before.reference_quarter <= now.reference_quarter
        and before.deliveries.items() <= now.deliveries.items()
    )


def _last_build(root: Path) -> BuildState | None:
    try:
        return read_build_state(root)
    except UsageError:
        return None


def _with_views(
    project: Path,
    root: Path,
    quarter: str,
    counts: Mapping[str, int],
    warnings: tuple[BuildIssue, ...],
    resources: Mapping[str, Any],
    progress: Progress,
) -> tuple[Mapping[str, int], tuple[BuildIssue, ...]]:
    """Build on DuckDB what Spark does not hand over, all of it views, and add the steps up."""
    more, warned = build_models(
        project,
        root,
        quarter,
        select=f"{PUBLICATION_MODELS} {VIEWS_ON_RECORDS}",
        progress=progress,
        **resources,
    )
    kinds = sorted(counts.keys() | more.keys())
    both = {kind: counts.get(kind, 0) + more.get(kind, 0) for kind in kinds}
    return both, (*warnings, *warned)


def project_variables(project: Path) -> dict[str, Any]:
    """The variables of dbt_project.yml: the numbers that the counting rules need."""
    content = yaml.safe_load((project / "dbt_project.yml").read_text("utf-8"))
    return dict(content.get("vars") or {})


def rule_set_version(project: Path) -> str:
    """The version of the rules: that of the dbt project, whose models judge and count."""
    content = yaml.safe_load((project / "dbt_project.yml").read_text("utf-8"))
    return str(content["version"])


def build_models(
    project: Path,
    warehouse: Path,
    quarter: str,
    *,
    command: Literal["build", "seed", "run"] = "build",
    select: str | None = None,
    target: str = "dev",
    threads: int = 2,
    memory_limit: str = "3GB",
    temp_dir: Path | None = None,
    variables: Mapping[str, Any] | None = None,
    continued: bool = False,
    read: Any | None = None,
    progress: Progress = silent,
) -> tuple[Mapping[str, int], tuple[BuildIssue, ...]]:
    """Run one dbt command over the whole project, or over what `select` (dbt's syntax) names.

    Returns the counts of steps that succeeded, by kind, and the tests that warned. Unit tests are
    left out: they test the models, not the data. `variables` are set on top of the project's. What
    was built on Spark is handed over to the database. `continued` keeps the rows of the build
    before that nothing new has changed. `read` is what `read_project` gave, of use on the engine
    dev; without it the project is read here. Raises as `build` does.
    """
    # imported here: dbt takes seconds to load, and only a build needs it
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner

    told = {
        "reference_quarter": quarter,
        "landing_path": str(Warehouse(warehouse).landing),
        **(variables or {}),
    }
    arguments = _arguments(project, warehouse, command, target, told)
    # a seed whose columns changed since the last build is made anew
    arguments.append("--full-refresh")
    if command == "build":
        arguments += ["--exclude-resource-type", "unit_test"]
    if select:
        arguments += ["--select", select]
    elif target == spark.TARGET:
        arguments += ["--exclude", PUBLICATION_MODELS]
    elif continued:
        # cautious: a test of a model that looks codes up in a seed is no test of the seed
        arguments += ["--exclude", SEEDS, "--indirect-selection", "cautious"]
    # of what dbt writes down of a run only its results are kept: the manifest takes half a second,
    # and is the same for every warehouse
    arguments.append("--no-write-json")
    manifest = None
    if target == "dev":
        manifest = read or read_project(project, warehouse, progress=progress)
    steps = _Steps(progress)
    settings = _settings(warehouse, threads, memory_limit, temp_dir)
    with _environment(settings | {"SYNERSTAT_CONTINUE": "yes" if continued else "no"}):
        with without_collecting(), _without_details():
            outcome = dbtRunner(manifest, callbacks=[steps]).invoke(arguments)
        _close_database()
    if isinstance(outcome.exception, KeyboardInterrupt):
        # dbt hands it over as a result; it is the user's word all the same
        raise outcome.exception
    if not isinstance(outcome.result, RunExecutionResult):
        raise BuildFailedError(
            f"dbt could not run the project in {project}: {outcome.exception}. "
            f"The whole story is in {warehouse / 'logs' / 'dbt.log'}."
        )
    outcome.result.write(str(warehouse / "target" / "run_results.json"))
    results = outcome.result.results
    if target == spark.TARGET and not any(str(r.status) in BROKEN for r in results):
        spark.hand_over(warehouse, progress)
    return _judge(results, warehouse)


@contextmanager
def _without_details() -> Iterator[None]:
    """Let dbt make no messages of what is below the level of its log.

    It makes each of them in full before it asks who writes it down: a tenth of what a build takes
    besides its statements.
    """
    from dbt_common.events import event_manager_client
    from dbt_common.events.base_types import BaseEvent, EventLevel
    from dbt_common.events.event_manager import EventManager

    class WithoutDetails(EventManager):
        def fire_event(
            self,
            e: BaseEvent,
            level: EventLevel | None = None,
            node: Any = None,
            force_warn_or_error_handling: bool = False,
        ) -> None:
            if force_warn_or_error_handling or (level or e.level_tag()) not in (
                EventLevel.DEBUG,
                EventLevel.TEST,
            ):
                super().fire_event(e, level, node, force_warn_or_error_handling)

    before = event_manager_client.get_event_manager()
    event_manager_client.ctx_set_event_manager(WithoutDetails())
    try:
        yield
    finally:
        event_manager_client.ctx_set_event_manager(before)


@without_collecting()
def read_project(
    project: Path,
    warehouse: Path,
    *,
    has_time: Callable[[], bool] = lambda: False,
    progress: Progress = silent,
) -> Any | None:
    """The project as dbt reads it (its manifest) for any build on the engine dev, kept if it was.

    None where it can't be read: the build meets that again, and tells. Where there is time then,
    what takes seconds to load is loaded, too.
    """
    file = manifest_file(project)
    manifest = kept_manifest(file)
    if manifest is None:
        progress("Reading the project")
        from dbt.cli.main import dbtRunner

        root = warehouse.resolve()
        root.mkdir(parents=True, exist_ok=True)
        arguments = _arguments(project, root, "parse", "dev", {})
        settings = _settings(root, threads=1, memory_limit="1GB", temp_dir=None)
        with _environment(settings), _without_details():
            outcome = dbtRunner().invoke([*arguments, "--no-write-json"])
        if outcome.success:
            manifest = outcome.result
            keep_manifest(project, file, manifest)
    if has_time():
        importlib.import_module("dbt.cli.main")
    return manifest


def _arguments(
    project: Path, warehouse: Path, command: str, target: str, variables: Mapping[str, Any]
) -> list[str]:
    """The words of a dbt command."""
    return [
        "--quiet",
        "--no-print",
        "--no-use-colors",
        *("--log-level", "none"),
        *("--log-level-file", "info"),
        *("--log-path", str(warehouse / "logs")),
        command,
        *("--project-dir", str(project.resolve())),
        *("--profiles-dir", str(project.resolve() / "profiles")),
        *("--target", target),
        *("--target-path", str(warehouse / "target")),
        *("--vars", yaml.safe_dump(variables, default_flow_style=True, width=10_000)),
    ]


def _settings(
    warehouse: Path, threads: int, memory_limit: str, temp_dir: Path | None
) -> dict[str, str]:
    """The variables that the profile reads."""
    return {
        "SYNERSTAT_WAREHOUSE": str(warehouse),
        "SYNERSTAT_THREADS": str(threads),
        "SYNERSTAT_MEMORY_LIMIT": memory_limit,
        "SYNERSTAT_TEMP_DIR": str(temp_dir or spill_folder(warehouse)),
        "DO_NOT_TRACK": "1",
    }


def _judge(
    results: Iterable[Any], warehouse: Path
) -> tuple[Mapping[str, int], tuple[BuildIssue, ...]]:
    """Counts of the steps that succeeded and tests that warned; raises where a step failed."""
    counts: dict[str, int] = {}
    issues: dict[str, list[BuildIssue]] = {}
    for result in results:
        kind, status = str(result.node.resource_type), str(result.status)
        if status in ("success", "pass"):
            counts[kind] = counts.get(kind, 0) + 1
        else:
            message = " ".join(str(result.message or "").split())
            issues.setdefault(status, []).append(BuildIssue(kind, result.node.name, message))
    statements = warehouse / "target" / "run"
    if broken := [issue for status in BROKEN for issue in issues.get(status, [])]:
        advice = f"Mend the first one and build again; the statements are in {statements}."
        if any(tells_of_damage(issue.message) for issue in broken):
            advice = MADE_ANEW
        raise BuildFailedError(
            f"The build failed ({len(broken)} steps):\n{_told(broken)}\n{advice}"
        )
    if failed := issues.get("fail", []):
        raise ChecksFailedError(
            f"Tests on the data failed ({len(failed)}), so nothing is published:\n{_told(failed)}\n"
            "The comment of each test says why it matters and what to look at first; "
            f"its query is below {warehouse / 'target' / 'compiled'}."
        )
    return counts, tuple(issues.get("warn", []))


def _told(issues: list[BuildIssue]) -> str:
    lines = [f"  {issue.kind} {issue.name}: {issue.message}" for issue in issues[:SHOWN_ISSUES]]
    if len(issues) > SHOWN_ISSUES:
        lines.append(f"  and {len(issues) - SHOWN_ISSUES} more")
    return "\n".join(lines)


class _Steps:
    """Turns dbt's events into a few lines of progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._told = 0

    def __call__(self, event: Any) -> None:
        if event.info.name not in ("LogModelResult", "LogSeedResult", "LogTestResult"):
            return
        # tests call it by another name
        is_test = event.info.name == "LogTestResult"
        done, total = event.data.index, event.data.num_models if is_test else event.data.total
        if total and done * PROGRESS_LINES // total > self._told:
            self._told = done * PROGRESS_LINES // total
            self._progress(f"Building and testing the models: {done} of {total} steps")


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for the time of a dbt run: profiles can be told things in no other way."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _close_database() -> None:
    """Let go of the database file, which dbt may keep open for the life of the process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    manager: Any = DuckDBConnectionManager
    if manager._ENV is not None:
        manager._ENV.close()
    manager.close_all_connections()


def _state(project: Path, warehouse: Path, quarter: str, inputs: str) -> BuildState:
    return BuildState(
        reference_quarter=quarter,
        inputs_sha256=inputs,
        invented_persons=persons_are_invented(warehouse),
        code_version=synerstat.__version__,
        code_sha256=_digest(Path(__file__).parent, ["**/*.py"]),
        rule_set_version=rule_set_version(project),
        models_sha256=_digest(project, ["dbt_project.yml", "macros/**/*.sql", "models/**/*.sql"]),
        nomenclature_sha256=_digest(
            project,
            ["seeds/nomenclature/*.csv", "seeds/crosswalk/*.csv", "seeds/geography/*.csv"],
        ),
        dbt_version=version("dbt-core"),
        duckdb_version=version("duckdb"),
        variables={
            name: value
            for name, value in project_variables(project).items()
            if name != "reference_quarter"
        },
        deliveries=delivery_digests(warehouse, quarter),
        replacements_sha256=replacements_digest(warehouse),
        seeds_sha256=_digest(project, ["seeds/**/*.csv"]),
    )


def _digest(folder: Path, patterns: list[str]) -> str:
    """SHA-256 over the files of a folder, names and contents, line ends of any system alike."""
    digest = hashlib.sha256()
    for path in sorted({file for pattern in patterns for file in folder.glob(pattern)}):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
