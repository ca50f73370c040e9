-- Grain: one row per period, quarters and calendar years from the coverage start to the reference quarter.
-- A year appears when its fourth quarter is reached.

{%- set first_year = var('coverage_start')[:4] | int %}
{%- set last_year = var('reference_quarter')[:4] | int %}
{%- set last_quarter = var('reference_quarter')[5:] | int %}
{%- set periods = [] %}
{%- for year in range(first_year, last_year + 1) %}
    {%- for quarter in range(1, 5) %}
        {%- if year < last_year or quarter <= last_quarter %}
            {%- do periods.append(('Q', year ~ '-Q' ~ quarter, '%d-%02d-01' | format(year, quarter * 3 - 2), '%d-%02d-01' | format(year, quarter * 3))) %}
        {%- endif %}
    {%- endfor %}
    {%- if year < last_year or last_quarter == 4 %}
        {%- do periods.append(('A', year ~ '', year ~ '-01-01', year ~ '-12-01')) %}
    {%- endif %}
{%- endfor %}
{%- if not var('coverage_start').endswith('-01-01') %}
    {{ exceptions.raise_compiler_error("coverage_start " ~ var('coverage_start') ~ " is no 1 January: the statistic begins with a year") }}
{%- endif %}
{%- if not periods %}
    {{ exceptions.raise_compiler_error("reference_quarter " ~ var('reference_quarter') ~ " lies before the coverage start " ~ var('coverage_start')) }}
{%- endif %}

with

periods as (
{% for freq, time_period, first_day, last_month in periods %}
    select
        {{ loop.index }} as period_number,
        '{{ freq }}' as freq,
        '{{ time_period }}' as time_period,
        cast('{{ first_day }}' as date) as period_start,
        last_day(cast('{{ last_month }}' as date)) as period_end
    {{ 'union all' if not loop.last }}
{%- endfor %}

)

select * from periods
