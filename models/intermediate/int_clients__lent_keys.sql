-- Grain: one row per operator and client number that stands beside exactly one valid national number.
-- Rows of that client without a valid number borrow its key: the same client is the same person.
{{ config(materialized='incremental', pre_hook="{{ make_way('client_key', 'int_clients__reopened') }}") }}
{{ wait_for('int_clients__reopened') }}

with

records as (

    select * from {{ ref('int_records__judged') }}
    where {{ is_reopened('record_key', 'int_records__reopened', 'client_may_change') }}

),

lent as (

    select
        operator,
        client_key,
        min(person_national_key) as national_key

    from records
    where
        is_readable
        and not is_replaced
        and client_key is not null
        and person_national_key is not null
    group by operator, client_key
    -- one key only: the lowest is the highest
    having min(person_national_key) = max(person_national_key)

)

select * from lent
