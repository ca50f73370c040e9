-- Grain: one row per person of whom a continued build makes something anew; without rows in any other build.
-- `reopened_from`: nothing that happened to the person before has changed. So participations that ended before stay as they
-- are; those that end then or later are put together anew. It is the first start of a record that came, went or changed, less
-- the longest pause in a participation: an earlier end may now be continued. Null where no record changed and the person is
-- only present in a period that was not there before.
-- `counted_from`: periods that end before stay as they are, unless they are added. A participation put together anew may look
-- otherwise from its first day on.
{% if is_continued() %}
with

records_left as (

    select * from {{ ref('int_records__left') }}

),

records_now as (

    select * from {{ ref('int_records__identified') }}

),

periods_added as (

    select * from {{ ref('int_periods__added') }}

),

participations_before as (

    select * from {{ before('int_participations__merged') }}

),

-- whatever else is known of a row is the same in every build
both_builds as (

    select
        record_key,
        person_id,
        start_date,
        end_date,
        -1 as difference

    from records_left
    where disposition = 'counted'

    union all

    select
        record_key,
        person_id,
        start_date,
        end_date,
        1 as difference

    from records_now
    where
        disposition = 'counted'
        and {{ is_reopened('record_key', 'int_records__reopened') }}

),

differing as (

    select
        person_id,
        start_date

    from both_builds
    group by record_key, person_id, start_date, end_date
    having sum(difference) <> 0

),

changed as (

    select
        person_id,
        {{ days_before('min(start_date)', var('spell_gap_days') + 1) }} as reopened_from

    from differing
    group by person_id

),

together as (

    select
        person_id,
        reopened_from,
        reopened_from as counted_from

    from changed

    union all

    select
        changed.person_id,
        changed.reopened_from,
        participations_before.start_date as counted_from

    from changed
    inner join participations_before on changed.person_id = participations_before.person_id
    where participations_before.open_end_date >= changed.reopened_from

    union all

    select
        participations_before.person_id,
        cast(null as date) as reopened_from,
        added.first_day as counted_from

    from participations_before
    inner join (select min(period_start) as first_day from periods_added) as added
        on participations_before.open_end_date >= added.first_day

),

reopened as (

    select
        person_id,
        min(reopened_from) as reopened_from,
        min(counted_from) as counted_from

    from together
    group by person_id

)

select * from reopened
{%- else %}
select
    person_id,
    cast(null as date) as reopened_from,
    cast(null as date) as counted_from

from {{ ref('int_records__identified') }}
where false
-- depends_on: {{ ref('int_records__left') }}, {{ ref('int_periods__added') }}, {{ ref('int_records__reopened') }}
{%- endif %}
