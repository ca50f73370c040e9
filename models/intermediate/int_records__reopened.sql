-- Grain: one row per delivered row that a continued build looks at again; without rows in any other build.
-- A row in a reopened delivery, each other version of its record, and each row of its client where one borrows the client's
-- key.
{% if is_continued() %}
with

records as (

    select * from {{ ref('int_records__checked') }}

),

deliveries as (

    select * from {{ ref('int_deliveries__reopened') }}

),

delivered as (

    select
        records.record_key,
        records.operator,
        records.record_id,
        records.client_key

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

    select distinct
        operator,
        client_key

    from delivered
    where client_key is not null

),

borrowing_clients as (

    select distinct
        records.operator,
        records.client_key

    from records
    inner join clients
        on
            records.operator = clients.operator
            and records.client_key = clients.client_key
    where records.person_national_key is null

),

found as (

    select
        records.record_key,
        records.operator,
        records.client_key,
        deliveries.delivery_number is not null or identifiers.record_id is not null as version_may_change,
        borrowing_clients.client_key is not null as client_may_change

    from records
    left join deliveries on records.delivery_number = deliveries.delivery_number
    left join identifiers
        on
            records.operator = identifiers.operator
            and records.record_id = identifiers.record_id
    left join borrowing_clients
        on
            records.operator = borrowing_clients.operator
            and records.client_key = borrowing_clients.client_key

),

reopened as (

    select
        record_key,
        version_may_change,
        client_may_change

    from found
    where version_may_change or client_may_change

)

select * from reopened
{%- else %}
select
    record_key,
    false as version_may_change,
    false as client_may_change

from {{ ref('int_records__checked') }}
where false
-- depends_on: {{ ref('int_deliveries__reopened') }}
{%- endif %}
