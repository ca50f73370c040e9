"""Publish a quarter: read the marts, withhold small counts, write a vintage."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import duckdb

from synerstat.beside import AtHand
from synerstat.data_docs import write_published_docs
from synerstat.errors import PublicationError, PublicationWithheldError, UsageError
from synerstat.publish import folder as folders
from synerstat.publish.control import Protection, controlled, keep_proof
from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.folder import PROVENANCE
from synerstat.publish.formats import (
    Edition,
    harmless,
    literal,
    writing_formats,
)
from synerstat.publish.formats.vocabulary import description, read_code_lists
from synerstat.publish.revisions import (
    REPLACEMENTS,
    REVISIONS,
    LargeRevisions,
    large_revisions,
    previous_vintage,
    write_mapping,
    write_revisions,
    write_series_breaks,
)
from synerstat.warehouse import (
    BuildState,
    Progress,
    Warehouse,
    build_command,
    exclusive,
    finished_build,
    inputs_digest,
    landed_deliveries,
    read_deliveries,
    read_expectations,
    refused_deliveries,
    silent,
    spill_folder,
    write_json,
)

DISCLOSURE_AUDIT = "quality/disclosure_audit.json"
PROTECTED_AGAINST = "protected_against"
NOT_AUDITED = {
    "passed": None,
    "reason": "The persons are invented: nothing but their small counts is withheld.",
}
LANGUAGES = ("en", "fr", "nl", "de")

# Unknown and total stand in every code list but these: there is always an operator and a type, and
# indicators, flags and frequencies have no total.
WITHOUT_UNKNOWN = ("OPERATOR", "TRAINING_TYPE")


@dataclass(frozen=True)
class CellCounts:
    """How many rows a data set has, and how many of them are withheld."""

    cells: int
    withheld: int


@dataclass(frozen=True)
class Publication:
    """A vintage. `is_new`: made by this run; else the last one, which nothing has changed since.

    `warnings` say what would be a surprise to those who use the figures.
    """

    folder: Path
    vintage: str
    is_new: bool
    cells: Mapping[str, CellCounts]
    warnings: tuple[str, ...] = ()


def vintage_name(quarter: str, number: int) -> str:
    """The n-th publication of a quarter: 2019Q4-v1."""
    return f"{quarter}-v{number}"


def publish(
    warehouse: Path,
    quarter: str,
    out: Path,
    *,
    threads: int = 2,
    memory_limit: str = "3GB",
    temp_dir: Path | None = None,
    secondary: bool | None = None,
    formats: AtHand | None = None,
    progress: Progress = silent,
) -> Publication:
    """Publish what was built for the quarter (2019Q4) below `out`, whole or not at all.

    Where nothing but the number of the vintage would differ from the last one, that one stands. The
    caller holds the warehouse (`synerstat.warehouse.exclusive`).

    `secondary` says whether other figures are withheld with the small counts, so that none can be
    computed. None: yes, unless the persons are invented. `formats` is what `formats_at_hand` gave,
    if it was asked.

    Raises UsageError where the quarter is not the one that was built or the landing has changed
    since, where real persons would go unprotected or something is in the way of `latest`;
    PublicationWithheldError after refused deliveries or failed expectations, or where small counts
    can't be protected; and PublicationError where what was written does not agree with itself.
    """
    state = finished_build(warehouse)
    check_publishable(warehouse, quarter, state)
    secondary = not state.invented_persons if secondary is None else secondary
    if not secondary and not state.invented_persons:
        raise UsageError(
            "Only figures of invented persons may be published with their small counts withheld "
            "and nothing else. Publish with `--disclosure-control full`."
        )
    threshold = int(state.variables["disclosure_threshold"])
    with exclusive(out, "publication folder"):
        folders.check_latest(out)
        numbers = folders.vintages(out, quarter)
        last = numbers[-1] if numbers else None
        with _built(warehouse, quarter, threads, memory_limit, temp_dir) as connection:
            before = out / quarter / f"v{last}"
            if last is not None and _same_origin(before, connection, warehouse, state, secondary):
                # written under the last number, so that files of unchanged content are equal
                vintage = vintage_name(quarter, last)
                progress(f"Comparing with {vintage}")
                earlier = _protected_against(before)
                with folders.beside(out, quarter) as temporary:
                    cells, _ = _write(
                        temporary,
                        connection,
                        warehouse,
                        state,
                        last,
                        _compared_with(before),
                        Protection(threshold, secondary, earlier, as_in=before),
                        formats,
                        progress,
                    )
                    if _content(before) == _content(temporary):
                        folders.switch_latest(out)
                        return Publication(before, vintage, is_new=False, cells=cells)
            number = (last or 0) + 1
            vintage = vintage_name(quarter, number)
            progress(f"Writing {vintage}")
            with folders.beside(out, quarter) as temporary:
                previous = previous_vintage(out, quarter, number)
                cells, large = _write(
                    temporary,
                    connection,
                    warehouse,
                    state,
                    number,
                    previous,
                    Protection(threshold, secondary, folders.all_vintages(out)),
                    formats,
                    progress,
                )
                published = folders.appear(temporary, out, quarter, number)
        folders.switch_latest(out)
    warned = _revised_much(large, float(state.variables["largest_revision"]))
    return Publication(published, vintage, is_new=True, cells=cells, warnings=warned)


def check_publishable(warehouse: Path, quarter: str, state: BuildState) -> None:
    """Raise where the warehouse, as it stands, may not be published as the quarter."""
    if state.reference_quarter != quarter:
        raise UsageError(
            f"The warehouse was built for {state.reference_quarter}, not for {quarter}. "
            f"Run {build_command(warehouse, quarter)} first."
        )
    if state.inputs_sha256 != inputs_digest(warehouse):
        raise UsageError(
            "Other deliveries have landed since the build. "
            f"Run {build_command(warehouse, quarter)} again."
        )
    if refused := refused_deliveries(warehouse):
        names = ", ".join(f"{each.operator}/{each.folder} ({each.reason})" for each in refused)
        raise PublicationWithheldError(
            f"Nothing is published, because deliveries were refused: {names}. "
            "Have them corrected or taken out of the deliveries, then run intake and build again."
        )
    expectations = read_expectations(warehouse)
    if expectations is None or not expectations.passed:
        reasons = (
            "\n".join(f"  {reason}" for reason in expectations.failures) if expectations else ""
        )
        raise PublicationWithheldError(
            "Nothing is published, because blocking expectations failed:\n"
            f"{reasons or '  no results were noted; build again'}"
        )


@contextmanager
def _built(
    warehouse: Path, quarter: str, threads: int, memory_limit: str, temp_dir: Path | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory with the warehouse attached, read-only, as `warehouse`.

    Raises UsageError where the warehouse lacks what this version publishes.
    """
    store = Warehouse(warehouse)
    if store.feedback.is_dir() and not store.published_feedback.is_dir():
        raise UsageError(
            f"The operators' reports in {warehouse} were written by another version of synerstat. "
            f"Run {build_command(warehouse, quarter)} again."
        )
    path = str(store.database).replace("'", "''")
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": memory_limit,
        "temp_directory": str(temp_dir or spill_folder(warehouse)),
    }
    with duckdb.connect(config=config) as connection:
        connection.execute(f"attach '{path}' as warehouse (read_only)")
        try:
            for name in (*(data_set.name for data_set in DATA_SETS), "quality_indicators"):
                connection.execute(f"from warehouse.publication.pub_{name} limit 0")
            connection.execute("from warehouse.intermediate.int_records__versioned limit 0")
        except (duckdb.CatalogException, duckdb.BinderException, duckdb.IOException):
            # views read files by their full path, so a folder that was moved is built again, too,
            # and one without the records that a build on Spark left
            raise UsageError(
                f"The warehouse {warehouse} was built by another version of synerstat, or in "
                "another folder. "
                f"Run {build_command(warehouse, quarter)} again."
            ) from None
        yield connection


def _write(
    target: Path,
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path,
    state: BuildState,
    number: int,
    previous: Path | None,
    protection: Protection,
    formats: AtHand | None,
    progress: Progress,
) -> tuple[dict[str, CellCounts], LargeRevisions]:
    """Write all files of a vintage, compared with `previous`; return its cells and revisions."""
    # both import the formats, and with them this module
    from synerstat.quality_report import write_quality_report
    from synerstat.site.pages import write_site

    quarter = state.reference_quarter
    vintage = vintage_name(quarter, number)
    threshold = protection.threshold
    for name in ("data", "codelists"):
        (target / name).mkdir()
    _write_code_lists(target / "codelists", connection)
    relations = {data_set.name: _published(data_set) for data_set in DATA_SETS}
    with controlled(warehouse, connection, vintage, protection, progress) as control:
        cells = {
            data_set.name: _write_data_set(target / "data", connection, data_set)
            for data_set in DATA_SETS
        }
        audited: Mapping[str, Any] = NOT_AUDITED
        if control:
            progress("Auditing what is withheld")
            audited = control.audited(
                {
                    name: connection.sql(f"from {table}").to_arrow_table()
                    for name, table in relations.items()
                }
            ).as_json()
        elif protection.as_in:
            audited = json.loads((protection.as_in / DISCLOSURE_AUDIT).read_text("utf-8"))
    (target / DISCLOSURE_AUDIT).parent.mkdir()
    write_json(target / DISCLOSURE_AUDIT, audited)
    progress("Writing formats and pages")
    edition = Edition(quarter, vintage, threshold, state.invented_persons)
    with writing_formats(target, connection, edition, formats):
        provenance = _provenance(
            _origin(connection, warehouse, state), state, vintage, cells, audited, protection
        )
        provenance["previous_vintage"] = _name_of(previous) if previous else None
        write_json(target / PROVENANCE, provenance)
        write_mapping(target, connection)
        write_series_breaks(target, connection)
        write_revisions(
            target, connection, relations, provenance, previous, Warehouse(warehouse).replacements
        )
        large = large_revisions(connection, target / REVISIONS, relations, state.variables)
        write_quality_report(
            target, connection, relations, edition, state.variables, large, previous
        )
        write_site(target, connection, relations, edition, provenance)
        (target / "README.md").write_text(
            _notes(connection, state, vintage, protection), "utf-8", newline="\n"
        )
        expectations = read_expectations(warehouse)
        assert expectations is not None
        write_published_docs(target / "quality" / "data-docs", quarter, expectations)
        _copy_feedback(warehouse, target / "quality" / "feedback")
    folders.write_checksums(target)
    if control:
        keep_proof(warehouse, control, target)
    return cells, large


def _revised_much(found: LargeRevisions, limit: float) -> tuple[str, ...]:
    """The warning of revisions by more than the limit; none where there are none."""
    if not found.cells:
        return ()
    lines = [
        f"{found.cells:,} published {'figure was' if found.cells == 1 else 'figures were'} revised "
        f"by more than {limit:.0%}:"
    ]
    lines += [
        f"    {row['data_set']}, {row['cell']}: {row['indicator']} {row['old_value']:,} is now "
        f"{row['new_value']:,} ({row['share']:+.1%}, {row['cause']})"
        for row in found.largest
    ]
    if found.cells > len(found.largest):
        lines.append(f"    and {found.cells - len(found.largest):,} more in {REVISIONS}")
    lines.append("  What to do: tell the users why before they ask; the cause stands beside it.")
    return ("\n".join(lines),)


def _compared_with(vintage: Path) -> Path | None:
    """The vintage that this one was compared with; None where it noted none."""
    noted = json.loads((vintage / PROVENANCE).read_text("utf-8")).get("previous_vintage")
    if noted is None:
        return None
    return _folder_of(vintage.parents[1], noted)


def _protected_against(vintage: Path) -> list[Path]:
    """The vintages that this one was protected together with; none where it noted none."""
    noted = json.loads((vintage / PROVENANCE).read_text("utf-8")).get("disclosure_control", {})
    found = [_folder_of(vintage.parents[1], name) for name in noted.get(PROTECTED_AGAINST, [])]
    return [folder for folder in found if folder.is_dir()]


def _name_of(folder: Path) -> str:
    """The name of the vintage in a folder, as `_folder_of` takes it."""
    return vintage_name(folder.parent.name, int(folder.name[1:]))


def _folder_of(out: Path, vintage: str) -> Path:
    """The folder of a vintage by its name, 2019Q4-v1."""
    quarter, number = str(vintage).split("-")
    return out / quarter / number


def _copy_feedback(warehouse: Path, target: Path) -> None:
    """The reports of the operators, as anybody may read them."""
    store = Warehouse(warehouse)
    if store.published_feedback.is_dir():
        shutil.copytree(store.published_feedback, target, copy_function=shutil.copyfile)


def _content(vintage: Path) -> dict[str, Any]:
    """What makes a vintage differ from another: its files and provenance, but not the code's part.

    Code that leads to the same figures from the same deliveries by the same rules is no news.
    """
    sums = folders.read_checksums(vintage)
    provenance = json.loads((vintage / PROVENANCE).read_text("utf-8")) if sums else {}
    provenance.pop("code", None)
    # follows from the rest, but names other code as a cause
    sums.pop(REVISIONS, None)
    return {**sums, PROVENANCE: provenance}


def _write_code_lists(target: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """One CSV per code list, in the order of the lists, with labels in four languages."""
    own = str(files("synerstat.publish") / "code_lists.csv").replace("'", "''")
    labels = ", ".join(f"label_{language}" for language in LANGUAGES)
    # a label that a spreadsheet would take for a formula is made harmless
    harmless_labels = ", ".join(
        f"{harmless(f'label_{language}')} as label_{language}" for language in LANGUAGES
    )
    without_unknown = ", ".join(f"'{name}'" for name in WITHOUT_UNKNOWN)
    connection.execute(
        f"""
        create or replace temp table code_lists as
        with

        own as (

            select *, row_number() over () as position
            from read_csv('{own}', all_varchar = true, header = true)

        ),

        nomenclature as (

            select *, rowid as position
            from warehouse.seeds.code_lists

        ),

        listed as (

            select * from own
            union all by name
            select * from nomenclature where code_list <> 'ANY'
            union all by name
            select lists.code_list, anything.* exclude (code_list, position),
                1000000 + anything.position as position
            from (select distinct code_list from nomenclature where code_list <> 'ANY') as lists
            cross join (select * from nomenclature where code_list = 'ANY') as anything
            where not (anything.code = '_U' and lists.code_list in ({without_unknown}))

        )

        select code_list, code, {labels}, position from listed
        """
    )
    names = connection.execute("select distinct code_list from code_lists order by all").fetchall()
    for (name,) in names:
        _copy(
            connection,
            f"select code, {harmless_labels} from code_lists "
            f"where code_list = {literal(name)} order by position",
            target / f"{name.lower()}.csv",
        )


def _write_data_set(
    target: Path,
    connection: duckdb.DuckDBPyConnection,
    data_set: DataSet,
) -> CellCounts:
    """Write a data set as CSV and Parquet, the same rows in the same order."""
    table = _published(data_set)
    connection.execute(
        f"create or replace temp table {table} as "
        f"select * from warehouse.publication.pub_{data_set.name}"
    )
    _check_codes(connection, data_set, table)
    rows = f"select * from {table} order by {', '.join(data_set.key)}"
    _copy(connection, rows, target / f"{data_set.name}.csv")
    _copy(connection, rows, target / f"{data_set.name}.parquet")
    counted = connection.execute(
        f"select count(*), count(*) filter (conf_status <> 'F') from {table}"
    ).fetchall()[0]
    return CellCounts(*counted)


def _published(data_set: DataSet) -> str:
    """The relation that holds the published rows of a data set, of which all formats are made."""
    return f"published_{data_set.name}"


def _check_codes(connection: duckdb.DuckDBPyConnection, data_set: DataSet, table: str) -> None:
    """Raise where a code has no label: nothing internal, such as _X, may leave the warehouse."""
    coded = [(each.column, each.code_list) for each in data_set.dimensions if each.code_list]
    coded += [
        ("indicator", "INDICATOR"),
        ("obs_status", "OBS_STATUS"),
        ("conf_status", "CONF_STATUS"),
    ]
    unknown = connection.execute(
        " union all ".join(
            f"select distinct '{column}' as dimension, {column} as code from {table} "
            f"anti join code_lists on code_list = '{code_list}' and code = {column}"
            for column, code_list in coded
        )
        + " order by all"
    ).fetchall()
    if unknown:
        codes = ", ".join(f"{code} of {column}" for column, code in unknown)
        raise PublicationError(
            f"The data set {data_set.name} holds codes that no code list has: {codes}. "
            "Add them to the code lists, or correct the crosswalk that leads to them."
        )


def _copy(connection: duckdb.DuckDBPyConnection, rows: str, path: Path) -> None:
    options = (
        "format parquet, compression zstd"
        if path.suffix == ".parquet"
        else ("format csv, header, delimiter ',', quote '\"', escape '\"'")
    )
    target = str(path).replace("'", "''")
    connection.execute(f"copy ({rows}) to '{target}' ({options})")


def _origin(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, state: BuildState
) -> dict[str, Any]:
    """What the figures follow from, but the code."""
    quarter = state.reference_quarter
    deliveries = landed_deliveries(warehouse, quarter) or read_deliveries(
        "warehouse.seeds.training_deliveries", [], quarter, connection
    )
    replacements = Warehouse(warehouse).replacements
    replaced = (
        connection.execute(
            "select count(*), sha256(string_agg(old_key || new_key, ' ' order by old_key)) "
            "from read_parquet(?)",
            [str(replacements)],
        ).fetchone()
        if replacements.exists()
        else (0, None)
    )
    assert replaced is not None
    return {
        "persons_are_invented": state.invented_persons,
        "deliveries": [asdict(delivery) for delivery in deliveries],
        "identifier_replacements": replaced[0],
        REPLACEMENTS: replaced[1],
        "rule_set": {
            "version": state.rule_set_version,
            "variables": state.variables,
        },
        "nomenclature": {"sha256": state.nomenclature_sha256},
    }


def _same_origin(
    vintage: Path,
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path,
    state: BuildState,
    secondary: bool,
) -> bool:
    """Whether a vintage is of the same deliveries, by the same rules: else it is another one."""
    noted = json.loads((vintage / PROVENANCE).read_text("utf-8"))
    # written and read again, as the noted one was
    origin = json.loads(json.dumps(_origin(connection, warehouse, state)))
    control = noted.get("disclosure_control", {})
    return control.get("secondary_suppression") is secondary and all(
        noted.get(name) == value for name, value in origin.items()
    )


def _provenance(
    origin: Mapping[str, Any],
    state: BuildState,
    vintage: str,
    cells: Mapping[str, CellCounts],
    audited: Mapping[str, Any],
    protection: Protection,
) -> dict[str, Any]:
    """Where the figures come from. No time of day: the same input gives the same file."""
    return {
        "reference_quarter": state.reference_quarter,
        "vintage": vintage,
        **origin,
        "code": {
            "version": state.code_version,
            "sha256": state.code_sha256,
            "models_sha256": state.models_sha256,
            "dbt": state.dbt_version,
            "duckdb": state.duckdb_version,
        },
        "disclosure_control": {
            "primary_suppression": True,
            "secondary_suppression": protection.secondary,
            "audit_passed": audited["passed"] is True,
            # those that a reader may have besides
            PROTECTED_AGAINST: [_name_of(folder) for folder in protection.earlier],
        },
        "data_sets": {name: asdict(counts) for name, counts in cells.items()},
    }


def _notes(
    connection: duckdb.DuckDBPyConnection, state: BuildState, vintage: str, protection: Protection
) -> str:
    lists = read_code_lists(connection)
    text = (files("synerstat.publish") / "notes.md").read_text("utf-8")
    sample = (files("synerstat.publish") / "notes_sample.md").read_text("utf-8")
    return Template(text).substitute(
        quarter=state.reference_quarter,
        vintage=vintage,
        largest_small_count=protection.threshold - 1,
        **{f"description_{language}": description(lists, language) for language in LANGUAGES},
        **_protection_in_words(protection),
        sample=sample + "\n" if state.invented_persons else "",
    )


def _protection_in_words(protection: Protection) -> dict[str, str]:
    """What is withheld besides the small counts, by language: `protection_en` and so on."""
    path = files("synerstat.publish") / "notes_protection.json"
    texts = json.loads(path.read_text("utf-8"))["full" if protection.secondary else "primary"]
    return {
        f"protection_{language}": Template(texts[language]).substitute(
            threshold=protection.threshold
        )
        for language in LANGUAGES
    }
