-- Grain: one row per person.
-- A small number for each person: everything below groups by it, at a quarter of the key's width. It stays from build to build.
{{ config(materialized='incremental') }}

with

keyed as (

    select distinct
        person_key,
        person_key_scope

    from {{ ref('int_records__keyed') }}

),

{% if is_continued() -%}
numbered_before as (

    select * from {{ this }}

),

fresh as (

    select keyed.*

    from keyed
    left join numbered_before on keyed.person_key = numbered_before.person_key
    where numbered_before.person_id is null

),
{%- else -%}
fresh as (

    select * from keyed

),
{%- endif %}

numbered as (

    select
        cast(row_number() over (order by person_key) as bigint)
        {%- if is_continued() %} + (select coalesce(max(before.person_id), 0) from numbered_before as before){% endif %} as person_id,
        person_key,
        person_key_scope

    from fresh

)

select * from numbered
