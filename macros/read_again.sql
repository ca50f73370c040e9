-- `name as {{ read_again() }} (`: the engine reads a wide CTE anew wherever it is used. DuckDB keeps what a CTE yields when
-- it is used more than once, in memory or on disk; of ten million rows with all their columns that takes longer than reading
-- the few columns that are needed three times.
{% macro read_again() -%}
    {{ return(adapter.dispatch('read_again')()) }}
{%- endmacro %}

{% macro default__read_again() -%}
    not materialized
{%- endmacro %}

{# Spark never keeps one #}
{% macro spark__read_again() -%}
{%- endmacro %}
