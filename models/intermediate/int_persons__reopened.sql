-- Grain: one row per person whose participations or periods a continued build makes anew; without rows in any other build.
-- Persons of a reopened record, now or in the build before, and those who are present in a period that was not there before.
{% if is_continued() %}
with

left_persons as (

    select * from {{ ref('int_persons__left') }}

),

records as (

    select * from {{ ref('int_records__identified') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

participations_before as (

    select * from {{ before('int_participations__merged') }}

),

persons_before as (

    select * from {{ before('int_persons__by_period') }}

),

new_periods as (

    select min(period_start) as first_day

    from periods
    where period_number > (select coalesce(max(persons_before.period_number), 0) from persons_before)

),

reopened as (

    select person_id from left_persons

    union

    select person_id from records
    where {{ is_reopened('record_key', 'int_records__reopened') }}

    union

    select participations_before.person_id

    from participations_before
    inner join new_periods on participations_before.open_end_date >= new_periods.first_day

)

select * from reopened
{%- else %}
select person_id

from {{ ref('int_records__identified') }}
where false
-- depends_on: {{ ref('int_persons__left') }}, {{ ref('int_periods') }}, {{ ref('int_records__reopened') }}
{%- endif %}
