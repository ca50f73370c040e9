-- Joins the areas of residence and place of training to a staging relation, from REFNIS codes.
-- Codes of countries (three digits, or 00 and three digits) are abroad; a code in no list gives null.
{% macro map_refnis_areas(relation) -%}
    {{ return(synerstat.map_areas(relation, 'municipalities', 'refnis_code', synerstat.is_country_refnis)) }}
{%- endmacro %}

-- The same from post codes: `B-` before a Belgian post code is dropped, any other country prefix (one to three letters
-- and a hyphen) is abroad, a post code belongs to the area of its municipality.
{% macro map_post_code_areas(relation) -%}
    {{ return(synerstat.map_areas(relation, 'post_codes', 'post_code', synerstat.has_foreign_prefix, synerstat.without_belgian_prefix)) }}
{%- endmacro %}

-- The areas from any list of places (a seed with `area_code`, by `key`); `is_abroad` is a macro that judges a source code, and
-- `as_listed` one that writes it as the list does. Grouped by its key, no list can double a row.
{% macro map_areas(relation, places, key, is_abroad, as_listed=none) -%}
    {%- set code = synerstat.code_type() %}
    {%- set sources = {'residence': relation ~ '.source_residence', 'training': relation ~ '.source_training_place'} %}
    select
        {{ relation }}.*,
        {%- for place, source in sources.items() %}
        case
            when {{ is_abroad(source) }} then cast('ABR' as {{ code }})
            else {{ place }}_places.area_code
        end as {{ place }}_area{{ "," if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {%- for place, source in sources.items() %}
    left join (
        select
            {{ key }},
            cast(min(area_code) as {{ code }}) as area_code
        from {{ ref(places) }}
        group by {{ key }}
    ) as {{ place }}_places
        on {{ place }}_places.{{ key }} = {{ as_listed(source) if as_listed else source }}
    {%- endfor %}
{%- endmacro %}

{% macro is_country_refnis(column) -%}
    {#- hardly any code has such a length; engines compare lengths faster than patterns #}
    case
        when {{ column }} like '___' or {{ column }} like '00___' then {{ synerstat.matches(column, '^(00)?[0-9]{3}$') }}
        else false
    end
{%- endmacro %}

-- Does the text match the (always anchored) pattern?
{% macro matches(column, pattern) -%}
    {{ return(adapter.dispatch('matches')(column, pattern)) }}
{%- endmacro %}

{% macro default__matches(column, pattern) -%}
    regexp_matches({{ column }}, '{{ pattern }}')
{%- endmacro %}

{#- Java's `$` also stands before a last line end; `\z` does not -#}
{% macro spark__matches(column, pattern) -%}
    ({{ column }} rlike r'{{ pattern | replace('$', '\\z') }}')
{%- endmacro %}

{% macro without_belgian_prefix(column) -%}
    case when {{ column }} like 'B-%' then trim(substr({{ column }}, 3)) else {{ column }} end
{%- endmacro %}

{% macro has_foreign_prefix(column) -%}
    coalesce({{ synerstat.matches(column, '^[A-Z]{1,3}-') }} and not {{ column }} like 'B-%', false)
{%- endmacro %}
