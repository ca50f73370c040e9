-- Grain: one row per reopened client to whom the build before lent a key; without rows in a build that continues none.
{% if is_continued() %}
with

lent_before as (

    select * from {{ before('int_clients__lent_keys') }}

),

left_clients as (

    select * from lent_before
    where {{ is_reopened('client_key', 'int_clients__reopened') }}

)

select * from left_clients
{%- else %}
select
    operator,
    client_key,
    cast(null as {{ dbt.type_string() }}) as national_key

from {{ ref('int_clients__reopened') }}
where false
{%- endif %}
