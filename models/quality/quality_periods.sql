-- Grain: one row per check and mart for all that holds, and per cell and indicator that does not, for cells that no
-- attribute of the person limits (a person's age or residence may change from period to period).

{%- set year_rules = [] %}
{%- for measure in ['participants_present', 'participants_entered', 'participants_left', 'participations_present'] %}
    {%- do year_rules.append({
        'check': 'year_reaches_each_quarter', 'indicator': measure,
        'actual': 'year_' ~ measure, 'at_least': 'largest_' ~ measure,
    }) %}
    {%- do year_rules.append({
        'check': 'year_within_sum_of_quarters', 'indicator': measure,
        'actual': 'year_' ~ measure, 'at_most': 'sum_' ~ measure,
    }) %}
{%- endfor %}
{%- for measure in ['participations_entered', 'participations_left', 'training_hours'] %}
    {%- do year_rules.append({
        'check': 'year_equals_sum_of_quarters', 'indicator': measure,
        'actual': 'year_' ~ measure, 'at_least': 'sum_' ~ measure, 'at_most': 'sum_' ~ measure,
        'tolerance': hours_tolerance('quarters') if measure == 'training_hours' else '0',
    }) %}
{%- endfor %}
{%- do year_rules.append({
    'check': 'year_stock_equals_last_quarter', 'indicator': 'participants_stock',
    'actual': 'year_participants_stock', 'at_least': 'last_participants_stock', 'at_most': 'last_participants_stock',
}) %}

with

cells as (
{% for cube in cubes() %}
    select
        '{{ cube.mart }}' as mart,
        freq,
        cast(substr(time_period, 1, 4) as integer) as year,
        case when freq = 'Q' then {{ quarter_number('time_period') }} end as quarter_number,
        substr(time_period, 5) = '-Q4' as is_last_quarter,
        {{ cell_name(cube.dimensions) }} as cell,
        {{ cell_owner(cube.dimensions) }},
        {{ measures() | join(', ') }}
    from {{ ref(cube.mart) }}
    {%- for attribute in cube.dimensions if attribute in person_attributes() %}
    {{ 'where' if loop.first else 'and' }} {{ attribute }} = '_T'
    {%- endfor %}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

quarters as (

    select
        time_period,
        {{ quarter_number('time_period') }} as quarter_number,
        row_number() over (order by period_start) as position

    from {{ ref('int_periods') }}
    where freq = 'Q'

),

years as (

    select
        time_period,
        cast(time_period as integer) as year

    from {{ ref('int_periods') }}
    where freq = 'A'

),

summed_to_years as (

    select
        cells.mart,
        years.time_period,
        years.time_period || cells.cell as scope,
        cells.whose_data,
        sum(case when cells.freq = 'Q' then 1 else 0 end) as quarters
        {%- for measure in measures() %},
        sum(case when cells.freq = 'A' then cells.{{ measure }} else 0 end) as year_{{ measure }},
        sum(case when cells.freq = 'Q' then cells.{{ measure }} else 0 end) as sum_{{ measure }},
        max(case when cells.freq = 'Q' then cells.{{ measure }} else 0 end) as largest_{{ measure }},
        sum(case when cells.is_last_quarter then cells.{{ measure }} else 0 end) as last_{{ measure }}
        {%- endfor %}

    from cells
    inner join years on cells.year = years.year
    group by cells.mart, years.time_period, cells.cell, cells.whose_data

),

-- each quarter's cell tells what is present in it, and what it hands on to the next quarter
flows as (

    select
        mart,
        cell,
        whose_data,
        quarter_number,
        participations_present as present,
        participations_entered as handed_on

    from cells
    where freq = 'Q'

    union all

    select
        mart,
        cell,
        whose_data,
        quarter_number + 1 as quarter_number,
        0 as present,
        participations_present - participations_left as handed_on

    from cells
    where freq = 'Q'

),

summed_to_quarters as (

    select
        flows.mart,
        quarters.time_period,
        quarters.time_period || flows.cell as scope,
        flows.whose_data,
        sum(flows.present) as present,
        sum(flows.handed_on) as handed_on

    from flows
    inner join quarters on flows.quarter_number = quarters.quarter_number
    -- nothing comes before the first quarter
    where quarters.position > 1
    group by flows.mart, quarters.time_period, flows.cell, flows.whose_data

),

compared as (
    {{ compare('summed_to_years', year_rules) }}
    union all
    {{- compare('summed_to_quarters', [{
        'check': 'quarter_follows_from_the_one_before', 'indicator': 'participations_present',
        'actual': 'present', 'at_least': 'handed_on', 'at_most': 'handed_on',
    }]) }}

),

told as (
    {{- broken_or_counted('compared') }}

)

select * from told
