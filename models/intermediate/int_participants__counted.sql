-- Grain: one row per participation and period that changes a figure in this build: as it is counted now, and, where it was
-- counted before, with its period number below zero: that is taken away. A build that continues none counts all there is.
-- A person's periods are counted anew as a whole, so persons added and taken away are exact, as they are when counted.
{{ config(materialized='view', meta={'table_if_continued': true}) }}

{%- set columns %}
        person_id,
        operator,
        training_type,
        delivery_mode,
        training_area,
        labour_status,
        is_entered,
        is_left,
        is_in_stock,
        hours,
        sex,
        age_group,
        education_level,
        residence_area,
        participations_of_person
{%- endset %}

with

participants as (

    select * from {{ ref('int_participants__by_period') }}

),
{% if is_continued() %}
left_participants as (

    select * from {{ ref('int_participants__left') }}

),
{% endif %}
counted as (

    select
        participants.period_number,
        {{- columns }}

    from participants
    where {{ is_counted_anew('participants') }}
    {%- if is_continued() %}

    union all

    select
        -left_participants.period_number as period_number,
        {{- columns }}

    from left_participants
    {%- endif %}

)

select * from counted
-- depends_on: {{ ref('int_participants__left') }}
