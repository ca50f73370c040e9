-- Grain: one row per operator and client number whose key a continued build may lend otherwise; without rows in any other.
-- Clients that stand in a delivery that is new or may be replaced, and of whom some row borrows. Where every row has a number
-- of its own nothing is lent.
{% if is_continued() %}
with

records as {{ read_again() }} (

    select * from {{ ref('int_records__judged') }}
    where client_key is not null

),

delivered as (

    select distinct
        operator,
        client_key

    from records
    where {{ is_reopened('delivery_number', 'int_deliveries__reopened') }}

),

reopened as (

    select distinct
        records.operator,
        records.client_key

    from records
    inner join delivered
        on
            records.operator = delivered.operator
            and records.client_key = delivered.client_key
    where records.person_national_key is null

)

select * from reopened
{%- else %}
select
    operator,
    client_key

from {{ ref('int_records__judged') }}
where false
-- depends_on: {{ ref('int_deliveries__reopened') }}
{%- endif %}
