-- Grain: one row per data set whose present figures went through disclosure control, with the vintage they are for.
-- Built behind the marts, and emptied: other figures have not been through it.
-- depends_on: {{ ref('mart_participants_by_training') }}
-- depends_on: {{ ref('mart_participants_by_profile') }}
-- depends_on: {{ ref('mart_participants_by_status') }}
-- depends_on: {{ ref('mart_interregional_mobility') }}
-- depends_on: {{ ref('mart_mirror_flows') }}
{{ config(pre_hook="{{ empty_disclosure_file('controlled', ['data_set', 'vintage']) }}") }}

with

controlled as (

    select
        data_set,
        vintage

    from {{ read_disclosure_file('controlled') }}

)

select * from controlled
