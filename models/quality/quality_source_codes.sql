-- Grain: one row per operator, dimension, source code, harmonised code and reference quarter of the deliveries that use it.
-- Readable rows of deliveries that were not replaced: which codes no mapping knows, which were used for the first time,
-- which vanished.

with

codes as (

    select * from {{ ref('int_deliveries__codes') }}
    where dimension not in ('residence', 'training_place')

),

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}
    where not is_replaced

),

summed as (

    select
        deliveries.operator,
        codes.dimension,
        codes.source_code,
        codes.target_code,
        deliveries.reference_quarter,
        cast(sum(codes.rows) as bigint) as rows,
        -- without a readable start nothing is looked up, so nothing is unmapped
        cast(sum(case when codes.target_code is null and codes.has_start_date then codes.rows else 0 end) as bigint) as unmapped_rows

    from codes
    inner join deliveries on codes.delivery_number = deliveries.delivery_number
    group by deliveries.operator, codes.dimension, codes.source_code, codes.target_code, deliveries.reference_quarter

)

select * from summed
