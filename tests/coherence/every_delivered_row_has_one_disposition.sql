/*
What it checks   Every delivered row ends in exactly one of the ten dispositions of docs/method.md (section 3). The rows
                 of a delivery are compared by their number and the sum of their keys, which are unique where they are stored.
Why it matters   A join that drops or doubles a row changes an official figure, and nobody would see it.
If it fails      Rows of the delivery shown have none, several, or an unknown one. Look for record_keys that stand in
                 int_records__judged or int_records__disposed only, or twice; the first model between them where one is
                 missing or doubled is the one to repair.
*/

with

delivered as (

    select
        delivery_number,
        count(*) as delivered_rows,
        sum(cast(record_key as decimal(38, 0))) as record_keys
    from {{ ref('int_records__judged') }}
    where {{ is_reopened('record_key', 'int_records__reopened') }}
    group by delivery_number

),

disposed as (

    select
        delivery_number,
        count(*) as disposed_rows,
        sum(cast(record_key as decimal(38, 0))) as record_keys,
        sum(
            case
                when disposition in (
                    'unreadable', 'superseded', 'duplicate', 'rejected', 'cancelled', 'not_member', 'mirror',
                    'out_of_scope', 'before_coverage', 'counted'
                ) then 1
                else 0
            end
        ) as known_dispositions
    from {{ ref('int_records__disposed') }}
    where {{ is_reopened('record_key', 'int_records__reopened') }}
    group by delivery_number

)

select
    coalesce(delivered.delivery_number, disposed.delivery_number) as delivery_number,
    delivered.delivered_rows,
    disposed.disposed_rows,
    disposed.known_dispositions
from delivered
full outer join disposed on delivered.delivery_number = disposed.delivery_number
where
    coalesce(delivered.delivered_rows, 0) <> coalesce(disposed.disposed_rows, 0)
    or coalesce(delivered.delivered_rows, 0) <> coalesce(disposed.known_dispositions, 0)
    or delivered.record_keys <> disposed.record_keys
