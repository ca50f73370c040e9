-- Grain: one row per delivery, dimension, source code, harmonised code and whether there was a start date to look it up on.
-- The codes of the readable rows, with their frequency; places too, which have no harmonised code here. The health of the
-- nomenclatures is read from here: few rows, however many were delivered.
{{ config(materialized='incremental') }}

{%- set dimensions = ['training_type', 'organiser', 'sex', 'education_level', 'labour_status', 'delivery_mode'] %}
{%- set places = ['residence', 'training_place'] %}

with

records as (

    select * from {{ ref('int_records__unioned') }}
    where
        unreadable_reason is null
        and {{ is_added() }}

),

-- one pass over the rows; the few combinations of codes are taken apart afterwards
combined as (

    select
        delivery_number,
        start_date is not null as has_start_date,
        {%- for dimension in dimensions %}
        source_{{ dimension }},
        {{ dimension }},
        {%- endfor %}
        count(*) as rows

    from records
    group by
        delivery_number,
        start_date is not null
        {%- for dimension in dimensions %},
        source_{{ dimension }},
        {{ dimension }}
        {%- endfor %}

),

located as (

    select
        delivery_number,
        start_date is not null as has_start_date,
        {%- for place in places %}
        source_{{ place }},
        {%- endfor %}
        count(*) as rows

    from records
    group by delivery_number, start_date is not null, source_{{ places | join(', source_') }}

),

taken_apart as (
{% for dimension in dimensions %}
    select
        delivery_number,
        '{{ dimension }}' as dimension,
        source_{{ dimension }} as source_code,
        {{ dimension }} as target_code,
        has_start_date,
        rows
    from combined
    where
        source_{{ dimension }} is not null
        {%- if dimension == 'delivery_mode' %}
        -- types without a mode of their own are not looked up
        and coalesce(training_type, '') not in ('{{ var("training_types_without_delivery_mode") | join("', '") }}')
        {%- endif %}
    union all
{%- endfor %}
{%- for place in places %}
    select
        delivery_number,
        '{{ place }}' as dimension,
        source_{{ place }} as source_code,
        cast(null as {{ dbt.type_string() }}) as target_code,
        has_start_date,
        rows
    from located
    where source_{{ place }} is not null
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

summed as (

    select
        delivery_number,
        dimension,
        source_code,
        target_code,
        has_start_date,
        cast(sum(rows) as bigint) as rows

    from taken_apart
    group by delivery_number, dimension, source_code, target_code, has_start_date

)

select * from summed
