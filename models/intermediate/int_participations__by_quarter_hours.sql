-- Grain: one row per participation and quarter with hours.
-- A record's hours are spread evenly over its days, up to its end or the last day of the quarter its version came in.

with

records as (

    select
        participation_id,
        hours,
        start_date,
        least(open_end_date, quarter_end) as last_day_with_hours

    from {{ ref('int_records__spelled') }}
    where hours > 0

),

quarters as (

    select * from {{ ref('int_periods') }}
    where freq = 'Q'

),

spread as (

    select
        records.participation_id,
        quarters.period_number,
        -- six decimals, so that sums do not depend on the order of rows
        cast(
            records.hours
            * ({{ days_between('greatest(records.start_date, quarters.period_start)', 'least(records.last_day_with_hours, quarters.period_end)') }} + 1)
            / ({{ days_between('records.start_date', 'records.last_day_with_hours') }} + 1)
            as decimal(18, 6)
        ) as hours

    from records
    inner join quarters
        on
            records.start_date <= quarters.period_end
            and records.last_day_with_hours >= quarters.period_start

),

summed as (

    select
        participation_id,
        period_number,
        sum(hours) as hours

    from spread
    group by participation_id, period_number

)

select * from summed
