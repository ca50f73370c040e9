"""Where one figure comes from: the way from the rows of the deliveries to a cell of a data set.

Tells counts only, nothing of a person. They are those of the warehouse, before disclosure control,
and may be small: an explanation is for those who may see the warehouse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from synerstat.crosswalks import ATTRIBUTES
from synerstat.errors import UsageError
from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.warehouse import Warehouse, finished_build, landed_deliveries, no_records

TOTAL = "_T"
JOB_SEEKER = "JSK"


@dataclass(frozen=True)
class Figure:
    """An indicator of the cell: as built, and as the last publication of this build shows it.

    `published` is None where it was withheld or nothing was published; `status` says which:
    shown | withheld | not published.
    """

    indicator: str
    value: int | None
    published: int | None
    status: str


@dataclass(frozen=True)
class DeliveredRows:
    """Rows of one delivery behind the cell, by where they ended.

    `counted` rows made the figure (`mirror` for what a home operator reports). `others` are other
    rows with the same record identifiers, by disposition: earlier versions, copies, rejected ones.
    """

    operator: str
    reference_quarter: str
    sequence: int
    files_sha256: str
    counted: int
    others: Mapping[str, int]


@dataclass(frozen=True)
class Mapped:
    """How many of the counted rows came with a source code, and what it was mapped to."""

    operator: str
    attribute: str
    source_code: str
    target_code: str | None
    rows: int


@dataclass(frozen=True)
class Way:
    """The way of the figures of one side; `side` is empty but in the mirror (home | host)."""

    side: str
    persons: int
    participations: int | None
    records: int
    deliveries: tuple[DeliveredRows, ...]
    mappings: tuple[Mapped, ...]


@dataclass(frozen=True)
class Explanation:
    """A cell, its figures, their way, and by which rules, mapping and code they were made."""

    data_set: str
    cell: Mapping[str, str]
    figures: tuple[Figure, ...]
    ways: tuple[Way, ...]
    reference_quarter: str
    rule_set_version: str
    nomenclature_sha256: str
    code_version: str


def explain(
    warehouse: Path, data_set: str, period: str, cell: Mapping[str, str], *, threads: int = 2
) -> Explanation:
    """Explain a cell of a data set in a period (2019-Q4 or 2019), as the warehouse was built.

    `cell` gives codes of the data set's dimensions; those left out are totals. Raises UsageError
    for an unknown data set, dimension or code, where there is no such cell, and where the warehouse
    holds no records.
    """
    state = finished_build(warehouse)
    chosen = _data_set(data_set)
    database = str(Warehouse(warehouse).database).replace("'", "''")
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute(f"attach '{database}' as warehouse (read_only)")
        try:
            connection.execute("from warehouse.intermediate.int_records__spelled limit 0")
        except (duckdb.CatalogException, duckdb.IOException):
            raise no_records(warehouse) from None
        at = _cell(connection, chosen, period, cell)
        figures = _figures(connection, chosen, at)
        if not figures:
            named = ", ".join(f"{name}={code}" for name, code in at.items())
            raise UsageError(
                f"The data set {data_set} has no such cell: {named}. No row of the deliveries "
                "leads there."
            )
        checksums = {
            (each.operator, each.reference_quarter, each.sequence): each.files_sha256
            for each in landed_deliveries(warehouse, state.reference_quarter)
        }
        ways = tuple(
            _way(connection, side, *rows, checksums)
            for side, rows in _sides(connection, chosen, at).items()
        )
    return Explanation(
        data_set,
        at,
        figures,
        ways,
        state.reference_quarter,
        state.rule_set_version,
        state.nomenclature_sha256,
        state.code_version,
    )


def _data_set(name: str) -> DataSet:
    for each in DATA_SETS:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in DATA_SETS)
    raise UsageError(f"There is no data set {name!r}; choose one of {names}.")


def _cell(
    connection: duckdb.DuckDBPyConnection, data_set: DataSet, period: str, cell: Mapping[str, str]
) -> dict[str, str]:
    """All dimensions of the data set with the code of each."""
    dimensions = {
        each.column: each.code_list
        for each in data_set.dimensions
        if each.column not in ("freq", "time_period")
    }
    if unknown := sorted(set(cell) - set(dimensions)):
        raise UsageError(
            f"The data set {data_set.name} has no dimension {', '.join(unknown)}; "
            f"it has {', '.join(dimensions)}."
        )
    for column, code in cell.items():
        codes = [
            found
            for (found,) in connection.execute(
                "select code from warehouse.seeds.code_lists where code_list in (?, 'ANY') "
                "order by all",
                [dimensions[column]],
            ).fetchall()
        ]
        if code not in codes:
            raise UsageError(f"{column} has no code {code!r}; it has {', '.join(codes)}.")
    if data_set.name == "mirror" and (missing := sorted(set(dimensions) - set(cell))):
        raise UsageError(f"A mirror flow is between two operators; say {' and '.join(missing)}.")
    freq = "Q" if "Q" in period else "A"
    return {
        "freq": freq,
        "time_period": period,
        **{column: cell.get(column, TOTAL) for column in dimensions},
    }


def _where(at: Mapping[str, str]) -> str:
    """SQL: the row is in the cell. The codes are those of the code lists."""
    return " and ".join(f"{column} = '{code}'" for column, code in at.items())


def _figures(
    connection: duckdb.DuckDBPyConnection, data_set: DataSet, at: Mapping[str, str]
) -> tuple[Figure, ...]:
    order = ", ".join(f"'{each.code}'" for each in data_set.indicators)
    rows = connection.execute(
        f"""
        select
            built.indicator,
            built.figure,
            published.obs_value,
            case
                when published.indicator is null then 'not published'
                when published.conf_status = 'C' then 'withheld'
                else 'shown'
            end
        from (select * from warehouse.intermediate.int_{data_set.name}__figures
            where {_where(at)}) as built
        left join (select * from warehouse.publication.pub_{data_set.name}
            where {_where(at)}) as published using (indicator)
        order by list_position([{order}], built.indicator)
        """
    ).fetchall()
    return tuple(Figure(*row) for row in rows)


def _sides(
    connection: duckdb.DuckDBPyConnection, data_set: DataSet, at: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """For each side of the figure SQL of its records, and the disposition of the rows behind it.

    Columns of the records: record_key, person_id, participation_id.
    """
    period = f"freq = '{at['freq']}' and time_period = '{at['time_period']}'"
    if data_set.name != "mirror":
        codes = {
            column: code
            for column, code in at.items()
            if column not in ("freq", "time_period") and code != TOTAL
        }
        if data_set.name == "mobility":
            codes["labour_status"] = JOB_SEEKER
        return {"": (_participants(period, codes), "counted")}
    home, host = at["home_operator"], at["host_operator"]
    (area,) = connection.execute(
        "select area_code from warehouse.seeds.operator_home_areas where operator = ?", [home]
    ).fetchone() or (None,)
    reported = f"""
        select record_key, person_id, null as participation_id
        from warehouse.intermediate.int_records__identified as records
        inner join warehouse.intermediate.int_periods as periods
            on records.start_date <= periods.period_end
            and coalesce(records.end_date, date '9999-12-31') >= periods.period_start
        where {period} and disposition = 'mirror' and operator = '{home}' and organiser = '{host}'
            and residence_area = '{area}' and training_type <> '_X'
            and labour_status = '{JOB_SEEKER}'
    """
    trained = {"residence_area": area, "operator": host, "labour_status": JOB_SEEKER}
    return {"home": (reported, "mirror"), "host": (_participants(period, trained), "counted")}


def _participants(period: str, codes: Mapping[str, str]) -> str:
    cell = "".join(f" and participants.{column} = '{code}'" for column, code in codes.items())
    return f"""
        select records.record_key, participants.person_id, participants.participation_id
        from warehouse.intermediate.int_participants__by_period as participants
        inner join warehouse.intermediate.int_periods as periods using (period_number)
        inner join warehouse.intermediate.int_records__spelled as records
            on records.participation_id = participants.participation_id
            and records.start_date <= periods.period_end
            and records.open_end_date >= periods.period_start
        where {period}{cell}
    """


def _way(
    connection: duckdb.DuckDBPyConnection,
    side: str,
    records: str,
    disposition: str,
    checksums: Mapping[tuple[str, str, int], str],
) -> Way:
    connection.execute(f"create or replace temp table records as {records}")
    counted = connection.execute(
        "select count(distinct person_id), count(distinct participation_id), "
        "count(distinct record_key) from records"
    ).fetchone()
    assert counted is not None
    rows = connection.execute(
        """
        with

        -- every row with a record identifier of the cell
        rows as (

            select
                disposed.delivery_number,
                disposed.disposition,
                records.record_key is not null as is_used
            from warehouse.intermediate.int_records__versioned as versions
            inner join warehouse.intermediate.int_records__disposed as disposed using (record_key)
            left join (select distinct record_key from records) as records using (record_key)
            where (versions.operator, versions.record_id) in (
                select (operator, record_id)
                from warehouse.intermediate.int_records__versioned
                where record_key in (select record_key from records)
            )

        ),

        summed as (

            select delivery_number, disposition, is_used, count(*) as rows
            from rows
            -- a counted row of the same record that is not in the cell belongs to another period
            where is_used or disposition <> $disposition
            group by all

        )

        select
            deliveries.operator,
            deliveries.reference_quarter,
            deliveries.sequence,
            coalesce(sum(summed.rows) filter (is_used), 0)::bigint,
            coalesce(
                map_from_entries(
                    list((summed.disposition, summed.rows) order by summed.disposition)
                    filter (not is_used)
                ),
                map {}
            )
        from summed
        inner join warehouse.intermediate.int_deliveries__ranked as deliveries
            using (delivery_number)
        group by all
        order by all
        """,
        {"disposition": disposition},
    ).fetchall()
    return Way(
        side,
        int(counted[0]),
        int(counted[1]) if disposition == "counted" else None,
        int(counted[2]),
        tuple(
            DeliveredRows(
                operator=row[0],
                reference_quarter=row[1],
                sequence=row[2],
                files_sha256=checksums.get((row[0], row[1], row[2]), ""),
                counted=row[3],
                others=row[4],
            )
            for row in rows
        ),
        _mapped(connection),
    )


def _mapped(connection: duckdb.DuckDBPyConnection) -> tuple[Mapped, ...]:
    attributes = ", ".join(f"['{name}', source_{name}, {name}]" for name in ATTRIBUTES)
    rows = connection.execute(
        f"""
        with

        used as (

            select operator, unnest([{attributes}]) as mapped
            from warehouse.intermediate.int_records__unioned
            where record_key in (select record_key from records)

        ),

        named as (

            select operator, mapped[1] as attribute, mapped[2] as source, mapped[3] as target
            from used

        )

        select operator, attribute, source, target, count(*) as rows
        from named
        where source is not null
        group by operator, attribute, source, target
        order by operator, list_position({list(ATTRIBUTES)!r}, attribute), rows desc, source, target
        """
    ).fetchall()
    return tuple(Mapped(*row) for row in rows)


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def in_words(found: Explanation) -> Sequence[str]:
    """The explanation as lines to read."""
    named = ", ".join(f"{name}={code}" for name, code in found.cell.items() if code != TOTAL)
    lines = [f"{found.data_set}: {named}", "", "Figures as built, and as published:"]
    for each in found.figures:
        value = "none" if each.value is None else f"{each.value:,}"
        lines.append(f"  {each.indicator:<18}{value:>12}  {each.status}")
    for way in found.ways:
        title = f"Reported by the {way.side} operator: " if way.side else ""
        parts = [f"{way.persons:,} persons"]
        if way.participations is not None:
            parts.append(f"{way.participations:,} participations")
        parts.append(f"{way.records:,} records")
        lines += ["", f"{title}{' <- '.join(parts)}, from these deliveries:"]
        for row in way.deliveries:
            others = ", ".join(f"{count:,} {name}" for name, count in row.others.items())
            # the sample's own rows came in no files
            checksum = row.files_sha256 and f"  (SHA-256 of its files {row.files_sha256[:16]})"
            lines.append(
                f"  {row.operator}/{row.reference_quarter}-{row.sequence}: {_rows(row.counted)}"
                f"{f'; not used: {others}' if others else ''}{checksum}"
            )
        lines += ["", "Mapped with:"]
        for mapped in way.mappings:
            lines.append(
                f"  {mapped.operator}  {mapped.attribute}: {mapped.source_code} -> "
                f"{mapped.target_code or 'not mapped'}  ({_rows(mapped.rows)})"
            )
    lines += [
        "",
        f"Built for {found.reference_quarter} with rule set {found.rule_set_version}, "
        f"nomenclature {found.nomenclature_sha256[:16]}, synerstat {found.code_version}.",
        "Counts of the warehouse, before disclosure control: not to be passed on.",
    ]
    return lines
