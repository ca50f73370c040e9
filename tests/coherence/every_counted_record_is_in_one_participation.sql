/*
What it checks   Rows of disposition `counted` or `before_coverage` stand in exactly one participation, no other row
                 stands in any, and the two dispositions tell apart the participations that ended before the
                 coverage. Rows of an operator are compared by their number and the sum of their keys, their participations
                 by the sum of theirs, each as often as it has records: all of them in every build, which takes less than
                 finding those that a continued build has looked at again.
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

participations as (

    select
        participation_id,
        operator,
        records,
        case
            when open_end_date < cast('{{ var("coverage_start") }}' as date) then 'before_coverage'
            else 'counted'
        end as disposition
    from {{ ref('int_participations__merged') }}

),

merged as (

    select
        operator,
        disposition,
        sum(records) as records,
        sum(cast(participation_id as decimal(18, 0)) * cast(records as decimal(18, 0))) as participation_ids
    from participations
    group by operator, disposition

),

-- few: what is not among them is counted
ended_before_coverage as (

    select participation_id
    from participations
    where disposition = 'before_coverage'

),

dated as (

    select
        records.record_key,
        records.participation_id,
        records.operator,
        case when ended_before_coverage.participation_id is null then 'counted' else 'before_coverage' end as disposition
    from {{ ref('int_records__spelled') }} as records
    left join ended_before_coverage on records.participation_id = ended_before_coverage.participation_id

),

spelled as (

    select
        operator,
        disposition,
        count(*) as records,
        sum(cast(record_key as decimal(38, 0))) as record_keys,
        sum(cast(participation_id as decimal(38, 0))) as participation_ids
    from dated
    group by operator, disposition

)

select
    coalesce(disposed.operator, spelled.operator, merged.operator) as operator,
    coalesce(disposed.disposition, spelled.disposition, merged.disposition) as disposition,
    disposed.records,
    spelled.records as records_with_a_participation,
    merged.records as records_of_participations
from disposed
full outer join spelled
    on
        disposed.operator = spelled.operator
        and disposed.disposition = spelled.disposition
full outer join merged
    on
        coalesce(disposed.operator, spelled.operator) = merged.operator
        and coalesce(disposed.disposition, spelled.disposition) = merged.disposition
where
    coalesce(disposed.records, 0) <> coalesce(spelled.records, 0)
    or coalesce(disposed.records, 0) <> coalesce(merged.records, 0)
    or disposed.record_keys <> spelled.record_keys
    or spelled.participation_ids <> merged.participation_ids
