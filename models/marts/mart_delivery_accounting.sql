-- Grain: one row per operator, reference_quarter, sequence, disposition that has rows.

with

records as (

    select * from {{ ref('int_records__disposed') }}

),

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}

),

accounted as (

    select
        deliveries.operator,
        deliveries.reference_quarter,
        deliveries.sequence,
        cast(records.disposition as {{ dbt.type_string() }}) as disposition,
        count(*) as rows

    from records
    inner join deliveries on records.delivery_number = deliveries.delivery_number
    group by deliveries.operator, deliveries.reference_quarter, deliveries.sequence, records.disposition

)

select * from accounted
