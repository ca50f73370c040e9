-- Grain: one row per delivered row that a continued build looks at again; without rows in any other build.
-- A row in a reopened delivery, each other version of its record, and each row of a client to whom another key is lent. And
-- what a new delivery may close by its absence, in the operator's latest quarter before it: records that only earlier
-- deliveries hold had ended or were closed before. Absence closes what goes on, so rows that were accepted and ended in their
-- quarter stay out. That is most of it.
{% if is_continued() %}
with

records as {{ read_again() }} (

    select * from {{ ref('int_records__judged') }}

),

quarters as (

    select
        operator,
        min(case when is_new then quarter_end end) as first_new_quarter_end,
        max(case when not is_new then quarter_end end) as latest_quarter_end_before

    from {{ ref('int_deliveries__ranked') }}
    group by operator

),

deliveries as (

    select
        delivery_number,
        false as may_only_close

    from {{ ref('int_deliveries__reopened') }}

    union all

    select
        deliveries.delivery_number,
        true as may_only_close

    from {{ ref('int_deliveries__ranked') }} as deliveries
    inner join quarters on deliveries.operator = quarters.operator
    where
        deliveries.quarter_end = quarters.latest_quarter_end_before
        and deliveries.quarter_end < quarters.first_new_quarter_end

),

delivered as (

    select
        records.record_key,
        records.operator,
        records.record_id

    from records
    inner join deliveries on records.delivery_number = deliveries.delivery_number
    where
        not deliveries.may_only_close
        or not records.is_judged
        or records.is_replaced
        or records.is_rejected
        or coalesce(records.end_date > records.quarter_end, true)

),

identifiers as (

    select distinct
        operator,
        record_id

    from delivered
    where record_id is not null

),

clients as (

    select * from {{ ref('int_clients__changed') }}

),

found as (

    select
        record_key,
        true as version_may_change
    from delivered

    union all

    select
        records.record_key,
        true as version_may_change

    from records
    inner join identifiers
        on
            records.operator = identifiers.operator
            and records.record_id = identifiers.record_id

    union all

    select
        records.record_key,
        false as version_may_change

    from records
    inner join clients
        on
            records.operator = clients.operator
            and records.client_key = clients.client_key

),

reopened as (

    select
        record_key,
        max(version_may_change) as version_may_change

    from found
    group by record_key

)

select * from reopened
{%- else %}
select
    record_key,
    false as version_may_change

from {{ ref('int_records__judged') }}
where false
-- depends_on: {{ ref('int_deliveries__ranked') }}, {{ ref('int_deliveries__reopened') }}, {{ ref('int_clients__changed') }}
{%- endif %}
