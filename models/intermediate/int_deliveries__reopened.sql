-- Grain: one row per delivery whose rows a continued build judges again.
-- A new delivery may replace others of its quarter, and hold newer versions of records of any other. So all its operator's
-- deliveries of that quarter or later are open again. What earlier ones may still lose, by absence, `int_records__reopened` finds.

with

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}

),

added as (

    select
        operator,
        min(quarter_end) as first_quarter_end

    from deliveries
    where is_new
    group by operator

),

reopened as (

    select deliveries.delivery_number

    from deliveries
    inner join added on deliveries.operator = added.operator
    where deliveries.quarter_end >= added.first_quarter_end

)

select * from reopened
