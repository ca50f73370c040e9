-- Grain: one row per build, period and operator, all of them together as `_T`: participations, persons, and those of them
-- whom several operators train in the period.
-- A build that continues adds rows with what it changes; the sum over all rows of a cell is its figure.
{{ config(materialized='incremental') }}

with

participations as (

    select * from {{ ref('int_participants__counted') }}

),

persons as (

    select
        period_number,
        person_id,
        operator,
        count(*) as participations

    from participations
    group by period_number, person_id, operator

),

operators_of_persons as (

    select
        period_number,
        person_id,
        count(*) as operators,
        sum(participations) as participations

    from persons
    group by period_number, person_id

),

counted as (

    select
        persons.period_number,
        persons.operator,
        sum(persons.participations) as participations_present,
        count(*) as participants_present,
        sum(case when operators_of_persons.operators > 1 then 1 else 0 end) as participants_of_several_operators

    from persons
    inner join operators_of_persons
        on
            persons.period_number = operators_of_persons.period_number
            and persons.person_id = operators_of_persons.person_id
    group by persons.period_number, persons.operator

    union all

    select
        period_number,
        '_T' as operator,
        sum(participations) as participations_present,
        count(*) as participants_present,
        sum(case when operators > 1 then 1 else 0 end) as participants_of_several_operators

    from operators_of_persons
    group by period_number

),

cells as (

    select
        abs(period_number) as period_number,
        operator,
        cast(sum(sign(period_number) * participations_present) as bigint) as participations_present,
        cast(sum(sign(period_number) * participants_present) as bigint) as participants_present,
        cast(sum(sign(period_number) * participants_of_several_operators) as bigint) as participants_of_several_operators

    from counted
    group by abs(period_number), operator

)

select * from cells
