-- Grain: one row per delivered row. Which version of a record counts, where it ends, and where the row goes
-- (all dispositions but `before_coverage`, which only the whole participation can tell).
{{ config(materialized='incremental', pre_hook="{{ make_way('record_key', 'int_records__reopened', 'version_may_change') }}") }}

with

judged as {{ read_again() }} (

    select
        *,
        is_judged and not is_replaced and not is_rejected as is_accepted

    from {{ ref('int_records__judged') }}
    where {{ is_reopened('record_key', 'int_records__reopened', 'version_may_change') }}

),

-- per identifier: the last quarter that still held it, and the quarter of the version that counts
identifiers as (

    select
        operator,
        record_id,
        max(quarter_end) as last_seen_quarter_end,
        max(case when is_accepted then quarter_end end) as current_quarter_end

    from judged
    where is_readable and not is_replaced and record_id is not null
    group by operator, record_id

),

versioned as (

    select
        judged.*,
        identifiers.last_seen_quarter_end,
        judged.is_accepted and judged.quarter_end = identifiers.current_quarter_end as is_current

    from judged
    left join identifiers
        on
            judged.operator = identifiers.operator
            and judged.record_id = identifiers.record_id

),

closed as (

    select
        *,
        is_current
        and last_seen_quarter_end < latest_quarter_end
        and (end_date is null or end_date > last_seen_quarter_end) as is_closed_by_absence

    from versioned

),

disposed as (

    select
        record_key,
        delivery_number,
        operator,
        record_id,
        quarter_end,
        case when is_closed_by_absence then last_seen_quarter_end else end_date end as end_date,
        is_closed_by_absence,
        cast(case
            when not is_readable then 'unreadable'
            when is_replaced then 'superseded'
            when is_copy then 'duplicate'
            when is_rejected then 'rejected'
            when not is_current then 'superseded'
            when is_cancelled then 'cancelled'
            when organiser = '_X' then 'not_member'
            when organiser <> operator then 'mirror'
            when training_type = '_X' then 'out_of_scope'
            else 'counted'
        end as {{ disposition_type() }}) as disposition

    from closed

)

select * from disposed
