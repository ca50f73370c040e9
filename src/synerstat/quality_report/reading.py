"""Reads what the quality report says from the built warehouse and the vintage that is written."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.vocabulary import LANGUAGES, Edition, literal
from synerstat.publish.revisions import LargeRevisions

Rows = list[dict[str, Any]]

# what the report needs of the rules: the limits that its texts name
LIMITS = (
    "coverage_start",
    "spell_gap_days",
    "disclosure_threshold",
    "largest_share_unmapped",
    "largest_share_unknown_residence",
    "smallest_share_identified_nationally",
    "largest_change_on_usual",
    "largest_mirror_asymmetry",
    "fewest_persons_compared",
    "largest_revision",
    "days_until_delivery",
)


def read_report(
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    edition: Edition,
    variables: Mapping[str, Any],
    large: LargeRevisions,
    previous: Path | None,
) -> dict[str, Any]:
    """All that the report says, in no language yet: codes and figures.

    `relations` names the published table of each data set, `previous` is the vintage that this one
    was compared with, and `large` its large revisions. Shares lie between 0 and 1. What is withheld
    has null values and `conf_status` C.
    """
    threshold = edition.threshold
    return {
        "reference_quarter": edition.quarter,
        "vintage": edition.vintage,
        "persons_are_invented": edition.invented_persons,
        "limits": {name: variables[name] for name in LIMITS},
        "headlines": _rows(
            connection,
            "select * exclude (vintage) from warehouse.publication.pub_quality_headlines "
            "order by operator, indicator, time_period",
        ),
        "indicators": _rows(
            connection,
            "select * exclude (vintage) from warehouse.publication.pub_quality_indicators "
            "order by indicator, breakdown, operator, time_period",
        ),
        "breaks": _rows(
            connection,
            f"""
            select
                breaks.* exclude (vintage),
                {", ".join(f"min(texts.text_{each}) as text_{each}" for each in LANGUAGES)}
            from warehouse.publication.pub_quality_breaks as breaks
            left join warehouse.seeds.series_breaks as texts
                on
                    breaks.is_break
                    and breaks.operator = texts.operator
                    and breaks.training_type = texts.training_type
                    and breaks.change_date = texts.valid_from
            group by all
            order by change_date, operator, training_type
            """,
        ),
        "mergers": _rows(
            connection,
            f"""
            select
                effective_date,
                max(former_municipalities) as former_municipalities,
                max(municipalities_changing_area) as municipalities_changing_area,
                case
                    when sum(rows_with_former_code) between 1 and {threshold - 1} then null
                    else sum(rows_with_former_code)::bigint
                end as rows_with_former_code
            from warehouse.quality.quality_merged_municipalities
            group by effective_date
            order by effective_date
            """,
        ),
        "checks": _rows(
            connection,
            """
            select
                question,
                check_name,
                severity,
                cells_checked,
                cells_failed,
                cells_declared
            from warehouse.quality.quality_coherence_checks
            order by question, check_name
            """,
        ),
        "deviations": _rows(
            connection,
            """
            select
                check_name,
                whose_data,
                reason,
                valid_until,
                count(*) as cells
            from warehouse.quality.quality_declared_deviations
            group by all
            order by all
            """,
        ),
        "revisions": _revisions(connection, relations, large, previous),
    }


def _revisions(
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    large: LargeRevisions,
    previous: Path | None,
) -> dict[str, Any]:
    """Average size of revisions (A6), by data set and indicator, over cells shown in both vintages.

    `mean_absolute` is in the unit of the indicator, `relative` a share of the present values.
    """
    if previous is None:
        return {"previous_vintage": None, "sizes": [], "largest": [], "large": 0}
    compared = " union all ".join(
        f"""
        select
            '{data_set.name}' as data_set,
            indicator,
            new.obs_value as new_value,
            old.obs_value as old_value
        from {relations[data_set.name]} as new
        inner join read_parquet({literal(previous / "data" / f"{data_set.name}.parquet")}) as old
            using ({", ".join(data_set.key)})
        where new.obs_value is not null and old.obs_value is not null
        """
        for data_set in DATA_SETS
    )
    sizes = _rows(
        connection,
        f"""
        select
            data_set,
            indicator,
            count(*) as cells,
            count(*) filter (new_value <> old_value) as cells_revised,
            avg(abs(new_value - old_value)) as mean_absolute,
            sum(abs(new_value - old_value)) / nullif(sum(abs(new_value)), 0) as relative
        from ({compared})
        group by data_set, indicator
        order by data_set, indicator
        """,
    )
    return {
        "previous_vintage": f"{previous.parent.name}-{previous.name}",
        "sizes": sizes,
        "largest": large.largest,
        "large": large.cells,
    }


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Rows:
    """The rows of a query by the names of its columns; days as 2019-12-31."""
    found = connection.execute(query)
    names = [name for name, *_ in found.description or ()]
    return [
        {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in found.fetchall()
    ]
