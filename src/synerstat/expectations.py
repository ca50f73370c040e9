"""Decide with Great Expectations whether the figures of a built warehouse may be published.

The suites are the reviewed JSON files of `<project>/expectations/`, one for each question. What a
suite is fed with stands in its `meta`, not here:

relations   what it judges, one run for each: the models of the schema `quality`, or marts
rows        SQL condition on the rows of the relations (optional)
cells       relation with one row per broken bound, listed in the messages (optional)
declared    relation with one row per broken bound that is declared and reviewed (optional)

`question`, `why_it_matters` and `what_to_do` are for the reader. Severity `critical` withholds the
publication, `warning` and `info` are only shown. Limits are variables of dbt_project.yml: the
models judge by them, and descriptions name them as `{variable}`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml

from synerstat.data_docs import note_run
from synerstat.errors import UsageError
from synerstat.warehouse import (
    ExpectationOutcome,
    ExpectationsResult,
    Progress,
    SuiteText,
    Warehouse,
    build_command,
    silent,
    write_expectations,
)

if TYPE_CHECKING:
    # both take long to load, and only a build needs them
    import pandas as pd
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )

# a message lists this many cells, and says how many there are
LISTED_CELLS = 10

BLOCKING = "blocking"
WARNING = "warning"


@dataclass(frozen=True)
class Suite:
    """A suite of expectations as it stands in its file.

    `expectations` are configurations in the form of Great Expectations; each has a `name` of its
    own in its `meta`.
    """

    name: str
    meta: Mapping[str, Any]
    expectations: Sequence[Mapping[str, Any]]


def load_suites(project: Path) -> tuple[Suite, ...]:
    """The suites of the project, in order of their names.

    Raises UsageError where the project has none, or a file is no suite: a quarter that nothing
    judged must not look as if it had passed; also where a description names no variable.
    """
    folder = project / "expectations"
    limits = _limits(project)
    suites = []
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text("utf-8"))
            expectations = tuple(
                {**each, "description": each.get("description", "").format_map(limits)}
                for each in content["expectations"]
            )
            suite = Suite(content["name"], content["meta"], expectations)
            names = [expectation["meta"]["name"] for expectation in suite.expectations]
            told = all(suite.meta[name] for name in ("question", "why_it_matters", "what_to_do"))
            complete = told and bool(suite.meta["relations"]) and len(set(names)) == len(names) > 0
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path} is no suite of expectations: {error!r}. Correct it."
            ) from error
        if not complete:
            raise UsageError(
                f"{path} needs in its meta at least one relation and the texts question, "
                "why_it_matters and what_to_do; and one expectation, each with a name of its own. "
                "Correct it."
            )
        suites.append(suite)
    if not suites:
        raise UsageError(
            f"{folder} holds no suites of expectations, so nothing can say whether the figures "
            "may be published. Restore the folder from the project."
        )
    return tuple(suites)


def _limits(project: Path) -> dict[str, str]:
    """The variables of the project as descriptions show them: shares as per cent."""
    path = project / "dbt_project.yml"
    content = yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}
    return {
        name: f"{value * 100:g} %" if isinstance(value, float) and value < 1 else str(value)
        for name, value in (content.get("vars") or {}).items()
    }


def check(
    warehouse: Path,
    quarter: str,
    project: Path,
    progress: Progress = silent,
) -> ExpectationsResult:
    """Judge the built warehouse by all suites and note the result in its folder `quality`.

    `quarter` looks like 2019Q4. The pages `quality/data_docs` show this run beside earlier ones.
    Nothing else is written, and nothing is sent or fetched. An expectation that can't be evaluated
    counts as failed.

    Raises UsageError where the project has no usable suites or the warehouse no database.
    """
    suites = load_suites(project)
    database = Warehouse(warehouse).database
    if not database.exists():
        raise UsageError(
            f"The warehouse {warehouse} holds no built database. "
            f"Run {build_command(warehouse, quarter)} first."
        )
    context = _context()
    outcomes: list[ExpectationOutcome] = []
    declared: list[str] = []
    with duckdb.connect(str(database), read_only=True) as connection:
        for suite in suites:
            progress(f"Checking {suite.name.replace('_', ' ')}")
            for relation in suite.meta["relations"]:
                outcomes += _judge(context, connection, suite, relation)
            declared += _declared(connection, suite)
    result = ExpectationsResult(
        passed=not _messages(outcomes, BLOCKING),
        failures=_messages(outcomes, BLOCKING),
        warnings=(*_messages(outcomes, WARNING), *declared),
        outcomes=tuple(outcomes),
        suites=tuple(
            SuiteText(
                suite.name,
                suite.meta["question"],
                suite.meta["why_it_matters"],
                suite.meta["what_to_do"],
            )
            for suite in suites
        ),
    )
    write_expectations(warehouse, quarter, result)
    note_run(Warehouse(warehouse).data_docs, quarter, result, datetime.now(UTC))
    return result


def _messages(outcomes: Sequence[ExpectationOutcome], severity: str) -> tuple[str, ...]:
    return tuple(o.message for o in outcomes if not o.passed and o.severity == severity)


def _context() -> "EphemeralDataContext":
    """A context that lives in memory: no files, no telemetry, no progress bars."""
    import great_expectations
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return great_expectations.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        ),
    )


def _judge(
    context: "EphemeralDataContext",
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    relation: str,
) -> list[ExpectationOutcome]:
    """One outcome per expectation of the suite, in the suite's order, for one of its relations."""
    frame: pd.DataFrame | None
    results: dict[str, dict[str, Any]]
    try:
        frame = _frame(connection, relation, suite.meta.get("rows"))
        results = _validate(context, suite, relation, frame)
    except Exception as error:
        # whatever goes wrong here, the figures were not judged
        results, frame, fault = {}, None, _first_line(error)
    else:
        fault = "Great Expectations gave no result for it"
    return [
        _outcome(
            connection, suite, relation, frame, wanted, results.get(wanted["meta"]["name"]), fault
        )
        for wanted in suite.expectations
    ]


def _frame(
    connection: duckdb.DuckDBPyConnection, relation: str, rows: str | None = None
) -> "pd.DataFrame":
    """The rows of a relation, always in the same order."""
    condition = f"where {rows}" if rows else ""
    return connection.execute(f"select * from {relation} {condition} order by all").df()


def _validate(
    context: "EphemeralDataContext", suite: Suite, relation: str, frame: "pd.DataFrame"
) -> dict[str, dict[str, Any]]:
    """Results of Great Expectations, as JSON, by the name of the expectation.

    What does not hold is evaluated once more, to tell of which rows: asking that of all takes a
    third longer.
    """
    from great_expectations.core import ExpectationSuite

    batch = (
        context.data_sources.add_or_update_pandas(suite.name)
        .add_dataframe_asset(relation)
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame})
    )

    def results(expectations: Sequence[Mapping[str, Any]], detail: str) -> dict[str, Any]:
        validated = batch.validate(
            ExpectationSuite(
                name=suite.name,
                meta=dict(suite.meta),
                expectations=[dict(expectation) for expectation in expectations],
            ),
            result_format={"result_format": detail, "return_unexpected_index_query": False},
        )
        told: list[dict[str, Any]] = [result.to_json_dict() for result in validated.results]
        return {str(result["expectation_config"]["meta"]["name"]): result for result in told}

    judged = results(suite.expectations, "BOOLEAN_ONLY")
    failed = [each for each in suite.expectations if not _holds(judged.get(each["meta"]["name"]))]
    return judged | (results(failed, "COMPLETE") if failed else {})


def _holds(found: Mapping[str, Any] | None) -> bool:
    return found is not None and bool(found["success"])


def _outcome(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    relation: str,
    frame: "pd.DataFrame | None",
    wanted: Mapping[str, Any],
    found: Mapping[str, Any] | None,
    fault: str,
) -> ExpectationOutcome:
    name = str(wanted["meta"]["name"])
    raised = fault if found is None else _raised(found["exception_info"])
    passed = _holds(found) and raised is None
    cells: list[str] = []
    total = 0
    if not passed and raised is None and found is not None:
        total, cells = _cells(connection, suite, relation, frame, name, found["result"])
    return ExpectationOutcome(
        suite=suite.name,
        expectation=name,
        relation=relation,
        statement=str(wanted.get("description") or name),
        severity=BLOCKING if wanted.get("severity", "critical") == "critical" else WARNING,
        passed=passed,
        cells_failed=total,
        message="" if passed else _told(suite, relation, wanted, raised, total, cells),
    )


def _told(
    suite: Suite,
    relation: str,
    wanted: Mapping[str, Any],
    raised: str | None,
    total: int,
    cells: Sequence[str],
) -> str:
    """The message of an expectation that did not hold."""
    name = str(wanted["meta"]["name"])
    lines = [f"{suite.name}, {name}: {wanted.get('description') or name}"]
    if raised is not None:
        lines.append(f"  It could not be checked on {relation}, which counts as failed: {raised}.")
    elif total:
        lines.append(f"  It does not hold for {total:,} {'cell' if total == 1 else 'cells'}:")
    lines += [f"    {cell}" for cell in cells]
    if total > len(cells):
        lines.append(f"    and {total - len(cells):,} more")
    todo = wanted["meta"].get("what_to_do") or suite.meta.get("what_to_do")
    if todo:
        lines.append(f"  What to do: {todo}")
    return "\n".join(lines)


def _cells(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    relation: str,
    frame: "pd.DataFrame | None",
    name: str,
    result: Mapping[str, Any],
) -> tuple[int, list[str]]:
    """How many cells an expectation fails on, and the first of them in words."""
    if suite.meta.get("cells"):
        total, cells = _broken_bounds(connection, suite.meta["cells"], name)
        if total:
            return total, cells
    unexpected = list(dict.fromkeys(result.get("unexpected_index_list") or []))
    if unexpected and frame is not None:
        shown = frame.loc[unexpected[:LISTED_CELLS]].to_dict("records")
        return len(unexpected), [_row_told(relation, row) for row in shown]
    return 0, [f"{relation}: found {result.get('observed_value')}"]


def _broken_bounds(
    connection: duckdb.DuckDBPyConnection, cells: str, check_name: str
) -> tuple[int, list[str]]:
    """The broken bounds of a check, those of the largest differences in words."""
    broken = connection.execute(
        f"""
        select
            mart,
            scope,
            indicator,
            expected,
            actual,
            abs(difference),
            difference > 0,
            tolerance,
            whose_data,
            count(*) over ()
        from {cells}
        where check_name = ?
        order by abs(difference) desc, mart, scope, indicator, difference
        limit {LISTED_CELLS}
        """,
        [check_name],
    ).fetchall()
    told = [
        f"{mart}, {scope}: {indicator} is {actual:,}, expected {expected:,}"
        + (f" (give or take {tolerance:,} for rounding)" if tolerance else "")
        + f"; {difference:,} too {'many' if too_many else 'few'}; "
        + (f"data of {whose_data}" if whose_data else "data of several operators")
        for (
            mart,
            scope,
            indicator,
            expected,
            actual,
            difference,
            too_many,
            tolerance,
            whose_data,
            _,
        ) in broken
    ]
    return (broken[0][-1] if broken else 0), told


def _declared(connection: duckdb.DuckDBPyConnection, suite: Suite) -> list[str]:
    """What is declared and reviewed, so that it does not withhold the publication: in words."""
    if not suite.meta.get("declared"):
        return []
    names = [str(expectation["meta"]["name"]) for expectation in suite.expectations]
    declared = connection.execute(
        f"""
        select
            check_name,
            reason,
            cast(valid_until as varchar),
            count(*),
            min(scope)
        from {suite.meta["declared"]}
        where list_contains(?, check_name)
        group by check_name, reason, valid_until
        order by check_name, reason, valid_until
        """,
        [names],
    ).fetchall()
    return [
        f"{suite.name}, {check_name}: declared as known until {valid_until}: {reason} "
        f"({scope}{f' and {cells - 1:,} more' if cells > 1 else ''})"
        for check_name, reason, valid_until, cells, scope in declared
    ]


def _row_told(relation: str, row: Mapping[Any, Any]) -> str:
    """A row of a mart in words: its codes, then its figures, then whose data it is made of."""
    codes = [f"{name}={value}" for name, value in row.items() if isinstance(value, str)]
    figures = [f"{name}={value}" for name, value in row.items() if not isinstance(value, str)]
    operator = row.get("operator")
    owner = f"data of {operator}" if operator not in (None, "_T") else "data of several operators"
    return f"{relation}, {', '.join(codes)}: {', '.join(figures)}; {owner}"


def _raised(information: Mapping[str, Any] | None) -> str | None:
    """What an expectation raised while it was evaluated; None where it raised nothing."""
    if not information:
        return None
    # one entry for the expectation, or one for each of the metrics it needs
    entries = [information] if "raised_exception" in information else list(information.values())
    messages = [entry["exception_message"] for entry in entries if entry.get("raised_exception")]
    return "; ".join(sorted({str(message) for message in messages})) or None


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
