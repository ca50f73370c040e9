-- Grain: one row per current record that is counted or feeds the mirror comparison, with its person.
-- A key whose last record has gone is forgotten.
{{ config(
    materialized='incremental',
    pre_hook="{{ make_way('record_key', 'int_records__reopened') }}",
    post_hook="{% if is_continued() %}delete from {{ ref('int_persons__numbered') }} where person_id in (select gone.person_id from {{ ref('int_records__left') }} as gone except select kept.person_id from {{ this }} as kept){% endif %}",
) }}
{{ wait_for('int_records__left') }}
{{ wait_for('int_records__reopened') }}

with

keyed as (

    select * from {{ ref('int_records__keyed') }}

),

persons as (

    select * from {{ ref('int_persons__numbered') }}

),

identified as (

    select
        keyed.* {{ except_columns(['person_key', 'person_key_scope']) }},
        persons.person_id

    from keyed
    inner join persons on keyed.person_key = persons.person_key

)

select * from identified
