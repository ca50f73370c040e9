-- Grain: one row per check and mart for all that holds, and per cell and indicator that does not.
-- Bounds between the indicators of one cell.

{%- set rules = [
    {'check': 'entrants_within_participants', 'indicator': 'participants_entered', 'at_most': 'participants_present'},
    {'check': 'leavers_within_participants', 'indicator': 'participants_left', 'at_most': 'participants_present'},
    {'check': 'stock_within_participants', 'indicator': 'participants_stock', 'at_most': 'participants_present'},
    {'check': 'participants_within_participations', 'indicator': 'participants_present', 'at_most': 'participations_present'},
    {'check': 'participants_within_participations', 'indicator': 'participants_entered', 'at_most': 'participations_entered'},
    {'check': 'participants_within_participations', 'indicator': 'participants_left', 'at_most': 'participations_left'},
    {'check': 'entries_within_participations', 'indicator': 'participations_entered', 'at_most': 'participations_present'},
    {'check': 'exits_within_participations', 'indicator': 'participations_left', 'at_most': 'participations_present'},
    {'check': 'hours_not_negative', 'indicator': 'training_hours'},
] %}

with

cells as (
{% for cube in cubes() %}
    select
        '{{ cube.mart }}' as mart,
        time_period,
        {{ cell_scope(cube.dimensions) }},
        {{ cell_owner(cube.dimensions) }},
        {{ (participant_measures() + participation_measures()) | join(', ') }},
        training_hours
    from {{ ref(cube.mart) }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

compared as (
{% set comparisons = [] %}
{%- for rule in rules %}
    {%- do comparisons.append(dict(rule, actual=rule.indicator, at_least='0')) %}
{%- endfor %}
    {{- compare('cells', comparisons) }}
    union all
    {{- compare('cells', [
        {'check': 'no_empty_cells', 'indicator': 'participations_present', 'actual': 'participations_present', 'at_least': '1'},
        {'check': 'no_empty_cells', 'indicator': 'participants_present', 'actual': 'participants_present', 'at_least': '1'},
    ]) }}

),

told as (
    {{- broken_or_counted('compared') }}

)

select * from told
