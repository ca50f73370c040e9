-- Grain: one row per comparison of a figure with its bounds: everything that the coherence checks look at.

{%- set questions = [
    'indicator_bounds', 'person_attributes', 'participation_attributes', 'periods', 'marts_agree', 'deliveries',
    'regions', 'nomenclature', 'plausibility', 'habits',
] %}

with

compared as (
{% for question in questions %}
    select * from {{ ref('quality_' ~ question) }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

judged as (

    select
        *,
        case
            when actual < at_least - tolerance then at_least
            when actual > at_most + tolerance then at_most
        end as broken_bound

    from compared

)

select * from judged
