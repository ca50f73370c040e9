-- Grain: one row per delivery that was not refused and whose reference quarter is not after the build's.
-- A delivery with a higher sequence for the same operator and quarter replaces the lower one whole.

with

deliveries as (

    select * from {{ landed_or_sample('*/*/delivery.parquet', ref('training_deliveries')) }}

),

numbered as (

    select * from {{ ref('int_deliveries__numbered') }}

),

ranked as (

    select
        numbered.delivery_number,
        deliveries.operator,
        deliveries.reference_quarter,
        deliveries.sequence,
        deliveries.extracted_at,
        deliveries.row_count,
        {{ quarter_start('deliveries.reference_quarter') }} as quarter_start,
        {{ quarter_end('deliveries.reference_quarter') }} as quarter_end,
        deliveries.sequence
        < max(deliveries.sequence) over (partition by deliveries.operator, deliveries.reference_quarter) as is_replaced,
        max({{ quarter_end('deliveries.reference_quarter') }}) over (partition by deliveries.operator) as latest_quarter_end,
        numbered.first_built_by = '{{ invocation_id }}' as is_new,
        '{{ invocation_id }}' as built_by

    from deliveries
    inner join numbered
        on
            deliveries.operator = numbered.operator
            and deliveries.reference_quarter = numbered.reference_quarter
            and deliveries.sequence = numbered.sequence

)

select * from ranked
