-- Grain: one row per delivered row, with the one place where it ends.
{{ config(materialized='view') }}

with

records as (

    select * from {{ ref('int_records__versioned') }}

),

spelled as (

    select * from {{ ref('int_records__spelled') }}

),

participations as (

    select * from {{ ref('int_participations__merged') }}

),

ended_before_coverage as (

    select spelled.record_key

    from spelled
    inner join participations on spelled.participation_id = participations.participation_id
    where participations.open_end_date < cast('{{ var("coverage_start") }}' as date)

),

disposed as (

    select
        records.record_key,
        records.delivery_number,
        records.is_closed_by_absence,
        case
            when ended_before_coverage.record_key is not null then cast('before_coverage' as {{ disposition_type() }})
            else records.disposition
        end as disposition

    from records
    left join ended_before_coverage on records.record_key = ended_before_coverage.record_key

)

select * from disposed
