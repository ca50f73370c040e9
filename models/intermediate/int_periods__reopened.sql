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

    select {{ compared }}

    from {{ ref('int_participants__left') }}

),

participants_now as (

    select {{ compared }}

    from {{ ref('int_participants__by_period') }}
    where {{ is_reopened('person_id', 'int_persons__reopened') }}

),

changed as (

    (select * from participants_before except all select * from participants_now)
    union all
    (select * from participants_now except all select * from participants_before)

),

reopened as (

    select distinct period_number from changed

)

select * from reopened
{%- else %}
select period_number

from {{ ref('int_participants__by_period') }}
where false
-- depends_on: {{ ref('int_participants__left') }}, {{ ref('int_persons__reopened') }}
{%- endif %}
