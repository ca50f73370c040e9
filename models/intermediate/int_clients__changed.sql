-- Grain: one row per operator and client number to whom this build lends another key than the one before, or one of them none;
-- without rows in a build that continues none.

with

left_clients as (

    select * from {{ ref('int_clients__left') }}

),

lent_keys as (

    select * from {{ ref('int_clients__lent_keys') }}
    {%- if is_continued() %}
    where {{ is_reopened('client_key', 'int_clients__reopened') }}
    {%- else %}
    where false
    {%- endif %}

),

both_builds as (

    select * from left_clients
    union all
    select * from lent_keys

),

changed as (

    select
        operator,
        client_key

    from both_builds
    group by operator, client_key
    -- in one build only, or with two keys
    having count(*) = 1 or min(national_key) <> max(national_key)

)

select * from changed
-- depends_on: {{ ref('int_clients__reopened') }}
