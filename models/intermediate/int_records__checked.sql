-- Grain: one row per delivered row. Keeps what the rules found, all in one number (`broken_rules`). A continued build adds the
-- rows of new deliveries.
{{ config(materialized='incremental') }}

with

inspected as (

    select * from {{ ref('int_records__inspected') }}

),

kept as (

    select
        * {{ except_columns(judged_rules('breaks_')) }},
        {{ pack_rules() }} as broken_rules

    from inspected

)

select * from kept
