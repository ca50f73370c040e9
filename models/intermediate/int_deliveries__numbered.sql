-- Grain: one row per delivery that was not refused and whose reference quarter is not after the build's.
-- A delivery keeps its number from build to build, so that rows made of it can be kept too.
{{ config(materialized='incremental') }}

with

deliveries as (

    select
        operator,
        reference_quarter,
        sequence

    from {{ landed_or_sample('*/*/delivery.parquet', ref('training_deliveries')) }}
    where reference_quarter <= '{{ var("reference_quarter") }}'

),

{% if is_continued() -%}
numbered_before as (

    select * from {{ this }}

),

fresh as (

    select deliveries.*

    from deliveries
    left join numbered_before
        on
            deliveries.operator = numbered_before.operator
            and deliveries.reference_quarter = numbered_before.reference_quarter
            and deliveries.sequence = numbered_before.sequence
    where numbered_before.delivery_number is null

),
{%- else -%}
fresh as (

    select * from deliveries

),
{%- endif %}

numbered as (

    select
        cast(row_number() over (order by operator, reference_quarter, sequence) as bigint)
        {%- if is_continued() %} + (select coalesce(max(before.delivery_number), 0) from numbered_before as before){% endif %} as delivery_number,
        operator,
        reference_quarter,
        sequence,
        '{{ invocation_id }}' as first_built_by

    from fresh

)

select * from numbered
