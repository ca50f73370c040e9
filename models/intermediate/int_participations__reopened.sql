-- Grain: one row per participation of the build before that a continued build puts together anew; without rows in any other
-- build.
{% if is_continued() %}
with

participations_before as (

    select * from {{ before('int_participations__merged') }}

),

persons as (

    select * from {{ ref('int_persons__reopened') }}

),

reopened as (

    select participations_before.participation_id

    from participations_before
    inner join persons on participations_before.person_id = persons.person_id
    where participations_before.open_end_date >= persons.reopened_from

)

select * from reopened
{%- else %}
select person_id as participation_id

from {{ ref('int_persons__reopened') }}
where false
{%- endif %}
