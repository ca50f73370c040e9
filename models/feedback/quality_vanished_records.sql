-- Grain: one row per record that was still running and that the operator's delivery of the reference quarter holds no longer
-- (rule `closed_by_absence`, told to the delivery that lacks the record).

with

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}

),

reported as (

    select * from {{ ref('quality_feedback_deliveries') }}
    where not is_replaced

),

-- a closed record ends on the last day of the last quarter that held it
closed as (

    select
        operator,
        record_key,
        record_id,
        end_date as last_held_day

    from {{ ref('int_records__versioned') }}
    where is_closed_by_absence

),

-- the quarter delivered before the one of the report
before as (

    select
        reported.delivery_number,
        reported.operator,
        max(deliveries.quarter_end) as last_day_before

    from reported
    inner join deliveries
        on
            reported.operator = deliveries.operator
            and deliveries.quarter_end < reported.quarter_start
    group by reported.delivery_number, reported.operator

),

noticed as (

    select
        before.delivery_number,
        closed.record_key,
        closed.record_id,
        closed.last_held_day,
        records.reference_quarter,
        records.sequence,
        records.file_name,
        records.line_number

    from closed
    inner join before
        on
            closed.operator = before.operator
            and closed.last_held_day = before.last_day_before
    inner join {{ ref('int_records__judged') }} as records on closed.record_key = records.record_key

)

select * from noticed
