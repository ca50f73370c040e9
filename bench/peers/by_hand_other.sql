-- The marts that are no cubes; mart_interregional_mobility stands already.

create temp table mart_mirror_flows as
with reported_by_home as (
    select
        period,
        identified.operator as home_operator,
        organiser as host_operator,
        count(distinct person) as persons
    from identified
    inner join home_areas on identified.operator = home_areas.operator and residence = home_areas.area_code
    inner join periods on start_date <= last_day and end_date >= first_day
    where disposition = 'mirror' and type <> '_X' and status = 'JSK'
    group by all
),

compared as (
    select
        periods.freq,
        periods.time_period,
        home.operator as home_operator,
        host.operator as host_operator,
        coalesce(persons, 0)::bigint as reported_by_home,
        coalesce(participants_present, 0)::bigint as reported_by_host
    from periods
    cross join home_areas as home
    inner join home_areas as host on home.operator <> host.operator
    left join reported_by_home
        on periods.period = reported_by_home.period
        and home.operator = reported_by_home.home_operator
        and host.operator = reported_by_home.host_operator
    left join mart_interregional_mobility as mobility
        on periods.time_period = mobility.time_period
        and home.area_code = mobility.residence_area
        and host.operator = mobility.operator
)

select
    *,
    if(
        reported_by_home + reported_by_host > 0,
        (2 * (reported_by_home - reported_by_host))::double / (reported_by_home + reported_by_host)::double,
        null
    ) as asymmetry
from compared;

-- rows by the rules that they break; copies are not judged, and conflicts are known only now
create temp table judged as
select delivery, broken, sum(rows) as rows
from (
    from rows_by_rule
    union all
    select delivery, broken, -count(*) from repeated group by all
    union all
    select delivery, judged_broken, count(*) from repeated where not is_copy group by all
    union all
    select delivery, 1 << 23, count(*) from records where is_closed_by_absence group by all
)
group by delivery, broken
having sum(rows) > 0;

create temp table mart_delivery_findings as
select operator, reference_quarter, sequence, rule, severity, sum(rows)::bigint as rows
from judged
inner join deliveries using (delivery)
inner join rules on broken & (1 << place) > 0
group by all;

create temp table mart_delivery_accounting as
with unreadable as (
    select delivery, count(*) as rows
    from landed
    inner join deliveries using (operator, reference_quarter, sequence)
    where unreadable_reason is not null
    group by delivery
),

accepted as (
    select delivery, sum(rows) as rows
    from judged
    where broken & 1023 = 0 and broken < 1 << 23
    group by delivery
),

ended_before_coverage as (
    select row_id
    from spelled
    inner join participations using (participation)
    where participations.end_date < getvariable('coverage_start')::date
),

disposed as (
    select delivery, if(row_id in (from ended_before_coverage), 'before_coverage', disposition) as disposition
    from records
),

counted as (
    select delivery, 'unreadable' as disposition, rows from unreadable
    union all
    select delivery, 'superseded', sum(rows)
    from rows_by_rule
    semi join (from deliveries where is_replaced) using (delivery)
    group by all
    union all
    select delivery, 'duplicate', count(*) from repeated where is_copy and not is_replaced group by all
    union all
    select delivery, 'rejected', sum(rows)
    from judged
    semi join (from deliveries where not is_replaced) using (delivery)
    where broken & 1023 > 0
    group by all
    union all
    -- accepted, but another version counts
    select delivery, 'superseded', rows - coalesce(current_rows, 0)
    from accepted
    semi join (from deliveries where not is_replaced) using (delivery)
    left join (select delivery, count(*) as current_rows from records group by delivery) using (delivery)
    union all
    select delivery, disposition, count(*) from disposed group by all
)

select operator, reference_quarter, sequence, disposition, sum(rows)::bigint as rows
from counted
inner join deliveries using (delivery)
where rows > 0
group by all;
