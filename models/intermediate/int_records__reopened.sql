-- Grain: one row per delivered row that a continued build looks at again; without rows in any other build.
-- A row in a reopened delivery, each other version of its record, and each row of a client to whom another key is lent.
{% if is_continued() %}
with

records as (

    select * from {{ ref('int_records__judged') }}

),

deliveries as (

    select * from {{ ref('int_deliveries__reopened') }}

),

delivered as (

    select
        records.operator,
        records.record_id

    from records
    inner join deliveries on records.delivery_number = deliveries.delivery_number

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
        records.record_key,
        deliveries.delivery_number is not null or identifiers.record_id is not null as version_may_change,
        clients.client_key is not null as key_has_changed

    from records
    left join deliveries on records.delivery_number = deliveries.delivery_number
    left join identifiers
        on
            records.operator = identifiers.operator
            and records.record_id = identifiers.record_id
    left join clients
        on
            records.operator = clients.operator
            and records.client_key = clients.client_key

),

reopened as (

    select
        record_key,
        version_may_change

    from found
    where version_may_change or key_has_changed

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
