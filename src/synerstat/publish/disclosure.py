"""Primary suppression: from a mart to its published long form, in SQL."""

from synerstat.publish.data_sets import DataSet

# A quarter is provisional in the publications of its own and the next three quarters; a year as
# long as one of its quarters is. Late records may still come that long.
PROVISIONAL_QUARTERS = 4


def long_form(data_set: DataSet, mart: str, quarter: str, vintage: str, threshold: int) -> str:
    """SQL for the published rows of a data set: key, obs_value, obs_status, conf_status, vintage.

    `mart` is the relation to read, `quarter` the reference quarter (2019Q4). A figure that rests on
    1 to `threshold` - 1 distinct persons is withheld: no value, conf_status C, obs_status Q. Zero
    is shown, for it is about nobody.
    """
    reference = int(quarter[:4]) * 4 + int(quarter[5])
    dimensions = ", ".join(dimension.column for dimension in data_set.dimensions)
    figures = ",\n            ".join(
        f"{{'indicator': '{indicator.code}', "
        f"'figure': cast({indicator.value} as bigint), "
        f"'is_small': {_is_small(indicator.persons, threshold)}}}"
        for indicator in data_set.indicators
    )
    return f"""
with

figures as (

    select
        {dimensions},
        -- the last quarter of the period, counted from year 0
        cast(left(time_period, 4) as integer) * 4
        + case when freq = 'Q' then cast(right(time_period, 1) as integer) else 4 end
            as last_quarter,
        unnest([
            {figures}
        ], recursive := true)

    from {mart}

)

select
    {dimensions},
    indicator,
    case when not is_small then figure end as obs_value,
    case
        when is_small then 'Q'
        when figure is null then 'M'
        when last_quarter > {reference} - {PROVISIONAL_QUARTERS} then 'P'
        else 'A'
    end as obs_status,
    case when is_small then 'C' else 'F' end as conf_status,
    '{vintage}' as vintage

from figures
"""


def _is_small(persons: tuple[str, ...], threshold: int) -> str:
    return " or ".join(f"{count} between 1 and {threshold - 1}" for count in persons)
