-- Grain: one row per delivered row that a continued build looks at again; without rows in any other build.
-- A row in a reopened delivery, each other version of its record, and each row of a client to whom another key is lent.
-- A delivery that may only close records reopens none that it accepted and that ended in its quarter: absence closes what
-- goes on. That is most of it.
{% if is_continued() %}
with

records as {{ read_again() }} (

    select * from {{ ref('int_records__judged') }}

),

deliveries as (

    select * from {{ ref('int_deliveries__reopened') }}

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
-- depends_on: {{ ref('int_deliveries__reopened') }}, {{ ref('int_clients__changed') }}
{%- endif %}
