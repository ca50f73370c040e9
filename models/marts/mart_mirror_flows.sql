-- Grain: one row per freq, time_period, home_operator, host_operator (all pairs of two operators, every period).
-- Job-seekers of an operator's home area that it reports as trained by another operator, against those the other reports.

with

home_areas as (

    select * from {{ ref('operator_home_areas') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

records as (

    select * from {{ ref('int_records__identified') }}

),

mobility as (

    select * from {{ ref('mart_interregional_mobility') }}

),

pairs as (

    select
        periods.period_number,
        periods.freq,
        periods.time_period,
        home.operator as home_operator,
        home.area_code as home_area,
        host.operator as host_operator

    from periods
    cross join home_areas as home
    inner join home_areas as host on home.operator <> host.operator

),

reported_by_home as (

    select
        periods.period_number,
        records.operator as home_operator,
        records.organiser as host_operator,
        count(distinct records.person_id) as persons

    from records
    inner join home_areas
        on
            records.operator = home_areas.operator
            and records.residence_area = home_areas.area_code
    inner join periods
        on
            records.start_date <= periods.period_end
            and coalesce(records.end_date, {{ far_future() }}) >= periods.period_start
    where
        records.disposition = 'mirror'
        and records.training_type <> '_X'
        and records.labour_status = 'JSK'
    group by periods.period_number, records.operator, records.organiser

),

compared as (

    select
        pairs.freq,
        pairs.time_period,
        pairs.home_operator,
        pairs.host_operator,
        cast(coalesce(reported_by_home.persons, 0) as bigint) as reported_by_home,
        cast(coalesce(mobility.participants_present, 0) as bigint) as reported_by_host

    from pairs
    left join reported_by_home
        on
            pairs.period_number = reported_by_home.period_number
            and pairs.home_operator = reported_by_home.home_operator
            and pairs.host_operator = reported_by_home.host_operator
    left join mobility
        on
            pairs.freq = mobility.freq
            and pairs.time_period = mobility.time_period
            and pairs.home_area = mobility.residence_area
            and pairs.host_operator = mobility.operator

),

measured as (

    select
        *,
        case
            when reported_by_home + reported_by_host > 0
                then cast(2 * (reported_by_home - reported_by_host) as double) / cast(reported_by_home + reported_by_host as double)
        end as asymmetry

    from compared

)

select * from measured
