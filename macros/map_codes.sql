-- Joins the crosswalks to a staging relation: for each dimension its `source_<dimension>` becomes `<dimension>`, the
-- harmonised code valid on the start date (null where there is none). Also `is_known_organiser_code`: an organiser is
-- the one code that is judged without a readable start, so it is looked up without validity too.
-- Rows are joined by source code alone, and the start date decides which meaning counts: nearly every code means the same on
-- every day, and what a code that changed meant is listed. So who reads no dimension has no dates parsed, which takes longer than
-- the joins. At most one meaning is valid on a day: overlapping validity fails the build before the staging models run.
{% macro map_codes(relation, operator, dimensions) -%}
    {%- set code = synerstat.code_type() %}
    select
        {{ relation }}.*,
        {%- for dimension in dimensions %}
        case
            when {{ relation }}.start_date >= map_{{ dimension }}.valid_from and {{ relation }}.start_date <= map_{{ dimension }}.valid_to
                then map_{{ dimension }}.target_code
            when map_{{ dimension }}.meanings is not null
                then {{ synerstat.code_valid_on('map_' ~ dimension ~ '.meanings', relation ~ '.start_date') }}
        end as {{ dimension }},
        {%- endfor %}
        map_organiser.source_code is not null as is_known_organiser_code
    from {{ relation }}
    {%- for dimension in dimensions %}
    left join (
        select
            source_code,
            case when count(*) = 1 then min(target_code) end as target_code,
            case when count(*) = 1 then min(valid_from) end as valid_from,
            case when count(*) = 1 then min(valid_to) end as valid_to,
            case when count(*) > 1 then {{ synerstat.listed_meanings() }} end as meanings
        from (
            select
                upper(source_code) as source_code,
                cast(target_code as {{ code }}) as target_code,
                coalesce(valid_from, cast('0001-01-01' as date)) as valid_from,
                coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
            from {{ ref('crosswalk_' ~ dimension) }}
            where operator = '{{ operator }}'
        ) as meanings
        group by source_code
    ) as map_{{ dimension }}
        on map_{{ dimension }}.source_code = {{ relation }}.source_{{ dimension }}
    {%- endfor %}
{%- endmacro %}

-- What a source code meant from when to when, as an aggregate over its rows in a crosswalk.
{% macro listed_meanings() -%}
    {{ return(adapter.dispatch('listed_meanings')()) }}
{%- endmacro %}

{% macro default__listed_meanings() -%}
    list({'target_code': target_code, 'valid_from': valid_from, 'valid_to': valid_to})
{%- endmacro %}

{% macro spark__listed_meanings() -%}
    collect_list(struct(target_code, valid_from, valid_to))
{%- endmacro %}

-- The one of them that is valid on a day; null where none is.
{% macro code_valid_on(meanings, day) -%}
    {{ return(adapter.dispatch('code_valid_on')(meanings, day)) }}
{%- endmacro %}

{% macro default__code_valid_on(meanings, day) -%}
    list_filter({{ meanings }}, lambda meaning: {{ day }} >= meaning.valid_from and {{ day }} <= meaning.valid_to)[1].target_code
{%- endmacro %}

{#- `get` gives null beyond the end -#}
{% macro spark__code_valid_on(meanings, day) -%}
    get(filter({{ meanings }}, meaning -> {{ day }} >= meaning.valid_from and {{ day }} <= meaning.valid_to), 0).target_code
{%- endmacro %}
