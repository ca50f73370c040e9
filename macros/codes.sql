-- The type of harmonised codes: operators, training types, areas and all the others, with the marks `_U`, `_X`, `_Z` and `_D`.
-- DuckDB keeps each of them in one byte, where text takes sixteen in every step and is written out in full. A code beside text
-- becomes text by itself, so columns that are to stay codes name the type: `cast('_U' as <code_type()>)`.
{% macro code_type() -%}
    {{ return(adapter.dispatch('code_type')()) }}
{%- endmacro %}

{#- In the order of their bytes, so that codes sort as their text does. Without the code lists, as in a linter, it is text. -#}
{% macro default__code_type() -%}
    {%- do synerstat.wait_for('code_lists') -%}
    {%- set lists = adapter.get_relation(target.database, 'seeds', 'code_lists') if execute -%}
    {%- if not lists -%}{{ return(dbt.type_string()) }}{%- endif -%}
    {%- set codes = run_query("select code from " ~ lists ~ " union select unnest(['_D', '_U', '_X', '_Z']) order by code") -%}
    {{ return("enum ('" ~ codes.columns[0].values() | join("', '") ~ "')") }}
{%- endmacro %}

{% macro spark__code_type() -%}
    {{ return(dbt.type_string()) }}
{%- endmacro %}

-- The type of dispositions: one byte on DuckDB, too, and text elsewhere, in the same order.
{% macro disposition_type() -%}
    {{ return(adapter.dispatch('disposition_type')()) }}
{%- endmacro %}

{% macro default__disposition_type() -%}
    {%- set dispositions = [
        'before_coverage', 'cancelled', 'counted', 'duplicate', 'mirror', 'not_member', 'out_of_scope', 'rejected', 'superseded',
        'unreadable',
    ] -%}
    {{ return("enum ('" ~ dispositions | join("', '") ~ "')") }}
{%- endmacro %}

{% macro spark__disposition_type() -%}
    {{ return(dbt.type_string()) }}
{%- endmacro %}
