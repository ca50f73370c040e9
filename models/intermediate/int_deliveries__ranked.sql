-- Grain: one row per delivery that was not refused and whose reference quarter is not after the build's.
-- A delivery with a higher sequence for the same operator and quarter replaces the lower one whole.

with

deliveries as (

    select * from {{ landed_or_sample('*/*/delivery.parquet', ref('training_deliveries')) }}

),

ranked as (

    select
        cast(row_number() over (order by operator, reference_quarter, sequence) as bigint) as delivery_number,
        operator,
        reference_quarter,
        sequence,
        extracted_at,
        row_count,
        {{ quarter_start('reference_quarter') }} as quarter_start,
        {{ quarter_end('reference_quarter') }} as quarter_end,
        sequence < max(sequence) over (partition by operator, reference_quarter) as is_replaced,
        max({{ quarter_end('reference_quarter') }}) over (partition by operator) as latest_quarter_end

    from deliveries
    where reference_quarter <= '{{ var("reference_quarter") }}'

)

select * from ranked
