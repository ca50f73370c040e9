-- Where the landed deliveries are read from. A warehouse with landed deliveries is read from its
-- landing folder; with none, the sample seeds stand in, so that `dbt build` alone always works.

{% macro landing_path() -%}
    {{ return(var('landing_path', env_var('SYNERSTAT_WAREHOUSE', 'target') ~ '/landing')) }}
{%- endmacro %}

{% macro landed_files(pattern) -%}
    {{ return(adapter.dispatch('landed_files')(pattern)) }}
{%- endmacro %}

-- Files below the landing folder that match the pattern; an empty list while dbt only parses.
{% macro default__landed_files(pattern) -%}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        "select file from glob('" ~ synerstat.landing_path() | replace("'", "''") ~ "/" ~ pattern ~ "') order by file"
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{#- Spark lists no files in SQL: the caller names them, relative to the landing folder. Without the list nobody could tell
    an empty landing, where the sample stands in, from one that was not looked at. -#}
{% macro spark__landed_files(pattern) -%}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set names = var('landed_files', none) -%}
    {%- if names is none -%}
        {{ exceptions.raise_compiler_error(
            "On Spark the variable landed_files must list the landed files. Build with `synerstat build --target spark`, "
            ~ "or say --vars '{landed_files: []}' to build from the sample."
        ) }}
    {%- endif -%}
    {%- set whole = '^' ~ modules.re.escape(pattern).replace('\\*', '[^/]*') ~ '$' -%}
    {%- set found = [] -%}
    {%- for name in names if modules.re.match(whole, name) -%}
        {%- do found.append(name) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro read_landed(pattern) -%}
    {{ return(adapter.dispatch('read_landed')(pattern)) }}
{%- endmacro %}

{% macro default__read_landed(pattern) -%}
    read_parquet('{{ synerstat.landing_path() | replace("'", "''") }}/{{ pattern }}')
{%- endmacro %}

{% macro spark__read_landed(pattern) -%}
    parquet.`{{ synerstat.landing_path() | replace('`', '``') }}/{{ pattern }}`
{%- endmacro %}

-- One relation of landed files, or its sample seed where nothing at all has landed, or that seed without
-- rows where others have landed but not this one.
{% macro landed_or_sample(pattern, sample) -%}
    {%- if synerstat.landed_files('*/*/delivery.parquet') | length == 0 -%}
        {{ sample }}
    {%- elif synerstat.landed_files(pattern) | length > 0 -%}
        {{ synerstat.read_landed(pattern) }}
    {%- else -%}
        (select * from {{ sample }} where false)
    {%- endif -%}
{%- endmacro %}

{% macro landed_records(operator) -%}
    {{ synerstat.landed_or_sample(operator ~ '/*/records.parquet', ref(operator ~ '_training_records')) }}
{%- endmacro %}
