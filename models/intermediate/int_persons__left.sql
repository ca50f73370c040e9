-- Grain: one row per person that a reopened record had in the build before; without rows in a build that continues none.
-- A record may leave a person: it is replaced, cancelled, or its client turns out to be somebody else.
{% if is_continued() %}
with

records_before as (

    select * from {{ before('int_records__identified') }}

),

left_persons as (

    select distinct person_id

    from records_before
    where {{ is_reopened('record_key', 'int_records__reopened') }}

)

select * from left_persons
{%- else %}
select person_id

from {{ ref('int_persons__numbered') }}
where false
-- depends_on: {{ ref('int_records__reopened') }}
{%- endif %}
