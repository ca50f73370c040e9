/*
What it checks   Rows of disposition `counted` or `before_coverage` stand in exactly one participation, no other row
                 stands in any, and the two dispositions tell apart the participations that ended before the
                 coverage.
Why it matters   A counted record without a participation is accounted for, but counts nowhere.
If it fails      Look up the record_key shown in int_records__identified: a row without a person was lost there.
*/

with
{% if is_continued() %}
-- rows that were looked at again, and all records of the persons reopened
concerned as (

    select record_key from {{ ref('int_records__reopened') }}
    union
    select record_key from {{ ref('int_records__identified') }}
    where {{ is_reopened('person_id', 'int_persons__reopened', 'reopened_from is not null') }}

),
{% endif %}
disposed as (

    select
        record_key,
        disposition
    from {{ ref('int_records__disposed') }}
    {%- if is_continued() %}
    where record_key in (select concerned.record_key from concerned)
    {%- endif %}

),

merged as (

    select
        records.record_key,
        count(*) as participations,
        min(participations.open_end_date) as open_end_date
    from {{ ref('int_records__spelled') }} as records
    inner join {{ ref('int_participations__merged') }} as participations
        on records.participation_id = participations.participation_id
    {%- if is_continued() %}
    where records.record_key in (select concerned.record_key from concerned)
    {%- endif %}
    group by records.record_key

)

select
    coalesce(disposed.record_key, merged.record_key) as record_key,
    disposed.disposition,
    coalesce(merged.participations, 0) as participations,
    merged.open_end_date
from disposed
full outer join merged on disposed.record_key = merged.record_key
where
    disposed.record_key is null
    or coalesce(merged.participations, 0)
    <> case when disposed.disposition in ('counted', 'before_coverage') then 1 else 0 end
    or (
        disposed.disposition = 'counted'
        and merged.open_end_date < cast('{{ var("coverage_start") }}' as date)
    )
    or (
        disposed.disposition = 'before_coverage'
        and merged.open_end_date >= cast('{{ var("coverage_start") }}' as date)
    )
-- depends_on: {{ ref('int_records__reopened') }}, {{ ref('int_records__identified') }}, {{ ref('int_persons__reopened') }}
