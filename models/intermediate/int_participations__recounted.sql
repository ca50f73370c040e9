-- Grain: one row per participation that a continued build counts anew in some period; without rows in any other build.
-- `is_remade`: it was put together anew, too.
{% if is_continued() %}
with

participations as (

    select * from {{ ref('int_participations__merged') }}

),

persons as (

    select * from {{ ref('int_persons__reopened') }}

),

reopened_periods as (

    select * from {{ ref('int_persons__reopened_periods') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

-- of a year that is counted anew all participations are needed, those that ended in its first quarters too
beginnings as (

    select
        reopened_periods.person_id,
        min(periods.period_start) as first_day

    from reopened_periods
    inner join periods on reopened_periods.period_number = periods.period_number
    group by reopened_periods.person_id

),

recounted as (

    select
        participations.participation_id,
        coalesce(participations.open_end_date >= persons.reopened_from, false) as is_remade

    from participations
    inner join persons on participations.person_id = persons.person_id
    inner join beginnings on participations.person_id = beginnings.person_id
    where participations.open_end_date >= beginnings.first_day

)

select * from recounted
{%- else %}
select
    participation_id,
    false as is_remade

from {{ ref('int_participations__merged') }}
where false
-- depends_on: {{ ref('int_persons__reopened') }}, {{ ref('int_persons__reopened_periods') }}, {{ ref('int_periods') }}
{%- endif %}
