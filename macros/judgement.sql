-- Small judgements that several rules share.

-- The source gives a code that no mapping valid on the start date knows (nothing is judged without a readable start).
{% macro is_unmapped(dimension) -%}
    (source_{{ dimension }} is not null and start_date is not null and {{ dimension }} is null)
{%- endmacro %}

-- Is the person's age plausible on that day? False where either date is missing.
{% macro is_plausible_age(birth_date, day) -%}
    coalesce({{ synerstat.completed_years(birth_date, day) }} between {{ var('minimum_age') }} and {{ var('maximum_age') }}, false)
{%- endmacro %}
