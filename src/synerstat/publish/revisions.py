"""Revisions: every figure compared with the previous vintage, with the cause of its change.

A row of revisions.csv is a figure that differs between two vintages: the data set, its dimensions,
the indicator, the previous vintage, both values, their difference, its share of the old value and
the cause. Periods that only one of both covers are no revision; a cell that one of both does not
hold is 0 there, as the marts hold no empty cells.

What was withheld stays so: figures withheld in both vintages are left out, whatever became of them,
and a figure that is withheld in one of them shows no value at all.

Causes are found among the records that changed between the deliveries of both vintages: those that
fall into the cell and the period; where there are none (a record of another cell can change how a
person is counted), those of the period; then identifiers, mapping and rules that changed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from synerstat.crosswalks import ATTRIBUTES
from synerstat.publish import folder as folders
from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.formats import literal

REVISIONS = "revisions.csv"
REPLACEMENTS = "identifier_replacements_sha256"
MAPPING = Path("metadata") / "mapping.csv"
SERIES_BREAKS = Path("metadata") / "series_breaks.csv"
# Dimensions of a cell that a record has too; persons' attributes belong to no single record.
RECORD_DIMENSIONS = (
    "operator",
    "training_area",
    "training_type",
    "delivery_mode",
    "labour_status",
)
# Of causes with as many records, the first one is named.
CAUSES = (
    "late_record",
    "corrected_record",
    "removed_record",
    "identifier_replacement",
    "changed_nomenclature",
    "changed_rules",
    "disclosure_control",
    "other",
)

LISTED = 10


@dataclass(frozen=True)
class LargeRevisions:
    """How many figures were revised by more than the limit, and the largest of them.

    Each names its cell twice: as `column=code, ...`, and by `codes`, which is None for what its
    data set has no column for.
    """

    cells: int
    largest: list[dict[str, Any]]


def large_revisions(
    connection: duckdb.DuckDBPyConnection,
    revisions: Path,
    tables: Mapping[str, str],
    variables: Mapping[str, Any],
) -> LargeRevisions:
    """Figures of revisions.csv that were revised by more than the share `largest_revision`.

    So only what both vintages show. `tables` names the published table of each data set. Judged are
    cells of at least `fewest_persons_compared` persons; fewer swing by more. An asymmetry is a
    share itself and is not judged.
    """
    limit, fewest = variables["largest_revision"], variables["fewest_persons_compared"]
    judged = " union all ".join(
        f"""
        select revisions.*
        from revisions
        inner join {tables[data_set.name]} as cells
            on cells.indicator = {_persons_of(data_set)}
            {" ".join(f"and revisions.{each} = cells.{each}" for each in data_set.key[:-1])}
        where
            revisions.data_set = '{data_set.name}'
            and revisions.indicator <> 'MIRROR_ASYMMETRY'
            and cells.obs_value >= {int(fewest)}
        """
        for data_set in DATA_SETS
    )
    found = connection.execute(
        f"""
        with

        revisions as (

            select * from read_csv({literal(str(revisions))}, header = true, all_varchar = true)
            where abs(cast(share as double)) > {float(limit)}

        )

        select
            data_set,
            concat_ws(', ', {", ".join(_named(name) for name in _DIMENSIONS)}) as cell,
            {{{", ".join(f"'{name}': {name}" for name in _DIMENSIONS)}}} as codes,
            indicator,
            cast(old_value as bigint) as old_value,
            cast(new_value as bigint) as new_value,
            cast(share as double) as share,
            cause,
            count(*) over () as cells
        from ({judged})
        order by abs(cast(difference as bigint)) desc, data_set, cell, indicator
        limit {LISTED}
        """
    )
    names = [name for name, *_ in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    cells = rows[0]["cells"] if rows else 0
    return LargeRevisions(cells, [{k: v for k, v in row.items() if k != "cells"} for row in rows])


def _persons_of(data_set: DataSet) -> str:
    """SQL for the indicator that tells how many persons a cell has."""
    return "revisions.indicator" if data_set.name == "mirror" else "'PRESENT'"


def _named(column: str) -> str:
    """SQL for `column=code`; null, and so left out, where the data set has no such dimension."""
    return f"'{column}=' || {column}"


_DIMENSIONS = tuple(dict.fromkeys(column for each in DATA_SETS for column in each.key[:-1]))


def previous_vintage(out: Path, quarter: str, number: int) -> Path | None:
    """The vintage that the n-th publication of a quarter is compared with; None for the first.

    The publication before it of the same quarter, or else the last one of the latest earlier
    quarter.
    """
    earlier = [each for each in folders.vintages(out, quarter) if each < number]
    if earlier:
        return out / quarter / f"v{earlier[-1]}"
    quarters = [
        each.name
        for each in out.iterdir()
        if folders.QUARTER_FOLDER.fullmatch(each.name)
        and each.name < quarter
        and folders.vintages(out, each.name)
    ]
    if not quarters:
        return None
    return out / max(quarters) / f"v{folders.vintages(out, max(quarters))[-1]}"


def write_mapping(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Write the crosswalks that the figures were mapped with, for the next vintage to compare."""
    rows = " union all ".join(
        f"select '{name}' as dimension, operator, source_code, target_code, "
        f"cast(valid_from as varchar) as valid_from, cast(valid_to as varchar) as valid_to "
        f"from warehouse.seeds.crosswalk_{name}"
        for name in ATTRIBUTES
    )
    (folder / MAPPING).parent.mkdir(exist_ok=True)
    _copy(connection, f"{rows} order by all", folder / MAPPING)


def write_series_breaks(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Write the breaks in series with their texts in four languages."""
    (folder / SERIES_BREAKS).parent.mkdir(exist_ok=True)
    breaks = "select * from warehouse.seeds.series_breaks order by all"
    _copy(connection, breaks, folder / SERIES_BREAKS)


def write_revisions(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    provenance: Mapping[str, Any],
    previous: Path | None,
    replacements: Path,
) -> None:
    """Write revisions.csv of the vintage in `folder`, compared with the one in `previous`.

    `tables` names the published table of each data set, `provenance` is that of the new vintage;
    `write_mapping` has written its mapping; `replacements` is the file of replaced keys, where
    there is one.
    """
    revised = []
    if previous is not None:
        before = json.loads((previous / folders.PROVENANCE).read_text("utf-8"))
        _changed_records(connection, folder, previous, provenance, before, replacements)
        explained = "removed_record" if _is_withdrawn(provenance, before) else "other"
        if _rules(provenance) != _rules(before):
            explained = "changed_rules"
        revised = [
            _revised(data_set, tables[data_set.name], previous, before["vintage"], explained)
            for data_set in DATA_SETS
        ]
    columns = [
        *("data_set", *_DIMENSIONS, "indicator", "previous_vintage"),
        *("old_value", "new_value", "difference", "share", "old_obs_status", "new_obs_status"),
        "cause",
    ]
    nothing = ", ".join(f"cast(null as varchar) as {name}" for name in columns)
    rows = " union all by name ".join([f"(select {nothing} where false)", *revised])
    keys = ", ".join(["data_set", *_DIMENSIONS, "indicator"])
    _copy(
        connection,
        f"select {', '.join(columns)} from ({rows}) order by {keys}",
        folder / REVISIONS,
    )


def _rules(provenance: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        provenance["rule_set"],
        provenance["nomenclature"],
        provenance["code"]["models_sha256"],
    )


def _last_sequences(provenance: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """The sequence of the delivery that counts, by operator and quarter."""
    ordered = sorted(provenance["deliveries"], key=lambda each: int(each["sequence"]))
    return {(each["operator"], each["reference_quarter"]): each["sequence"] for each in ordered}


def _is_withdrawn(provenance: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether a delivery that counted before is gone, and none has taken its place."""
    now = _last_sequences(provenance)
    return any(now.get(of, 0) < sequence for of, sequence in _last_sequences(before).items())


def _changed_records(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    previous: Path,
    provenance: Mapping[str, Any],
    before: Mapping[str, Any],
    replacements: Path,
) -> None:
    """Make `changed_cells`: period and cell of record dimensions, most frequent cause."""
    identity = ("operator", "reference_quarter", "sequence", "files_sha256")
    known = {tuple(each[name] for name in identity) for each in before["deliveries"]}
    deliveries = [tuple(each[name] for name in identity) for each in provenance["deliveries"]]
    connection.execute(
        "create or replace temp table known_deliveries (operator varchar, "
        "reference_quarter varchar, sequence bigint, is_known boolean, was_replaced boolean)"
    )
    last_known = _last_sequences(before)
    connection.executemany(
        "insert into known_deliveries values (?, ?, ?, ?, ?)",
        [(*each[:3], each in known, each[2] < last_known.get(each[:2], 0)) for each in deliveries],
    )
    replaced = provenance.get(REPLACEMENTS) != before.get(REPLACEMENTS)
    lent = (
        # the warehouse keeps the first 32 digits of a key (macro short_key)
        "person_national_key in "
        f"(select left(new_key, 32) from read_parquet({literal(replacements)}))"
        if replaced and replacements.exists()
        else "false"
    )
    mapping = _mapping_changes(folder, previous)
    dimensions = ", ".join(RECORD_DIMENSIONS)
    shown = ", ".join(
        f"coalesce({name}, '_U') as {name}" if name != "operator" else name
        for name in RECORD_DIMENSIONS
    )
    rank = " ".join(f"when '{cause}' then {at}" for at, cause in enumerate(CAUSES))
    connection.execute(
        f"""
        create or replace temp table changed_cells as
        with

        versions as (

            select
                records.record_key,
                records.operator,
                records.record_id,
                records.quarter_end,
                records.end_date,
                records.is_closed_by_absence,
                judged.person_national_key,
                judged.client_key,
                judged.training_type,
                judged.programme_code,
                judged.delivery_mode,
                judged.labour_status,
                judged.organiser,
                judged.training_area,
                judged.residence_area,
                judged.sex,
                judged.education_level,
                judged.birth_date,
                judged.hours,
                judged.start_date,
                judged.is_cancelled,
                deliveries.reference_quarter,
                deliveries.sequence,
                deliveries.is_replaced,
                known.is_known,
                known.is_known and not known.was_replaced as was_used,
                row(
                    deliveries.reference_quarter, deliveries.sequence, records.record_key
                ) as version_order,
                -- content without what names the row
                hash(
                    judged.person_national_key, judged.client_key, judged.training_type,
                    judged.programme_code, judged.delivery_mode, judged.labour_status,
                    judged.organiser, judged.training_area, judged.residence_area, judged.sex,
                    judged.education_level, judged.birth_date, judged.hours, judged.start_date,
                    records.end_date, judged.is_cancelled
                ) as content
            from warehouse.intermediate.int_records__versioned as records
            -- the disposition of a row in a replaced delivery no longer tells what else it was
            inner join warehouse.intermediate.int_records__judged as judged
                on records.record_key = judged.record_key
            inner join warehouse.intermediate.int_deliveries__ranked as deliveries
                on records.delivery_number = deliveries.delivery_number
            inner join known_deliveries as known
                on
                    deliveries.operator = known.operator
                    and deliveries.reference_quarter = known.reference_quarter
                    and deliveries.sequence = known.sequence
            where judged.is_judged and not judged.is_rejected

        ),

        identifiers as (

            select
                operator,
                coalesce(record_id, record_key::varchar) as identifier,
                arg_max(versions, version_order) filter (was_used) as old_row,
                arg_max(versions, version_order) filter (not is_replaced) as new_row
            from versions
            group by all

        ),

        last_known as (

            select operator, max(quarter_end) as quarter_end
            from versions
            where is_known
            group by operator

        ),

        caused as (

            select
                old_row,
                new_row,
                case
                    -- counts again, because the delivery that had replaced its own is gone, and
                    -- with it the version that counted
                    when new_row.is_known and not new_row.was_used and not new_row.is_cancelled
                        then 'removed_record'
                    when old_row is null then
                        case when not new_row.is_cancelled then 'late_record' end
                    when new_row is null then
                        case when not old_row.is_cancelled then 'removed_record' end
                    when old_row.is_cancelled and new_row.is_cancelled then null
                    when new_row.is_cancelled then 'removed_record'
                    when old_row.record_key = new_row.record_key then
                        case
                            when
                                new_row.is_closed_by_absence
                                and new_row.quarter_end >= last_known.quarter_end
                                and exists (
                                    select 1 from known_deliveries
                                    where
                                        known_deliveries.operator = identifiers.operator
                                        and not is_known
                                )
                                then 'removed_record'
                        end
                    when old_row.content <> new_row.content then 'corrected_record'
                end as cause
            from identifiers
            left join last_known using (operator)

        ),

        rows_of_causes as (

            select cause, unnest([old_row, new_row]) as version
            from caused
            where cause is not null
            union all
            select
                case when {lent} then 'identifier_replacement' else 'changed_nomenclature' end,
                versions
            from versions
            where not is_replaced and is_known and ({lent} or {mapping})

        ),

        changed as (

            select cause, version.*
            from (select cause, unnest(version, max_depth := 1) from rows_of_causes) as version

        ),

        in_periods as (

            select cause, periods.time_period, {shown}
            from changed
            inner join warehouse.intermediate.int_periods as periods
                on
                    changed.start_date <= periods.period_end
                    and coalesce(changed.end_date, date '9999-12-31') >= periods.period_start

        ),

        counted as (

            select time_period, cause, {dimensions}, count(*) as records
            from in_periods
            group by time_period, cause, cube ({dimensions})

        )

        select
            time_period,
            {", ".join(f"coalesce({name}, '_T') as {name}" for name in RECORD_DIMENSIONS)},
            arg_max(cause, records * 10 - case cause {rank} end) as cause
        from counted
        group by all
        """
    )


def _mapping_changes(folder: Path, previous: Path) -> str:
    """SQL: is the record mapped by a row that the other mapping lacks?"""
    if not (previous / MAPPING).exists():
        return "false"
    read = [
        f"from read_csv({literal(str(each / MAPPING))}, header = true, all_varchar = true)"
        for each in (folder, previous)
    ]
    changed = f"(({read[0]} except {read[1]}) union all ({read[1]} except {read[0]}))"
    return (
        "("
        + " or ".join(
            f"(versions.operator, versions.{name}) in "
            f"(select (operator, target_code) from {changed} where dimension = '{name}')"
            for name in ATTRIBUTES
        )
        + ")"
    )


def _revised(data_set: DataSet, table: str, previous: Path, vintage: str, explained: str) -> str:
    """SQL for the revised figures of a data set."""
    old = f"read_parquet({literal(str(previous / 'data' / f'{data_set.name}.parquet'))})"
    keys = ", ".join(data_set.key)
    columns = {dimension.column for dimension in data_set.dimensions}
    if data_set.name == "mirror":
        whose = "causes.operator in (revised.home_operator, revised.host_operator)"
    else:
        whose = "causes.operator = " + ("revised.operator" if "operator" in columns else "'_T'")
    where = " and ".join(
        f"causes.{name} = " + (f"revised.{name}" if name in columns else "'_T'")
        for name in RECORD_DIMENSIONS[1:]
    )
    overall = " and ".join(f"periods.{name} = '_T'" for name in RECORD_DIMENSIONS)
    return f"""
    (
        with

        periods_of_both as (

            select time_period from {old} intersect select time_period from {table}

        ),

        compared as (

            select
                {keys},
                coalesce(old.conf_status, 'F') as old_conf_status,
                coalesce(new.conf_status, 'F') as new_conf_status,
                old.obs_status as old_obs_status,
                new.obs_status as new_obs_status,
                -- a cell that is not there is empty; a value that does not apply is none
                case when old.indicator is null then 0 else old.obs_value end as old_obs_value,
                case when new.indicator is null then 0 else new.obs_value end as new_obs_value
            from {old} as old
            full join {table} as new using ({keys})
            where time_period in (select time_period from periods_of_both)

        ),

        revised as (

            select *, old_conf_status = 'F' and new_conf_status = 'F' as is_shown
            from compared
            where
                old_conf_status <> new_conf_status
                or (old_conf_status = 'F' and old_obs_value is distinct from new_obs_value)

        ),

        causes_of_cells as (

            select {", ".join(f"revised.{key}" for key in data_set.key)}, min(causes.cause) as cause
            from revised
            inner join changed_cells as causes
                on revised.time_period = causes.time_period and {whose} and {where}
            group by all

        )

        select
            '{data_set.name}' as data_set,
            {", ".join(f"revised.{key}" for key in data_set.key)},
            '{vintage}' as previous_vintage,
            case when is_shown then old_obs_value end as old_value,
            case when is_shown then new_obs_value end as new_value,
            case when is_shown then new_obs_value - old_obs_value end as difference,
            case when is_shown and old_obs_value <> 0
                then round((new_obs_value - old_obs_value) / old_obs_value, 4) end as share,
            old_obs_status,
            new_obs_status,
            case
                when not is_shown then 'disclosure_control'
                else coalesce(causes_of_cells.cause, periods.cause, '{explained}')
            end as cause
        from revised
        left join causes_of_cells using ({keys})
        left join changed_cells as periods
            on revised.time_period = periods.time_period and {overall}
    )
    """


def _copy(connection: duckdb.DuckDBPyConnection, rows: str, path: Path) -> None:
    connection.execute(f"copy ({rows}) to {literal(path)} (format csv, header)")
