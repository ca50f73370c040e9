-- The first known value over the rows of a group, as an aggregate: in order of `recency`, a whole number from 1 to 2^31 - 1 that
-- no two rows share. DuckDB packs number and value into one number, of which the smallest is taken. That takes two thirds of the
-- time of `min_by`, which says the same and which Spark takes.

-- Of a code; `_U` where no row knows it.
{% macro first_known_code(code, recency) -%}
    {{ return(adapter.dispatch('first_known_code')(code, recency)) }}
{%- endmacro %}

{% macro default__first_known_code(code, recency) -%}
    {%- set type = synerstat.code_type() -%}
    {#- what `enum_range` lists is text -#}
    coalesce(
        cast(
            enum_range(cast(null as {{ type }}))[
                (min(cast({{ recency }} as bigint) << 32 | enum_code({{ code }})) filter (where {{ code }} <> cast('_U' as {{ type }})) & 4294967295) + 1
            ] as {{ type }}
        ),
        cast('_U' as {{ type }})
    )
{%- endmacro %}

{% macro spark__first_known_code(code, recency) -%}
    coalesce(min_by({{ code }}, {{ recency }}) filter (where {{ code }} <> '_U'), '_U')
{%- endmacro %}

-- Of a date; null where no row has one.
{% macro first_known_date(date, recency) -%}
    {{ return(adapter.dispatch('first_known_date')(date, recency)) }}
{%- endmacro %}

{#- Days since the year 1: never below zero, as a negative number would hide what it is packed with -#}
{% macro default__first_known_date(date, recency) -%}
    cast('0001-01-01' as date)
    + cast(min(cast({{ recency }} as bigint) << 32 | ({{ date }} - cast('0001-01-01' as date))) & 4294967295 as integer)
{%- endmacro %}

{% macro spark__first_known_date(date, recency) -%}
    min_by({{ date }}, {{ recency }}) filter (where {{ date }} is not null)
{%- endmacro %}
