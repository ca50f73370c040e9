-- Grain: one row per operator and client number that stands beside exactly one valid national number in some rows, and
-- beside none in others. The latter borrow its key: the same client is the same person.
{{ config(materialized='incremental', pre_hook="{{ make_way('client_key', 'int_clients__reopened') }}") }}
{{ wait_for('int_clients__left') }}
{{ wait_for('int_clients__reopened') }}

with

records as {{ read_again() }} (

    select * from {{ ref('int_records__judged') }}
    where client_key is not null

),

-- few have a row that borrows, and no other client has to be looked at
borrowing as (

    {% if is_continued() -%}
    select * from {{ ref('int_clients__reopened') }}
    {%- else -%}
    select distinct
        operator,
        client_key

    from records
    where person_national_key is null
    {%- endif %}

),

lent as (

    select
        records.operator,
        records.client_key,
        min(records.person_national_key) as national_key

    from records
    inner join borrowing
        on
            records.operator = borrowing.operator
            and records.client_key = borrowing.client_key
    where
        records.is_readable
        and not records.is_replaced
        and records.person_national_key is not null
    group by records.operator, records.client_key
    -- one key only: the lowest is the highest
    having min(records.person_national_key) = max(records.person_national_key)

)

select * from lent
