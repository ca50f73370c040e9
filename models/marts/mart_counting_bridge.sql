-- Grain: one row per freq, time_period and operator, all of them together as `_T`.
-- From what operators send to what is published: delivered rows, counted records, participations, participants; and from
-- the sum of the operators to the persons of Belgium.

with

periods as (

    select * from {{ ref('int_periods') }}

),

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}

),

records as (

    select * from {{ ref('int_records__spelled') }}

),

cells as (

    select * from {{ ref('int_bridge__cells') }}

),

operators as (
{% for operator in var('operators') %}
    select '{{ operator }}' as operator
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

-- replaced deliveries too: they were sent
delivered as (

    select
        periods.period_number,
        deliveries.operator,
        sum(deliveries.row_count) as delivered_rows

    from deliveries
    inner join periods
        on
            deliveries.quarter_start >= periods.period_start
            and deliveries.quarter_end <= periods.period_end
    group by periods.period_number, deliveries.operator

),

-- periods are whole quarters, so a record counts by the quarters it begins and ends in: few pairs, however many records
spans as (

    select
        operator,
        {{ quarter_index('start_date') }} as first_quarter,
        {{ quarter_index('open_end_date') }} as last_quarter,
        count(*) as records

    from records
    group by operator, {{ quarter_index('start_date') }}, {{ quarter_index('open_end_date') }}

),

counted as (

    select
        periods.period_number,
        spans.operator,
        sum(spans.records) as counted_records

    from spans
    inner join periods
        on
            spans.first_quarter <= {{ quarter_index('periods.period_end') }}
            and spans.last_quarter >= {{ quarter_index('periods.period_start') }}
    group by periods.period_number, spans.operator

),

present as (

    select
        period_number,
        operator,
        sum(participations_present) as participations_present,
        sum(participants_present) as participants_present,
        sum(participants_of_several_operators) as participants_of_several_operators

    from cells
    group by period_number, operator

),

by_operator as (

    select
        periods.period_number,
        operators.operator,
        coalesce(delivered.delivered_rows, 0) as delivered_rows,
        coalesce(counted.counted_records, 0) as counted_records,
        coalesce(present.participations_present, 0) as participations_present,
        coalesce(present.participants_present, 0) as participants_present,
        coalesce(present.participants_of_several_operators, 0) as participants_of_several_operators

    from periods
    cross join operators
    left join delivered
        on
            periods.period_number = delivered.period_number
            and operators.operator = delivered.operator
    left join counted
        on
            periods.period_number = counted.period_number
            and operators.operator = counted.operator
    left join present
        on
            periods.period_number = present.period_number
            and operators.operator = present.operator

),

-- rows, records and participations add up over operators; persons do not
together as (

    select
        by_operator.period_number,
        '_T' as operator,
        sum(by_operator.delivered_rows) as delivered_rows,
        sum(by_operator.counted_records) as counted_records,
        sum(by_operator.participations_present) as participations_present,
        sum(by_operator.participants_present) as participants_summed_over_operators,
        coalesce(max(present.participants_present), 0) as participants_present,
        coalesce(max(present.participants_of_several_operators), 0) as participants_of_several_operators

    from by_operator
    left join present
        on
            by_operator.period_number = present.period_number
            and present.operator = '_T'
    group by by_operator.period_number

),

bridged as (

    select
        period_number,
        operator,
        delivered_rows,
        counted_records,
        participations_present,
        participants_present as participants_summed_over_operators,
        participants_present,
        participants_of_several_operators
    from by_operator

    union all

    select
        period_number,
        operator,
        delivered_rows,
        counted_records,
        participations_present,
        participants_summed_over_operators,
        participants_present,
        participants_of_several_operators
    from together

),

measured as (

    select
        periods.freq,
        periods.time_period,
        bridged.operator,
        cast(bridged.delivered_rows as bigint) as delivered_rows,
        cast(bridged.counted_records as bigint) as counted_records,
        cast(bridged.participations_present as bigint) as participations_present,
        cast(bridged.participants_summed_over_operators as bigint) as participants_summed_over_operators,
        cast(bridged.participants_summed_over_operators - bridged.participants_present as bigint) as participants_counted_twice,
        cast(bridged.participants_present as bigint) as participants_present,
        cast(bridged.participants_of_several_operators as bigint) as participants_of_several_operators,
        case
            when bridged.participants_present > 0
                then cast(bridged.participants_of_several_operators as double) / cast(bridged.participants_present as double)
        end as share_of_several_operators

    from bridged
    inner join periods on bridged.period_number = periods.period_number

)

select * from measured
