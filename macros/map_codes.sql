-- Joins the crosswalks to a staging relation: for each dimension its `source_<dimension>` becomes `<dimension>`, the
-- harmonised code valid on the start date (null where there is none). Also `is_known_organiser_code`: an organiser is
-- the one code that is judged without a readable start, so it is looked up without validity too.
-- Every crosswalk row is joined at most once: overlapping validity fails the build before the staging models run.
{% macro map_codes(relation, operator, dimensions) -%}
    select
        {{ relation }}.*,
        {%- for dimension in dimensions %}
        map_{{ dimension }}.target_code as {{ dimension }},
        {%- endfor %}
        known_organisers.source_code is not null as is_known_organiser_code
    from {{ relation }}
    {%- set code = synerstat.code_type() %}
    {%- for dimension in dimensions %}
    left join (
        select
            upper(source_code) as source_code,
            cast(target_code as {{ code }}) as target_code,
            coalesce(valid_from, cast('0001-01-01' as date)) as valid_from,
            coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
        from {{ ref('crosswalk_' ~ dimension) }}
        where operator = '{{ operator }}'
    ) as map_{{ dimension }}
        on
            map_{{ dimension }}.source_code = {{ relation }}.source_{{ dimension }}
            and {{ relation }}.start_date >= map_{{ dimension }}.valid_from
            and {{ relation }}.start_date <= map_{{ dimension }}.valid_to
    {%- endfor %}
    left join (
        select upper(source_code) as source_code
        from {{ ref('crosswalk_organiser') }}
        where operator = '{{ operator }}'
        group by upper(source_code)
    ) as known_organisers
        on known_organisers.source_code = {{ relation }}.source_organiser
{%- endmacro %}
