-- Grain: one row per delivery whose rows a continued build judges again.
-- A new delivery may replace others of its quarter, hold newer versions of older records, and let records of the operator's
-- latest quarter before it end by absence. So all its operator's deliveries of that quarter or later are open again;
-- records that only earlier deliveries hold had ended, or were closed, before.
-- `may_only_close`: it is that quarter before, of which nothing else can change.

with

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}

),

changes as (

    select
        operator,
        min(case when is_new then quarter_end end) as first_new_quarter_end,
        least(
            min(case when is_new then quarter_end end),
            -- none where the operator delivers for the first time
            coalesce(max(case when not is_new then quarter_end end), {{ far_future() }})
        ) as reopened_from

    from deliveries
    group by operator
    having sum(case when is_new then 1 else 0 end) > 0

),

reopened as (

    select
        deliveries.delivery_number,
        deliveries.quarter_end < changes.first_new_quarter_end as may_only_close

    from deliveries
    inner join changes on deliveries.operator = changes.operator
    where deliveries.quarter_end >= changes.reopened_from

)

select * from reopened
