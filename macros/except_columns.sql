-- `select * {{ except_columns([...]) }}`: all columns but these.
{% macro except_columns(columns) -%}
    {{ return(adapter.dispatch('except_columns')(columns)) }}
{%- endmacro %}

{% macro default__except_columns(columns) -%}
    exclude ({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__except_columns(columns) -%}
    except ({{ columns | join(', ') }})
{%- endmacro %}
