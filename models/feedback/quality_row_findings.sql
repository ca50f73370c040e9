-- Grain: one row per delivered row and rule that it breaks (record_key, rule).
-- The rows behind `mart_delivery_findings`: what a finding counts can be listed here.
-- A continued build adds the findings of new deliveries; which records were closed by absence it tells anew.
{{ config(
    materialized='incremental',
    on_schema_change='fail',
    pre_hook="{% if is_continued() %}delete from {{ this }} where rule = 'closed_by_absence'{% endif %}",
) }}

with

checked as (

    select
        records.record_key,
        records.delivery_number,
        records.record_id,
        records.broken_rules

    from {{ ref('int_records__checked') }} as records
    inner join {{ ref('int_deliveries__ranked') }} as deliveries on records.delivery_number = deliveries.delivery_number
    where
        records.broken_rules <> 0
        {%- if is_continued() %}
        and deliveries.is_new
        {%- endif %}

),

versioned as (

    select * from {{ ref('int_records__versioned') }}

),

found as (
{% for rule in judged_rules() %}
    select
        record_key,
        delivery_number,
        record_id,
        '{{ rule }}' as rule
    from checked
    where {{ breaks(rule) }}
    union all
{%- endfor %}
    select
        record_key,
        delivery_number,
        record_id,
        'closed_by_absence' as rule
    from versioned
    where is_closed_by_absence

)

select * from found
