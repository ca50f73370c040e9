/*
What it checks   Rows of disposition `counted` or `before_coverage` stand in exactly one participation, no other row
                 stands in any, and the two dispositions tell apart the participations that ended before the
                 coverage. Rows of an operator are compared by their number and the sum of their keys: all of them in every
                 build, which takes less than finding those that a continued build has looked at again.
Why it matters   A counted record without a participation is accounted for, but counts nowhere.
If it fails      Look for record_keys of the operator and disposition shown that stand in int_records__disposed or in
                 int_records__spelled only: a row without a person was lost in int_records__identified.
*/

with

disposed as (

    select
        deliveries.operator,
        records.disposition,
        count(*) as records,
        sum(cast(records.record_key as decimal(38, 0))) as record_keys
    from {{ ref('int_records__disposed') }} as records
    inner join {{ ref('int_deliveries__ranked') }} as deliveries on records.delivery_number = deliveries.delivery_number
    where records.disposition in ('counted', 'before_coverage')
    group by deliveries.operator, records.disposition

),

dated as (

    select
        records.record_key,
        records.operator,
        case
            when participations.open_end_date < cast('{{ var("coverage_start") }}' as date) then 'before_coverage'
            else 'counted'
        end as disposition
    from {{ ref('int_records__spelled') }} as records
    inner join {{ ref('int_participations__merged') }} as participations
        on records.participation_id = participations.participation_id

),

merged as (

    select
        operator,
        disposition,
        count(*) as records,
        sum(cast(record_key as decimal(38, 0))) as record_keys
    from dated
    group by operator, disposition

)

select
    coalesce(disposed.operator, merged.operator) as operator,
    coalesce(disposed.disposition, merged.disposition) as disposition,
    disposed.records,
    merged.records as records_in_participations
from disposed
full outer join merged
    on
        disposed.operator = merged.operator
        and disposed.disposition = merged.disposition
where
    coalesce(disposed.records, 0) <> coalesce(merged.records, 0)
    or disposed.record_keys <> merged.record_keys
