-- What the coherence checks share. Each of them judges comparisons: one figure of one cell against what other figures
-- say it must be at least and at most. A bound that is null is no bound. Cells that a mart does not store are 0.

-- The readable name of a cell, without its period: all its dimensions; one that is summed over is no column, but `_T`.
{% macro cell_name(dimensions, summed=none) -%}
    {%- for dimension in dimensions -%}
    ', {{ dimension }}=' || {{ "'_T'" if dimension == summed else dimension }}{{ ' || ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro cell_scope(dimensions, summed=none) -%}
    time_period || {{ synerstat.cell_name(dimensions, summed) }} as scope
{%- endmacro %}

-- The operator whose data a cell is made of; null where it is made of several operators' data.
{% macro cell_owner(dimensions, summed=none) -%}
    {%- if 'operator' in dimensions and summed != 'operator' -%}
    case when operator <> '_T' then operator end as whose_data
    {%- else -%}
    cast(null as {{ dbt.type_string() }}) as whose_data
    {%- endif -%}
{%- endmacro %}

-- `select`s comparisons from a relation with mart, time_period, scope and whose_data, one for each rule:
-- {check, indicator, actual, at_least (optional), at_most (optional), tolerance (optional)}, all but the first two SQL.
{% macro compare(relation, rules) -%}
    {{ return(adapter.dispatch('compare')(relation, rules)) }}
{%- endmacro %}

{% macro default__compare(relation, rules) -%}
    {%- for rule in rules %}
    select
        '{{ rule.check }}' as check_name,
        mart,
        time_period,
        scope,
        whose_data,
        '{{ rule.indicator }}' as indicator,
        cast({{ rule.at_least | default('null') }} as bigint) as at_least,
        cast({{ rule.at_most | default('null') }} as bigint) as at_most,
        cast({{ rule.actual }} as bigint) as actual,
        cast({{ rule.tolerance | default('0') }} as bigint) as tolerance
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Spark reads the relation anew for each branch of a union, so that it judges all rules in one reading instead. -#}
{% macro spark__compare(relation, rules) %}
    select
        judged.check_name,
        mart,
        time_period,
        scope,
        whose_data,
        judged.indicator,
        judged.at_least,
        judged.at_most,
        judged.actual,
        judged.tolerance
    from {{ relation }}
    lateral view inline(array(
        {%- for rule in rules %}
        named_struct(
            'check_name', '{{ rule.check }}',
            'indicator', '{{ rule.indicator }}',
            'at_least', cast({{ rule.at_least | default('null') }} as bigint),
            'at_most', cast({{ rule.at_most | default('null') }} as bigint),
            'actual', cast({{ rule.actual }} as bigint),
            'tolerance', cast({{ rule.tolerance | default('0') }} as bigint)
        ){{ "," if not loop.last }}
        {%- endfor %}
    )) judged as check_name, indicator, at_least, at_most, actual, tolerance
{% endmacro %}

-- The bound that a comparison breaks by more than its tolerance; null where it keeps both.
{% macro broken_bound() -%}
    case
            when actual < at_least - tolerance then at_least
            when actual > at_most + tolerance then at_most
        end
{%- endmacro %}

-- Of many comparisons what the checks need: each one that breaks a bound, and per check and mart the number of those that hold
-- (`cells`), whose other columns are null. Writing millions of them down took longer than judging them. One without a figure
-- breaks no bound, but does not hold either: it stays, for the test of quality_comparisons to find.
{% macro broken_or_counted(relation) %}
    {%- set told = ['time_period', 'scope', 'whose_data', 'indicator', 'at_least', 'at_most', 'actual', 'tolerance'] %}
    select
        check_name,
        mart,
        {{ told | join(',\n        ') }},
        count(*) as cells
    from (
        select
            check_name,
            mart,
            {%- for column in told %}
            case when not holds then {{ column }} end as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from (
            select
                *,
                {{ synerstat.broken_bound() }} is null
                {%- for column in ['time_period', 'scope', 'indicator', 'actual', 'tolerance'] %}
                and {{ column }} is not null
                {%- endfor %} as holds
            from {{ relation }}
        ) as judged
    ) as told
    group by check_name, mart, {{ told | join(', ') }}
{%- endmacro %}

-- The cubes that have one of the attributes as a dimension, once for each: {name, cube, attribute}.
{% macro cubes_by(attributes) -%}
    {%- set found = [] %}
    {%- for cube in synerstat.cubes() %}
        {%- for attribute in cube.dimensions if attribute in attributes %}
            {%- do found.append({'name': cube.mart ~ '_by_' ~ attribute, 'cube': cube, 'attribute': attribute}) %}
        {%- endfor %}
    {%- endfor %}
    {{ return(found) }}
{%- endmacro %}

-- A cube summed over one of its dimensions: for each cell of the others and each measure the stored total, and the
-- sum and the largest of the categories; also how many categories there are.
{% macro summed_over(cube, attribute) -%}
    {%- set others = cube.dimensions | reject('equalto', attribute) | list -%}
    select
        '{{ cube.mart }}' as mart,
        time_period,
        {{ synerstat.cell_scope(cube.dimensions, attribute) }},
        {{ synerstat.cell_owner(cube.dimensions, attribute) }},
        sum(case when {{ attribute }} <> '_T' then 1 else 0 end) as categories
        {%- for measure in synerstat.measures() %},
        sum(case when {{ attribute }} = '_T' then {{ measure }} else 0 end) as total_{{ measure }},
        sum(case when {{ attribute }} <> '_T' then {{ measure }} else 0 end) as sum_{{ measure }},
        max(case when {{ attribute }} <> '_T' then {{ measure }} else 0 end) as largest_{{ measure }}
        {%- endfor %}

    from {{ ref(cube.mart) }}
    group by freq, time_period, {{ others | join(', ') }}
{%- endmacro %}

-- A number that grows by one from quarter to quarter, for a period written '2019-Q4'.
{% macro quarter_number(time_period) -%}
    cast(substr({{ time_period }}, 1, 4) as integer) * 4 + cast(substr({{ time_period }}, 7, 1) as integer)
{%- endmacro %}

-- Whole hours are rounded cell by cell. Each of n categories and their total is off by at most one half, so that sum
-- and total differ by less than (n + 1) / 2; as both are whole numbers, by at most n / 2 rounded down.
{% macro hours_tolerance(summed_cells) -%}
    floor({{ summed_cells }} / 2.0)
{%- endmacro %}

-- Is the comparison declared in the seed of known deviations, and not expired? An empty cell of the seed means any.
{% macro is_declared(comparison, deviation) -%}
    {{ deviation }}.check_name = {{ comparison }}.check_name
            and {{ deviation }}.valid_until >= {{ synerstat.quarter_end("'" ~ var('reference_quarter') ~ "'") }}
            {%- for column in ['mart', 'time_period', 'scope', 'whose_data'] %}
            and ({{ deviation }}.{{ column }} is null or {{ deviation }}.{{ column }} = {{ comparison }}.{{ column }})
            {%- endfor %}
{%- endmacro %}

-- A text with the limits that it names as `{variable}`: shares as per cent, numbers as they are.
{% macro with_limits(text) -%}
    {%- set filled = namespace(text=text) -%}
    {%- for name in [
        'largest_share_unmapped', 'largest_share_unknown_residence', 'smallest_share_identified_nationally',
        'largest_share_rejected', 'largest_share_inactive', 'largest_share_unlike_the_number', 'largest_share_vanished',
        'largest_share_repeated', 'largest_change_of_rate', 'largest_change_of_share',
        'largest_change_on_usual', 'largest_mirror_asymmetry', 'fewest_persons_compared', 'largest_imbalance_of_stock',
        'fewest_entries_balanced', 'fewest_rows_of_a_new_code',
    ] -%}
        {%- set limit = var(name) -%}
        {%- set shown = '%g %%' | format(limit * 100) if limit < 1 else limit -%}
        {%- set filled.text = "replace(" ~ filled.text ~ ", '{" ~ name ~ "}', '" ~ shown ~ "')" -%}
    {%- endfor -%}
    {{ filled.text }}
{%- endmacro %}
