-- Text in the operator's format -> decimal(18,6); null where it is no number of that form, and where it is too
-- large to be a number of hours. Six decimals keep sums exact and independent of the order of rows.
{% macro parse_number(column, decimal_sign) -%}
    {{ return(adapter.dispatch('parse_number')(column, decimal_sign)) }}
{%- endmacro %}

{% macro default__parse_number(column, decimal_sign) -%}
    case
        when regexp_matches({{ column }}, '^[+]?[0-9]+([{{ decimal_sign }}][0-9]+)?$')
            then try_cast(replace(replace({{ column }}, '+', ''), '{{ decimal_sign }}', '.') as decimal(18, 6))
    end
{%- endmacro %}

{% macro spark__parse_number(column, decimal_sign) -%}
    case
        when {{ synerstat.matches(column, '^[+]?[0-9]+([' ~ decimal_sign ~ '][0-9]+)?$') }}
            then try_cast(replace(replace({{ column }}, '+', ''), '{{ decimal_sign }}', '.') as decimal(18, 6))
    end
{%- endmacro %}
