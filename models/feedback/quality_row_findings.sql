-- Grain: one row per delivered row and rule that it breaks (record_key, rule).
-- The rows behind `mart_delivery_findings`: what a finding counts can be listed here.

{%- set judged_rules = (error_rules() + warning_rules()) | reject('equalto', 'closed_by_absence') | list %}

with

judged as (

    select * from {{ ref('int_records__judged') }}

),

versioned as (

    select * from {{ ref('int_records__versioned') }}

),

found as (
{% for rule in judged_rules %}
    select
        record_key,
        delivery_number,
        record_id,
        '{{ rule }}' as rule
    from judged
    where breaks_{{ rule }}
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
