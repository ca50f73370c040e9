-- Grain: one row per reopened record, as the build before identified it; without rows in a build that continues none.
-- A record may leave its person: it is replaced, cancelled, or its client turns out to be somebody else.
{% if is_continued() %}
with

records_before as (

    select * from {{ before('int_records__identified') }}

),

left_records as (

    select
        record_key,
        person_id,
        start_date,
        end_date,
        disposition

    from records_before
    where {{ is_reopened('record_key', 'int_records__reopened') }}

)

select * from left_records
{%- else %}
select
    cast(null as bigint) as record_key,
    person_id,
    cast(null as date) as start_date,
    cast(null as date) as end_date,
    cast(null as {{ dbt.type_string() }}) as disposition

from {{ ref('int_persons__numbered') }}
where false
-- depends_on: {{ ref('int_records__reopened') }}
{%- endif %}
