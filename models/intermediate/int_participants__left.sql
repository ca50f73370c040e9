-- Grain: one row per participation and period that is counted anew, as the build before counted it; without rows in a build
-- that continues none.
{% if is_continued() %}
with

participants_before as (

    select * from {{ before('int_participants__by_period') }}

),

left_participants as (

    select * from participants_before
    where {{ is_counted_anew('participants_before') }}

)

select * from left_participants
{%- else %}
select
    cast(null as integer) as period_number,
    cast(null as bigint) as participation_id,
    person_id,
    {%- for attribute in ['operator', 'training_type', 'delivery_mode', 'training_area', 'labour_status'] %}
    cast(null as {{ dbt.type_string() }}) as {{ attribute }},
    {%- endfor %}
    cast(null as integer) as is_entered,
    cast(null as integer) as is_left,
    cast(null as integer) as is_in_stock,
    cast(null as decimal(38, 6)) as hours,
    {%- for attribute in ['sex', 'age_group', 'education_level', 'residence_area'] %}
    cast(null as {{ dbt.type_string() }}) as {{ attribute }},
    {%- endfor %}
    cast(null as bigint) as participations_of_person

from {{ ref('int_persons__reopened_periods') }}
where false
{%- endif %}
