-- Grain: one row per period of whose figures some may have changed since the build before; without rows in a build that
-- continues none. Compared is all that the marts count, not the numbers that participations happen to have.

{%- set compared %}
        period_number,
        person_id,
        operator,
        training_type,
        delivery_mode,
        training_area,
        labour_status,
        sex,
        age_group,
        education_level,
        residence_area,
        is_entered,
        is_left,
        is_in_stock,
        hours
{%- endset %}
{% if is_continued() %}
with

participants_before as (

    select
        {{ compared }},
        -1 as difference

    from {{ ref('int_participants__left') }}

),

participants_now as (

    select
        {{ compared }},
        1 as difference

    from {{ ref('int_participants__by_period') }}
    where {{ is_reopened('person_id', 'int_persons__reopened') }}

),

both_builds as (

    select * from participants_before
    union all
    select * from participants_now

),

-- of rows that stand in both nothing is left over
differing as (

    select period_number

    from both_builds
    group by {{ compared }}
    having sum(difference) <> 0

),

reopened as (

    select distinct period_number from differing

)

select * from reopened
{%- else %}
select period_number

from {{ ref('int_participants__by_period') }}
where false
-- depends_on: {{ ref('int_participants__left') }}, {{ ref('int_persons__reopened') }}
{%- endif %}
