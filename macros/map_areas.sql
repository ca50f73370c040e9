-- Joins the areas of residence and place of training to a staging relation, from REFNIS codes.
-- Codes of countries (three digits, or 00 and three digits) are abroad; a code in no list gives null.
{% macro map_refnis_areas(relation) -%}
    select
        {{ relation }}.*,
        {%- for place in ['residence', 'training'] %}
        {%- set source = 'source_residence' if place == 'residence' else 'source_training_place' %}
        case
            when {{ synerstat.is_country_refnis(relation ~ '.' ~ source) }} then 'ABR'
            else {{ place }}_places.area_code
        end as {{ place }}_area{{ "," if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    left join {{ ref('municipalities') }} as residence_places
        on residence_places.refnis_code = {{ relation }}.source_residence
    left join {{ ref('municipalities') }} as training_places
        on training_places.refnis_code = {{ relation }}.source_training_place
{%- endmacro %}

{% macro is_country_refnis(column) -%}
    coalesce({{ synerstat.matches(column, '^(00)?[0-9]{3}$') }}, false)
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
    select
        {{ relation }}.*,
        {%- for place in ['residence', 'training'] %}
        {%- set source = relation ~ '.' ~ ('source_residence' if place == 'residence' else 'source_training_place') %}
        case
            when {{ synerstat.has_foreign_prefix(source) }} then 'ABR'
            else {{ place }}_places.area_code
        end as {{ place }}_area{{ "," if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    left join {{ ref('post_codes') }} as residence_places
        on residence_places.post_code = {{ synerstat.without_belgian_prefix(relation ~ '.source_residence') }}
    left join {{ ref('post_codes') }} as training_places
        on training_places.post_code = {{ synerstat.without_belgian_prefix(relation ~ '.source_training_place') }}
{%- endmacro %}

{% macro without_belgian_prefix(column) -%}
    case when {{ column }} like 'B-%' then trim(substr({{ column }}, 3)) else {{ column }} end
{%- endmacro %}

{% macro has_foreign_prefix(column) -%}
    coalesce({{ synerstat.matches(column, '^[A-Z]{1,3}-') }} and not {{ column }} like 'B-%', false)
{%- endmacro %}
