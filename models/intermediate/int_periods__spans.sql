-- Grain: one row per first and last quarter of a stay, both inside the statistic, and period that the stay touches.
-- Whatever is spread over periods joins its quarters here: equal numbers, not days against every period.

with

periods as (

    select
        *,
        {{ quarter_index('period_start') }} as first_quarter,
        {{ quarter_index('period_end') }} as last_quarter

    from {{ ref('int_periods') }}

),

quarters as (

    select first_quarter as quarter from periods
    where freq = 'Q'

),

spans as (

    select
        beginnings.quarter as from_quarter,
        endings.quarter as to_quarter,
        periods.period_number,
        periods.freq,
        periods.period_start,
        periods.period_end

    from quarters as beginnings
    inner join quarters as endings on beginnings.quarter <= endings.quarter
    inner join periods
        on
            periods.first_quarter <= endings.quarter
            and periods.last_quarter >= beginnings.quarter

)

select * from spans
