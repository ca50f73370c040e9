-- Grain: one row per participation and quarter with hours.
-- A record's hours are spread evenly over its days, up to its end or the last day of the quarter its version came in.
{{ config(materialized='incremental', pre_hook="{{ make_way('participation_id', 'int_participations__reopened') }}") }}
{{ wait_for('int_participations__reopened') }}

with

records as (

    select
        participation_id,
        -- 18 digits at most: all that is worked out below fits into a bigint. Whole hours and the rest are multiplied apart, as
        -- the engine is slow with the more than 18 digits that together they might need.
        cast(floor(hours) as bigint) * 1000000 + cast((hours % 1) * 1000000 as bigint) as millionths,
        start_date,
        least(open_end_date, quarter_end) as last_day_with_hours

    from {{ ref('int_records__spelled') }}
    where
        hours > 0
        and {{ is_reopened('participation_id', 'int_participations__recounted', 'is_remade') }}

),

quarters as (

    select * from {{ ref('int_periods__spans') }}
    where freq = 'Q'

),

counted as (

    select
        records.participation_id,
        quarters.period_number,
        records.millionths,
        {{ days_between('greatest(records.start_date, quarters.period_start)', 'least(records.last_day_with_hours, quarters.period_end)') }} + 1
            as days_in_quarter,
        {{ days_between('records.start_date', 'records.last_day_with_hours') }} + 1 as days

    from records
    inner join quarters on {{ touches_span('records.start_date', 'records.last_day_with_hours', 'quarters') }}

),

-- in whole millionths of an hour, rounded half up: sums do not depend on the order of rows, nor quotients on the engine
spread as (

    select
        participation_id,
        period_number,
        -- millionths * days_in_quarter / days, of the part that divides evenly and of the rest
        {{ integer_quotient('millionths', 'days') }} * days_in_quarter
        + {{ integer_quotient('2 * (millionths % days) * days_in_quarter + days', '2 * days') }} as millionths

    from counted

),

summed as (

    select
        participation_id,
        period_number,
        cast(cast(sum(cast(millionths as decimal(18, 0))) as decimal(31, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(38, 6)) as hours

    from spread
    group by participation_id, period_number

)

select * from summed
