"""The figures of a publication as arrays: which cell each row is about, whatever its data set.

A figure is one indicator of one cell of one period. The same figure in two data sets is one figure
here: every cell is written over all dimensions, with `_T` where its data set has none. The host's
side of a mirror flow is the cell of the mobility data set that it is taken from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from synerstat.errors import PublicationWithheldError

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

# Persons have one value of these in a period, so that counts of persons add up over them.
PERSON_ATTRIBUTES = ("sex", "age_group", "education_level", "residence_area")
# A person can stand in several categories of these: only participations and hours add up.
PARTICIPATION_ATTRIBUTES = (
    "training_area",
    "operator",
    "training_type",
    "delivery_mode",
    "labour_status",
)
DIMENSIONS = PERSON_ATTRIBUTES + PARTICIPATION_ATTRIBUTES
MIRROR_DIMENSIONS = ("home_operator", "host_operator")
KEY = ("freq", "time_period", *DIMENSIONS, *MIRROR_DIMENSIONS)

DATA_SET_DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "training": ("training_area", "operator", "training_type", "delivery_mode"),
    "profile": ("training_area", "sex", "age_group", "education_level"),
    "status": ("operator", "training_type", "labour_status", "sex"),
    "mobility": ("residence_area", "operator"),
    "mirror": ("home_operator", "host_operator"),
}

# The indicators that are counts, in the order of the columns of `Figures.values`. HOURS and the
# asymmetry of the mirror are no counts: they follow the figures that they rest on.
COUNTS = ("PRESENT", "ENTRANTS", "LEAVERS", "STOCK", "PARTICIPATIONS", "ENTRIES")
MIRROR_HOME, MIRROR_HOST, MIRROR_ASYMMETRY = "MIRROR_HOME", "MIRROR_HOST", "MIRROR_ASYMMETRY"


class InconsistentFiguresError(PublicationWithheldError):
    """The data sets contradict each other, so that no pattern can be shown to protect them."""


@dataclass(frozen=True)
class Rows:
    """Rows of all data sets, one after the other, each with the cell that it is about.

    `table` has `data_set`, the dimensions as published (null where a data set has none) and
    `indicator`. Row i stands for the count (`cell[i]`, `indicator[i]`): indicator is -1 for
    HOURS, -2 for the asymmetry of the mirror. `figure` is -1 where the row has no value;
    `is_withheld` is all false for figures before disclosure control.
    """

    table: pa.Table
    cells: pa.Table
    """One row per cell: the columns of `KEY`, `_T` where a data set has no such dimension."""
    cell: IntArray
    indicator: IntArray
    figure: IntArray
    is_small: BoolArray
    is_withheld: BoolArray


def read_rows(data_sets: Mapping[str, pa.Table], home_areas: Mapping[str, str]) -> Rows:
    """Number the cells of the data sets, and say which of them each row is about.

    `home_areas` has the area of each operator whose residents it serves, by which a mirror flow is
    the cell of another data set.

    A table has its data set's dimensions and `indicator`, and either `figure` and `is_small`
    (before disclosure control) or `obs_value` and `conf_status` (as published). The order of the
    cells depends on nothing but the codes. Raises InconsistentFiguresError for an indicator that
    there is no rule for.
    """
    with duckdb.connect() as connection:
        connection.register("home_areas", _home_areas(home_areas))
        parts = []
        for name, table in data_sets.items():
            connection.register(f"given_{name}", table)
            parts.append(_canonical(name, table.column_names))
        connection.execute(
            "create temp table canonical as select *, row_number() over () as position from ("
            + " union all by name ".join(parts)
            + ")"
        )
        _check_indicators(connection)
        key = ", ".join(f"cell_{name}" for name in KEY)
        connection.execute(
            f"""
            create temp table cells as
            select *, row_number() over (order by {key}) - 1 as cell
            from (select distinct {key} from canonical)
            """
        )
        own = ", ".join(
            name
            for name in ("freq", "time_period", *DIMENSIONS, *MIRROR_DIMENSIONS)
            if _has_column(connection, name)
        )
        joined = " and ".join(f"cells.cell_{name} = canonical.cell_{name}" for name in KEY)
        rows = connection.sql(
            f"""
            select data_set, {own}, indicator, cells.cell, position_of_indicator, figure, is_small,
                is_withheld
            from canonical inner join cells on {joined} order by position
            """
        ).to_arrow_table()
        cells = connection.sql(
            f"select {', '.join(f'cell_{name} as {name}' for name in KEY)} from cells order by cell"
        ).to_arrow_table()
    columns = ["cell", "position_of_indicator", "figure", "is_small", "is_withheld"]
    cell, indicator, figure, is_small, is_withheld = (
        rows[name].combine_chunks().to_numpy(zero_copy_only=False) for name in columns
    )
    return Rows(
        rows.drop_columns(columns),
        cells,
        cell.astype(np.int64),
        indicator.astype(np.int64),
        figure.astype(np.int64),
        is_small.astype(np.bool_),
        is_withheld.astype(np.bool_),
    )


def cell_names(rows: Rows) -> pa.Array:
    """The cells by name, which is the same whatever other cells there are."""
    columns = [rows.cells[name].combine_chunks() for name in KEY]
    return pc.binary_join_element_wise(*columns, " ")


def find_cells(names: pa.ChunkedArray, rows: Rows) -> IntArray:
    """The place of each named cell (dictionary encoded) among the cells; -1 where there is none."""
    found = names.combine_chunks()
    place = pc.index_in(found.dictionary, value_set=cell_names(rows)).fill_null(-1)
    cell: IntArray = place.to_numpy().astype(np.int64)[found.indices.to_numpy()]
    return cell


def _home_areas(home_areas: Mapping[str, str]) -> pa.Table:
    return pa.table({"home": list(home_areas), "area": list(home_areas.values())})


def _canonical(data_set: str, columns: list[str]) -> str:
    """SQL: the rows of a data set as given, and the cell of each over all dimensions."""
    is_host = f"indicator = '{MIRROR_HOST}'"
    own = DATA_SET_DIMENSIONS[data_set]
    cell = {
        name: f"coalesce({name}, '_T')" if name in own and data_set != "mirror" else "'_T'"
        for name in (*DIMENSIONS, *MIRROR_DIMENSIONS)
    }
    if data_set == "mobility":
        cell["labour_status"] = "'JSK'"
    if data_set == "mirror":
        cell["labour_status"] = f"case when {is_host} then 'JSK' else '_T' end"
        cell["residence_area"] = f"case when {is_host} then home_areas.area else '_T' end"
        cell["operator"] = f"case when {is_host} then host_operator else '_T' end"
        for name in MIRROR_DIMENSIONS:
            cell[name] = f"case when {is_host} then '_T' else {name} end"
    figure, is_small, is_withheld = (
        ("figure", "is_small", "false")
        if "figure" in columns
        else ("obs_value", "false", "conf_status = 'C'")
    )
    cases = " ".join(f"when '{name}' then {i}" for i, name in enumerate(COUNTS))
    return f"""
        select
            '{data_set}' as data_set,
            freq,
            time_period,
            {", ".join(own)},
            indicator,
            freq as cell_freq,
            time_period as cell_time_period,
            {", ".join(f"{value} as cell_{name}" for name, value in cell.items())},
            case indicator {cases} when '{MIRROR_HOME}' then 0 when '{MIRROR_HOST}' then 0
                when 'HOURS' then -1 when '{MIRROR_ASYMMETRY}' then -2 end as position_of_indicator,
            coalesce(cast({figure} as bigint), -1) as figure,
            coalesce({is_small}, false) as is_small,
            {is_withheld} as is_withheld
        from given_{data_set}
        {"inner join home_areas on home = home_operator" if data_set == "mirror" else ""}
    """


def _has_column(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    return name in connection.table("canonical").columns


def _check_indicators(connection: duckdb.DuckDBPyConnection) -> None:
    unknown = connection.execute(
        "select distinct indicator from canonical where position_of_indicator is null order by all"
    ).fetchall()
    if unknown:
        raise InconsistentFiguresError(
            f"No rule for the indicators {', '.join(name for (name,) in unknown)}: EXITS is not "
            "published, others need a rule of their own in the disclosure control."
        )


@dataclass(frozen=True)
class Earlier:
    """What an earlier vintage told of each row.

    `figure`: as shown; -1 where it showed none. `in_revised`: in a period of which it showed some
    figure that is another now.
    """

    figure: IntArray
    was_withheld: BoolArray
    in_revised: BoolArray


def read_earlier(vintage: Path, rows: Rows, figure_now: IntArray) -> Earlier:
    """What an earlier vintage, a folder, told of each row, whose true figure is now given."""
    shown = np.full(len(rows.cell), -1, dtype=np.int64)
    withheld = np.zeros(len(rows.cell), dtype=bool)
    data_sets = rows.table["data_set"].to_pylist()
    with duckdb.connect() as connection:
        now = rows.table.append_column("position", pa.array(np.arange(len(data_sets))))
        connection.register("now", now)
        for name in sorted(set(data_sets)):
            path = vintage / "data" / f"{name}.parquet"
            if not path.exists():
                continue
            key = ", ".join(("freq", "time_period", *DATA_SET_DIMENSIONS[name], "indicator"))
            found = connection.execute(
                f"""
                select position, coalesce(cast(obs_value as bigint), -1), conf_status = 'C'
                from now inner join read_parquet($path) as before using ({key})
                where data_set = $name
                """,
                {"path": str(path), "name": name},
            ).fetchnumpy()
            position, figure, was_withheld = found.values()
            shown[position] = figure
            withheld[position] = was_withheld
    _, period = np.unique(
        np.array(rows.table["freq"].to_pylist()) + np.array(rows.table["time_period"].to_pylist()),
        return_inverse=True,
    )
    is_revised = (shown >= 0) & (shown != figure_now) & (rows.indicator >= 0)
    revised = np.bincount(period, weights=is_revised) > 0
    return Earlier(shown, withheld, revised[period])
