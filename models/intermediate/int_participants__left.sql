-- Grain: one row per participation and period of a reopened person, as the build before counted it; without rows in a build
-- that continues none.
{% if is_continued() %}
with

participants_before as (

    select * from {{ before('int_participants__by_period') }}

),

left_participants as (

    select * from participants_before
    where {{ is_reopened('person_id', 'int_persons__reopened') }}

)

select * from left_participants
{%- else %}
select person_id

from {{ ref('int_persons__reopened') }}
where false
{%- endif %}
