/*
What it checks   Every delivered row ends in exactly one of the ten dispositions of the counting rules (section 3).
Why it matters   A join that drops or doubles a row changes an official figure, and nobody would see it.
If it fails      The rows shown have none, several, or an unknown one. Follow their record_key from
                 int_records__judged down to int_records__disposed: the first model where it is missing or doubled
                 is the one to repair.
*/

with

delivered as (

    select record_key from {{ ref('int_records__judged') }}
    where {{ is_reopened('record_key', 'int_records__reopened') }}

),

disposed as (

    select
        record_key,
        disposition
    from {{ ref('int_records__disposed') }}
    where {{ is_reopened('record_key', 'int_records__reopened') }}

),

compared as (

    select
        coalesce(delivered.record_key, disposed.record_key) as record_key,
        count(delivered.record_key) as delivered_rows,
        count(disposed.disposition) as dispositions,
        sum(
            case
                when disposed.disposition in (
                    'unreadable', 'superseded', 'duplicate', 'rejected', 'cancelled', 'not_member', 'mirror',
                    'out_of_scope', 'before_coverage', 'counted'
                ) then 1
                else 0
            end
        ) as known_dispositions
    from delivered
    full outer join disposed on delivered.record_key = disposed.record_key
    group by coalesce(delivered.record_key, disposed.record_key)

)

select *
from compared
where delivered_rows <> 1 or dispositions <> 1 or known_dispositions <> 1
