-- Grain: one row per indicator, breakdown, operator and quarter. After disclosure control; no rows before it.
-- A share that rests on a small count is withheld, and what would tell a withheld figure of a data set with it.

with

indicators as (

    select * from {{ ref('quality_report_indicators') }}

),

controlled as (

    select * from {{ ref('int_disclosure__controlled') }}
    where data_set = 'training'

),

-- the overlap of the operators is the difference of these
hidden_totals as (

    select distinct time_period

    from {{ ref('pub_training') }}
    where
        freq = 'Q'
        and training_area = '_T'
        and training_type = '_T'
        and delivery_mode = '_T'
        and indicator = 'PRESENT'
        and conf_status <> 'F'

),

hidden_flows as (

    select distinct
        time_period,
        home_operator,
        host_operator

    from {{ ref('pub_mirror') }}
    where
        freq = 'Q'
        and conf_status <> 'F'

),

judged as (

    select
        indicators.*,
        controlled.vintage,
        indicators.is_small
        or (indicators.indicator = 'A3' and hidden_totals.time_period is not null)
        or hidden_flows.time_period is not null as is_withheld

    from indicators
    cross join controlled
    left join hidden_totals on indicators.time_period = hidden_totals.time_period
    left join hidden_flows
        on
            indicators.indicator = 'CC1'
            and indicators.time_period = hidden_flows.time_period
            and indicators.operator = hidden_flows.home_operator
            and indicators.breakdown = hidden_flows.host_operator

),

released as (

    select
        indicator,
        breakdown,
        operator,
        time_period,
        -- items that are unknown are cells of the data sets: only rounded, without the numbers behind
        case when not is_withheld and indicator not in ('A5', 'A7') then numerator end as numerator,
        case when not is_withheld and indicator not in ('A5', 'A7') then denominator end as denominator,
        case
            when is_withheld then null
            when indicator in ('A5', 'A7') then round(value, 3)
            else value
        end as value,
        -- so wide that the numbers of rows between it and the next limit below are more than the small counts
        case
            when not is_withheld or indicator not in ('A2', 'A4', 'A5', 'A7') then null
            when denominator >= {{ 40 * var('disclosure_threshold') }} and value < 0.05 then cast(0.05 as double)
            when denominator >= {{ 8 * var('disclosure_threshold') }} and value < 0.25 then cast(0.25 as double)
        end as below,
        unit,
        case when is_withheld then 'C' else 'F' end as conf_status,
        vintage

    from judged

)

select * from released
