-- Grain: one row per check and mart for all that holds, and per cell summed over an attribute of the participation, and
-- indicator, that does not.
-- A participation has one value, so participations and hours sum exactly to the total. A person can stand in several
-- categories: no category has more persons than the total, and together they have no fewer.

with
{% for by in cubes_by(participation_attributes()) %}
{{ by.name }} as (

    {{ summed_over(by.cube, by.attribute) }}

),
{% endfor %}
compared as (
{% for by in cubes_by(participation_attributes()) %}
    {%- set rules = [] %}
    {%- for measure in participation_measures() + ['training_hours'] %}
        {%- do rules.append({
            'check': by.attribute ~ '_participations_add_up',
            'indicator': measure,
            'actual': 'sum_' ~ measure,
            'at_least': 'total_' ~ measure,
            'at_most': 'total_' ~ measure,
            'tolerance': hours_tolerance('categories') if measure == 'training_hours' else '0',
        }) %}
    {%- endfor %}
    {%- for measure in participant_measures() %}
        {%- do rules.append({
            'check': by.attribute ~ '_participants_reach_total',
            'indicator': measure,
            'actual': 'sum_' ~ measure,
            'at_least': 'total_' ~ measure,
        }) %}
        {%- do rules.append({
            'check': by.attribute ~ '_participants_within_total',
            'indicator': measure,
            'actual': 'largest_' ~ measure,
            'at_most': 'total_' ~ measure,
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
