-- Grain: one row per check and delivery, or operator that should have delivered.

with

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}

),

accounting as (

    select * from {{ ref('mart_delivery_accounting') }}

),

operators as (
{% for operator in var('operators') %}
    select '{{ operator }}' as operator
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

-- both sides are summed, not joined: a delivery may be missing from either
rows_of_deliveries as (

    select
        operator,
        reference_quarter,
        sequence,
        row_count as delivered,
        0 as accounted

    from deliveries

    union all

    select
        operator,
        reference_quarter,
        sequence,
        0 as delivered,
        rows as accounted

    from accounting

),

accounted as (

    select
        'mart_delivery_accounting' as mart,
        substr(reference_quarter, 1, 4) || '-' || substr(reference_quarter, 5, 2) as time_period,
        reference_quarter || '-' || cast(sequence as {{ dbt.type_string() }}) || ', operator=' || operator as scope,
        operator as whose_data,
        sum(delivered) as delivered,
        sum(accounted) as accounted

    from rows_of_deliveries
    group by operator, reference_quarter, sequence

),

present as (

    select
        'mart_delivery_accounting' as mart,
        '{{ var("reference_quarter")[:4] }}-{{ var("reference_quarter")[4:] }}' as time_period,
        '{{ var("reference_quarter") }}, operator=' || operators.operator as scope,
        operators.operator as whose_data,
        count(deliveries.delivery_number) as deliveries

    from operators
    left join deliveries
        on
            operators.operator = deliveries.operator
            and deliveries.reference_quarter = '{{ var("reference_quarter") }}'
            and not deliveries.is_replaced
    group by operators.operator

),

compared as (
    {{ compare('accounted', [{
        'check': 'every_row_accounted_for', 'indicator': 'rows',
        'actual': 'accounted', 'at_least': 'delivered', 'at_most': 'delivered',
    }]) }}
    union all
    {{- compare('present', [{
        'check': 'operator_delivered', 'indicator': 'deliveries',
        'actual': 'deliveries', 'at_least': '1', 'at_most': '1',
    }]) }}

)

select * from compared
