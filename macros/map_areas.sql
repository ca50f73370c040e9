-- Joins the areas of residence and place of training to a staging relation, from REFNIS codes. Grouped by its code a list has
-- each but once for the engine too, which leaves the join out where nobody reads the area.
-- Codes of countries (three digits, or 00 and three digits) are abroad; a code in no list gives null.
{% macro map_refnis_areas(relation) -%}
    {%- set code = synerstat.code_type() %}
    select
        {{ relation }}.*,
        {%- for place in ['residence', 'training'] %}
        {%- set source = 'source_residence' if place == 'residence' else 'source_training_place' %}
        case
            when {{ synerstat.is_country_refnis(relation ~ '.' ~ source) }} then cast('ABR' as {{ code }})
            else {{ place }}_places.area_code
        end as {{ place }}_area{{ "," if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {%- for place in ['residence', 'training'] %}
    left join (
        select
            refnis_code,
            cast(min(area_code) as {{ code }}) as area_code
        from {{ ref('municipalities') }}
        group by refnis_code
    ) as {{ place }}_places
        on {{ place }}_places.refnis_code = {{ relation }}.{{ 'source_residence' if place == 'residence' else 'source_training_place' }}
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

-- The same from post codes: `B-` before a Belgian post code is dropped, any other country prefix (one to three letters
-- and a hyphen) is abroad, a post code belongs to the area of its municipality.
{% macro map_post_code_areas(relation) -%}
    {%- set code = synerstat.code_type() %}
    select
        {{ relation }}.*,
        {%- for place in ['residence', 'training'] %}
        {%- set source = relation ~ '.' ~ ('source_residence' if place == 'residence' else 'source_training_place') %}
        case
            when {{ synerstat.has_foreign_prefix(source) }} then cast('ABR' as {{ code }})
            else {{ place }}_places.area_code
        end as {{ place }}_area{{ "," if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {%- for place in ['residence', 'training'] %}
    {%- set source = relation ~ '.' ~ ('source_residence' if place == 'residence' else 'source_training_place') %}
    left join (
        select
            post_code,
            cast(min(area_code) as {{ code }}) as area_code
        from {{ ref('post_codes') }}
        group by post_code
    ) as {{ place }}_places
        on {{ place }}_places.post_code = {{ synerstat.without_belgian_prefix(source) }}
    {%- endfor %}
{%- endmacro %}

{% macro without_belgian_prefix(column) -%}
    case when {{ column }} like 'B-%' then trim(substr({{ column }}, 3)) else {{ column }} end
{%- endmacro %}

{% macro has_foreign_prefix(column) -%}
    coalesce({{ synerstat.matches(column, '^[A-Z]{1,3}-') }} and not {{ column }} like 'B-%', false)
{%- endmacro %}
