-- Small judgements that several rules share.

-- The source gives a code that no mapping valid on the start date knows (nothing is judged without a readable start).
{% macro is_unmapped(dimension) -%}
    (source_{{ dimension }} is not null and start_date is not null and {{ dimension }} is null)
{%- endmacro %}

-- Is the person's age plausible on that day? False where either date is missing. Comparing the birth date with days so
-- many years earlier is completed years without taking both dates apart (29 February included: a test says so).
{% macro is_plausible_age(birth_date, day) -%}
    coalesce(
        {{ birth_date }} <= {{ synerstat.years_before(day, var('minimum_age')) }}
        and {{ birth_date }} > {{ synerstat.years_before(day, var('maximum_age') + 1) }},
        false
    )
{%- endmacro %}
