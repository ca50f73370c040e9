-- Grain: one row per operator (`_T` all), indicator and quarter. After disclosure control; no rows before it.
-- The totals of the operators beside the quarter before and the same quarter of the year before.

with

figures as (

    select
        *,
        {{ quarter_number('time_period') }} as quarter_number

    from {{ ref('pub_training') }}
    where
        freq = 'Q'
        and training_area = '_T'
        and training_type = '_T'
        and delivery_mode = '_T'

),

compared as (

    select
        figures.operator,
        figures.indicator,
        figures.time_period,
        figures.obs_value,
        figures.obs_status,
        figures.conf_status,
        quarters_before.obs_value as quarter_before,
        years_before.obs_value as year_before,
        case
            when quarters_before.obs_value > 0
                then cast(figures.obs_value - quarters_before.obs_value as double) / cast(quarters_before.obs_value as double)
        end as change_on_quarter_before,
        case
            when years_before.obs_value > 0
                then cast(figures.obs_value - years_before.obs_value as double) / cast(years_before.obs_value as double)
        end as change_on_year_before,
        figures.vintage

    from figures
    left join figures as quarters_before
        on
            figures.operator = quarters_before.operator
            and figures.indicator = quarters_before.indicator
            and figures.quarter_number = quarters_before.quarter_number + 1
    left join figures as years_before
        on
            figures.operator = years_before.operator
            and figures.indicator = years_before.indicator
            and figures.quarter_number = years_before.quarter_number + 4

)

select * from compared
