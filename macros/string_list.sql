-- The texts of a group in alphabetical order, with a sign between them.
{% macro string_list(expression, separator=',') -%}
    {{ return(adapter.dispatch('string_list')(expression, separator)) }}
{%- endmacro %}

{% macro default__string_list(expression, separator) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ expression }})
{%- endmacro %}

{% macro spark__string_list(expression, separator) -%}
    array_join(sort_array(collect_list({{ expression }})), '{{ separator }}')
{%- endmacro %}
