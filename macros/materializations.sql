-- Tables and views of DuckDB are replaced in one transaction. The adapter creates them under another name, renames twice
-- and drops the old one: for small tables that takes longer than building them. Indexes and grants, which the adapter
-- keeps too, are not used here.

{% materialization table, adapter='duckdb' %}
    {{- return(synerstat.replace_relation('table', sql)) -}}
{% endmaterialization %}

-- What a continued build reads often and holds little of may say `meta: {table_if_continued: true}`.
{% materialization view, adapter='duckdb' %}
    {%- set as_table = synerstat.is_continued() and config.get('meta', {}).get('table_if_continued', false) -%}
    {{- return(synerstat.replace_relation('table' if as_table else 'view', sql)) -}}
{% endmaterialization %}

-- A table that a continued build adds rows to, after its hooks have made way for them; any other build replaces it whole.
-- What the adapter's own materialisation does besides (a temporary table, strategies, changed columns) is not used here.
{% materialization incremental, adapter='duckdb' %}
    {%- if not (synerstat.is_continued() and load_cached_relation(this) is not none) -%}
        {{- return(synerstat.replace_relation('table', sql)) -}}
    {%- endif -%}
    {%- set made = this.incorporate(type='table') -%}
    {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
    {%- do run_hooks(pre_hooks, inside_transaction=True) -%}
    {%- call statement('main') %}
        insert into {{ made }} by name (
            {{ sql }}
        )
    {%- endcall -%}
    {%- do run_hooks(post_hooks, inside_transaction=True) -%}
    {%- do adapter.commit() -%}
    {%- do run_hooks(post_hooks, inside_transaction=False) -%}
    {{ return({'relations': [made]}) }}
{% endmaterialization %}

{% macro replace_relation(type, query) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set made = this.incorporate(type=type) -%}
    {%- do run_hooks(pre_hooks, inside_transaction=False) -%}
    {%- do run_hooks(pre_hooks, inside_transaction=True) -%}
    {%- call statement('main') %}
        {%- if existing is not none %}
        drop {{ existing.type }} if exists {{ existing }};
        {%- endif %}
        {{ create_table_as(False, made, query) if type == 'table' else create_view_as(made, query) }}
    {%- endcall -%}
    {%- do run_hooks(post_hooks, inside_transaction=True) -%}
    {%- do persist_docs(made, model) -%}
    {%- do adapter.commit() -%}
    {%- do run_hooks(post_hooks, inside_transaction=False) -%}
    {{ return({'relations': [made]}) }}
{%- endmacro %}

-- A build on Spark begins anew, so there is nothing to add to.
{% materialization incremental, adapter='spark' %}
    {{- return(materialization_table_spark()) -}}
{% endmaterialization %}
