/*
What it checks   For participations within the periods of the statistic, the hours spread over the quarters add up
                 to the hours of their records (to a millionth for each record and quarter: its part is
                 rounded to six decimals).
Why it matters   Hours lost or doubled between quarters change the volume of training, and no total would show it.
If it fails      Look at the records of the participation shown: a day counted twice at the edge of a quarter, or a
                 number of days that leaves out the first or the last.
*/

with

delivered as (

    select
        records.participation_id,
        sum(case when records.hours > 0 then records.hours else 0 end) as hours,
        count(*) as records
    from {{ ref('int_records__spelled') }} as records
    where {{ is_reopened('records.participation_id', 'int_participations__recounted', 'is_remade') }}
    group by records.participation_id
    having min(records.start_date) >= cast('{{ var("coverage_start") }}' as date)

),

spread as (

    select
        participation_id,
        sum(hours) as hours,
        count(*) as quarters
    from {{ ref('int_participations__by_quarter_hours') }}
    where {{ is_reopened('participation_id', 'int_participations__recounted', 'is_remade') }}
    group by participation_id

)

select
    delivered.participation_id,
    delivered.hours as delivered_hours,
    coalesce(spread.hours, 0) as spread_hours
from delivered
left join spread on delivered.participation_id = spread.participation_id
where abs(delivered.hours - coalesce(spread.hours, 0)) > 0.000001 * delivered.records * coalesce(spread.quarters, 1)
