-- Grain: one row per operator, reference_quarter, sequence, rule that some row breaks.

with

judged as (

    select * from {{ ref('int_records__judged') }}

),

versioned as (

    select * from {{ ref('int_records__versioned') }}

),

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}

),

rules as (

    select * from {{ ref('quality_rules') }}

),

summed as (

    select
        delivery_number,
        {%- for rule in judged_rules() %}
        sum(case when breaks_{{ rule }} then 1 else 0 end) as {{ rule }}{{ "," if not loop.last }}
        {%- endfor %}

    from judged
    group by delivery_number

),

closed as (

    select
        delivery_number,
        sum(case when is_closed_by_absence then 1 else 0 end) as closed_by_absence

    from versioned
    group by delivery_number

),

counted as (
{% for rule in judged_rules() + ['closed_by_absence'] %}
    select
        delivery_number,
        '{{ rule }}' as rule,
        {{ rule }} as rows
    from {{ 'closed' if rule == 'closed_by_absence' else 'summed' }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

found as (

    select
        deliveries.operator,
        deliveries.reference_quarter,
        deliveries.sequence,
        counted.rule,
        rules.severity,
        cast(counted.rows as bigint) as rows

    from counted
    inner join deliveries on counted.delivery_number = deliveries.delivery_number
    inner join rules on counted.rule = rules.rule
    where counted.rows > 0

)

select * from found
