-- Grain: one row per current record that is counted or feeds the mirror comparison, with the key of its person. In a continued
-- build only records that were looked at again: nobody else's key can be another.
{{ config(materialized='view', meta={'table_if_continued': true}) }}

with

versions as (

    select
        record_key,
        end_date,
        disposition

    from {{ ref('int_records__versioned') }}
    where
        disposition in ('counted', 'mirror')
        and {{ is_reopened('record_key', 'int_records__reopened') }}

),

records as (

    select * from {{ ref('int_records__judged') }}
    where {{ is_reopened('record_key', 'int_records__reopened') }}

),

lent_keys as (

    select * from {{ ref('int_clients__lent_keys') }}

),

keyed as (

    select
        versions.record_key,
        records.delivery_number,
        records.operator,
        records.record_id,
        records.quarter_end,
        records.training_type,
        records.programme_code,
        records.delivery_mode,
        records.labour_status,
        records.organiser,
        records.training_area,
        records.residence_area,
        records.sex,
        records.education_level,
        records.birth_date,
        records.hours,
        records.start_date,
        -- where it ends by its version, which may have been closed by absence
        versions.end_date,
        versions.disposition,
        coalesce(records.person_national_key, lent_keys.national_key, records.client_key) as person_key,
        case
            when records.person_national_key is not null or lent_keys.national_key is not null then 'national'
            else 'operator'
        end as person_key_scope

    from versions
    inner join records on versions.record_key = records.record_key
    left join lent_keys
        on
            records.operator = lent_keys.operator
            and records.client_key = lent_keys.client_key

)

select * from keyed
