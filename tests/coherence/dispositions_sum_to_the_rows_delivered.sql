/*
What it checks   For each delivery the dispositions of the accounting add up to the rows that the delivery holds by
                 its own manifest, and none has no rows.
Why it matters   The accounting is published: it is the proof that nothing was dropped silently.
If it fails      Fewer rows accounted for: the landing of the delivery shown is incomplete, run intake again. More:
                 its records stand twice in the landing, or two deliveries have one operator, quarter and sequence.
*/

with

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}

),

accounted as (

    select
        operator,
        reference_quarter,
        sequence,
        sum(rows) as accounted_rows,
        min(rows) as fewest_rows
    from {{ ref('mart_delivery_accounting') }}
    group by operator, reference_quarter, sequence

)

select
    deliveries.operator,
    deliveries.reference_quarter,
    deliveries.sequence,
    deliveries.row_count as delivered_rows,
    coalesce(accounted.accounted_rows, 0) as accounted_rows
from deliveries
left join accounted
    on
        deliveries.operator = accounted.operator
        and deliveries.reference_quarter = accounted.reference_quarter
        and deliveries.sequence = accounted.sequence
where
    deliveries.row_count <> coalesce(accounted.accounted_rows, 0)
    or accounted.fewest_rows < 1
