-- Grain: one row per check and mart for all that holds, and per cell summed over an attribute of the person, and
-- indicator, that does not.
-- A person has one value in a period, so the categories sum exactly to the total, for persons too.

with
{% for by in cubes_by(person_attributes()) %}
{{ by.name }} as (

    {{ summed_over(by.cube, by.attribute) }}

),
{% endfor %}
compared as (
{% for by in cubes_by(person_attributes()) %}
    {%- set rules = [] %}
    {%- for measure in measures() %}
        {%- do rules.append({
            'check': by.attribute ~ '_adds_up',
            'indicator': measure,
            'actual': 'sum_' ~ measure,
            'at_least': 'total_' ~ measure,
            'at_most': 'total_' ~ measure,
            'tolerance': hours_tolerance('categories') if measure == 'training_hours' else '0',
        }) %}
    {%- endfor %}
    {{- compare(by.name, rules) }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

told as (
    {{- broken_or_counted('compared') }}

)

select * from told
