-- Grain: one row per operator and client number whose key a continued build may lend otherwise; without rows in any other.

with

records as (

    select * from {{ ref('int_records__checked') }}

),

rows_reopened as (

    select * from {{ ref('int_records__reopened') }}
    where client_may_change

),

reopened as (

    select distinct
        records.operator,
        records.client_key

    from records
    inner join rows_reopened on records.record_key = rows_reopened.record_key

)

select * from reopened
