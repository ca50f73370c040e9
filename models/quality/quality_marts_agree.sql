-- Grain: one row per check and mart for all that holds, and per cell that two marts share, and indicator, that does not.
-- The same figure stands in both.

{#- The dimensions that the two marts share; all others are `_T`, or the code that the other mart is limited to. #}
{%- set pairs = [
    {'check': 'training_agrees_with_profile', 'left': 'mart_participants_by_training', 'right': 'mart_participants_by_profile'},
    {'check': 'training_agrees_with_status', 'left': 'mart_participants_by_training', 'right': 'mart_participants_by_status'},
    {'check': 'profile_agrees_with_status', 'left': 'mart_participants_by_profile', 'right': 'mart_participants_by_status'},
    {
        'check': 'mobility_agrees_with_status', 'left': 'mart_interregional_mobility', 'right': 'mart_participants_by_status',
        'limited_to': {'labour_status': 'JSK'},
    },
] %}
{%- set dimensions_of = {} %}
{%- for cube in cubes() %}{% do dimensions_of.update({cube.mart: cube.dimensions}) %}{% endfor %}

with
{% for pair in pairs %}
{%- set shared = dimensions_of[pair.left] | select('in', dimensions_of[pair.right]) | list %}
{{ pair.check }} as (

    select
        '{{ pair.left }}' as mart,
        time_period,
        {{ cell_scope(shared) }},
        {{ cell_owner(shared) }}
        {%- for measure in measures() %},
        sum(case when side = 'left' then {{ measure }} else 0 end) as left_{{ measure }},
        sum(case when side = 'right' then {{ measure }} else 0 end) as right_{{ measure }}
        {%- endfor %}

    from (
        {%- for side in ['left', 'right'] %}
        select
            '{{ side }}' as side,
            freq,
            time_period,
            {{ (shared + measures()) | join(', ') }}
        from {{ ref(pair[side]) }}
        {%- for dimension in dimensions_of[pair[side]] if dimension not in shared %}
        {{ 'where' if loop.first else 'and' }} {{ dimension }} = '{{ (pair.limited_to or {}).get(dimension, '_T') }}'
        {%- endfor %}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as both_sides
    group by freq, time_period, {{ shared | join(', ') }}

),
{% endfor %}
mirror_agrees_with_mobility as (

    select
        'mart_mirror_flows' as mart,
        flows.time_period,
        flows.time_period
        || ', home_operator=' || flows.home_operator
        || ', host_operator=' || flows.host_operator as scope,
        flows.host_operator as whose_data,
        flows.reported_by_host,
        coalesce(mobility.participants_present, 0) as participants_present

    from {{ ref('mart_mirror_flows') }} as flows
    inner join {{ ref('operator_home_areas') }} as home_areas on flows.home_operator = home_areas.operator
    left join {{ ref('mart_interregional_mobility') }} as mobility
        on
            flows.freq = mobility.freq
            and flows.time_period = mobility.time_period
            and home_areas.area_code = mobility.residence_area
            and flows.host_operator = mobility.operator

),

compared as (
{% for pair in pairs %}
    {%- set rules = [] %}
    {%- for measure in measures() %}
        {%- do rules.append({
            'check': pair.check, 'indicator': measure,
            'actual': 'left_' ~ measure, 'at_least': 'right_' ~ measure, 'at_most': 'right_' ~ measure,
        }) %}
    {%- endfor %}
    {{- compare(pair.check, rules) }}
    union all
{%- endfor %}
    {{- compare('mirror_agrees_with_mobility', [{
        'check': 'mirror_agrees_with_mobility', 'indicator': 'reported_by_host',
        'actual': 'reported_by_host', 'at_least': 'participants_present', 'at_most': 'participants_present',
    }]) }}

),

told as (
    {{- broken_or_counted('compared') }}

)

select * from told
