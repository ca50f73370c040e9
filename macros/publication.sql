-- From the marts to what is published: long form, primary rule, flags, then the cells that are withheld.

-- Figures of a cell: indicator code, the mart's expression, and the counts of distinct persons that it rests on.
-- EXITS is left out: with present(Q) = present(Q-1) - left(Q-1) + entered(Q) it would let withheld participations be
-- computed from one quarter to the next.
{% macro participant_indicators() -%}
    {{ return([
        ('PRESENT', 'participants_present', ['participants_present']),
        ('ENTRANTS', 'participants_entered', ['participants_entered']),
        ('LEAVERS', 'participants_left', ['participants_left']),
        ('STOCK', 'participants_stock', ['participants_stock']),
        ('PARTICIPATIONS', 'participations_present', ['participants_present']),
        ('ENTRIES', 'participations_entered', ['participants_entered']),
        ('HOURS', 'training_hours', ['participants_present']),
    ]) }}
{%- endmacro %}

-- The asymmetry in whole per cent: readers who want it finer have both figures beside it.
{% macro mirror_indicators() -%}
    {{ return([
        ('MIRROR_HOME', 'reported_by_home', ['reported_by_home']),
        ('MIRROR_HOST', 'reported_by_host', ['reported_by_host']),
        ('MIRROR_ASYMMETRY', 'round(100 * asymmetry)', ['reported_by_home', 'reported_by_host']),
    ]) }}
{%- endmacro %}

-- The dimensions of all data sets, each once.
{% macro published_dimensions() -%}
    {{ return([
        'freq', 'time_period', 'training_area', 'operator', 'training_type', 'delivery_mode', 'sex', 'age_group',
        'education_level', 'labour_status', 'residence_area', 'home_operator', 'host_operator',
    ]) }}
{%- endmacro %}

-- A mart in long form, before disclosure control: one row per cell and indicator.
-- is_small is the primary rule: the figure rests on 1 to threshold - 1 persons; zero is about nobody.
-- A quarter is provisional in its own publication and the next three, a year as long as one of its quarters is.
-- A break is said rather than that the value is provisional: it stays when the value has become final.
{% macro long_figures(mart, dimensions, indicators) -%}
    {%- set reference = var('reference_quarter')[:4] | int * 4 + var('reference_quarter')[5:] | int -%}
    {%- set breaks_by_operator = 'operator' in dimensions -%}
    with

    cells as (

        select * from {{ mart }}

    ),
    {%- if breaks_by_operator %}

    series_breaks as (

        select * from {{ ref('series_breaks') }}

    ),
    {%- endif %}

    figures as (
    {% for indicator, value, persons in indicators %}
        select
            {{ dimensions | join(', ') }},
            '{{ indicator }}' as indicator,
            cast({{ value }} as bigint) as figure,
            {% for count in persons -%}
            {{ count }} between 1 and {{ var('disclosure_threshold') - 1 }}{{ ' or ' if not loop.last }}
            {%- endfor %} as is_small
        from cells
        {{ 'union all' if not loop.last }}
    {%- endfor %}

    ),

    dated as (

        select
            *,
            -- the last quarter of the period, counted from year 0
            cast(substr(time_period, 1, 4) as integer) * 4
            + case when freq = 'Q' then cast(substr(time_period, 7, 1) as integer) else 4 end as last_quarter

        from figures

    ),

    flagged as (

        select
            {%- for dimension in dimensions %}
            dated.{{ dimension }},
            {%- endfor %}
            dated.indicator,
            dated.figure,
            case
                when dated.figure is null then 'M'
                {%- if breaks_by_operator %}
                when series_breaks.time_period is not null then 'B'
                {%- endif %}
                when dated.last_quarter > {{ reference - 4 }} then 'P'
                else 'A'
            end as obs_status,
            coalesce(dated.is_small, false) as is_small

        from dated
        {%- if breaks_by_operator %}
        left join series_breaks
            on
                dated.freq = series_breaks.freq
                and dated.time_period = series_breaks.time_period
                and dated.operator = series_breaks.operator
                and {{ 'dated.training_type' if 'training_type' in dimensions else "'_T'" }} = series_breaks.training_type
        {%- endif %}

    )

    select * from flagged
{%- endmacro %}

-- What of the figures is published: withheld cells without their value, and nothing before disclosure control has run.
-- A small figure stays withheld whatever the pattern says.
{% macro released_figures(data_set, figures, dimensions) -%}
    with

    figures as (

        select * from {{ figures }}

    ),

    controlled as (

        select * from {{ ref('int_disclosure__controlled') }}
        where data_set = '{{ data_set }}'

    ),

    withheld as (

        select * from {{ ref('int_disclosure__withheld') }}
        where data_set = '{{ data_set }}'

    ),

    released as (

        select
            {%- for dimension in dimensions %}
            figures.{{ dimension }},
            {%- endfor %}
            figures.indicator,
            case when not figures.is_small and withheld.indicator is null then figures.figure end as obs_value,
            case when figures.is_small or withheld.indicator is not null then 'Q' else figures.obs_status end as obs_status,
            case when figures.is_small or withheld.indicator is not null then 'C' else 'F' end as conf_status,
            controlled.vintage

        from figures
        cross join controlled
        left join withheld
            on
                figures.indicator = withheld.indicator
                {%- for dimension in dimensions %}
                and figures.{{ dimension }} = withheld.{{ dimension }}
                {%- endfor %}

    )

    select * from released
{%- endmacro %}

-- A file of disclosure control in the warehouse's folder.
{% macro disclosure_file(name) -%}
    {{ return((env_var('SYNERSTAT_WAREHOUSE', 'target') ~ '/disclosure_' ~ name ~ '.parquet') | replace("'", "''")) }}
{%- endmacro %}

{% macro read_disclosure_file(name) -%}
    {{ return(adapter.dispatch('read_disclosure_file', 'synerstat')(name)) }}
{%- endmacro %}

{% macro default__read_disclosure_file(name) -%}
    read_parquet('{{ synerstat.disclosure_file(name) }}')
{%- endmacro %}

{% macro spark__read_disclosure_file(name) -%}
    parquet.`{{ synerstat.disclosure_file(name) }}`
{%- endmacro %}

-- A file without rows, so that what was decided about the figures of an earlier build is never applied to others.
{% macro empty_disclosure_file(name, columns) -%}
    {{ return(adapter.dispatch('empty_disclosure_file', 'synerstat')(name, columns)) }}
{%- endmacro %}

{% macro default__empty_disclosure_file(name, columns) -%}
    copy (select {% for column in columns %}cast(null as string) as {{ column }}{{ ', ' if not loop.last }}{% endfor %} where false)
    to '{{ synerstat.disclosure_file(name) }}' (format parquet)
{%- endmacro %}

{% macro spark__empty_disclosure_file(name, columns) -%}
    insert overwrite directory '{{ synerstat.disclosure_file(name) }}' using parquet
    select {% for column in columns %}cast(null as string) as {{ column }}{{ ', ' if not loop.last }}{% endfor %} where false
{%- endmacro %}
