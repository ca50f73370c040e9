-- Grain: one row per delivered row, as it was checked, a column for each rule again, with what became of its delivery since.
{{ config(materialized='view') }}

with

records as (

    select * from {{ ref('int_records__checked') }}

),

deliveries as (

    select
        * {{ except_columns(['operator']) }},
        cast(operator as {{ code_type() }}) as operator

    from {{ ref('int_deliveries__ranked') }}

),

judged as (

    select
        records.*,
        {%- for rule in judged_rules() %}
        {{ breaks(rule, 'records.broken_rules') }} as breaks_{{ rule }},
        {%- endfor %}
        deliveries.operator,
        deliveries.reference_quarter,
        deliveries.sequence,
        deliveries.quarter_start,
        deliveries.quarter_end,
        deliveries.is_replaced,
        deliveries.latest_quarter_end

    from records
    inner join deliveries on records.delivery_number = deliveries.delivery_number

)

select * from judged
