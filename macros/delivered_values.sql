-- The values of a landed row as the operator delivered them, by its own column names, as one JSON text. What intake adds
-- is left out; national numbers and client numbers do not stand in landed rows at all.
{% macro delivered_values(relation) -%}
    {{ return(adapter.dispatch('delivered_values')(relation)) }}
{%- endmacro %}

{% macro default__delivered_values(relation) -%}
    {#- a patch of nulls takes members away -#}
    cast(json_merge_patch(
        to_json({{ relation }}),
        '{ {%- for column in synerstat.landed_columns().split(',') %}"{{ column | trim }}": null{{ ', ' if not loop.last }}{% endfor -%} }'
    ) as varchar)
{%- endmacro %}

{% macro spark__delivered_values(relation) -%}
    to_json(
        struct({{ relation }}.* except ({{ synerstat.landed_columns().split(',') | map('trim') | join(', ') }})),
        map('ignoreNullFields', 'false')
    )
{%- endmacro %}
