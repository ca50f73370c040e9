-- Grain: one row per participation and period in which it is present, with who the person is in that period.
-- The one table that all figures are counted from.
{{ config(materialized='incremental', pre_hook="{{ make_way_for_periods() }}") }}
{{ wait_for('int_participants__left') }}
{{ wait_for('int_persons__reopened_periods') }}

with

participations as (

    select * from {{ ref('int_participations__merged') }}
    where {{ is_reopened('participation_id', 'int_participations__recounted') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

spans as (

    select * from {{ ref('int_periods__spans') }}

),

quarter_hours as (

    select * from {{ ref('int_participations__by_quarter_hours') }}
    where {{ is_reopened('participation_id', 'int_participations__recounted') }}

),

persons as (

    select * from {{ ref('int_persons__by_period') }}

),

quarters_of_years as (

    select
        quarters.period_number as quarter_number,
        years.period_number

    from periods as quarters
    inner join periods as years
        on
            quarters.period_start >= years.period_start
            and quarters.period_end <= years.period_end
    where quarters.freq = 'Q' and years.freq = 'A'

),

-- a year's hours are the sum of its quarters'
hours as (

    select
        participation_id,
        period_number,
        hours

    from quarter_hours

    union all

    select
        quarter_hours.participation_id,
        quarters_of_years.period_number,
        sum(quarter_hours.hours) as hours

    from quarter_hours
    inner join quarters_of_years on quarter_hours.period_number = quarters_of_years.quarter_number
    group by quarter_hours.participation_id, quarters_of_years.period_number

),

present as (

    select
        periods.period_number,
        participations.participation_id,
        participations.person_id,
        participations.operator,
        participations.training_type,
        participations.delivery_mode,
        participations.training_area,
        participations.labour_status,
        case when participations.start_date >= periods.period_start then 1 else 0 end as is_entered,
        case when participations.open_end_date <= periods.period_end then 1 else 0 end as is_left,
        case when participations.open_end_date >= periods.period_end then 1 else 0 end as is_in_stock

    from participations
    inner join spans as periods on {{ touches_span('participations.start_date', 'participations.open_end_date', 'periods') }}
    {%- if is_continued() %}
    where {{ is_counted_anew('participations', 'periods') }}
    {%- endif %}

),

described as (

    select
        present.*,
        coalesce(hours.hours, 0) as hours,
        persons.sex,
        persons.age_group,
        persons.education_level,
        persons.residence_area,
        persons.participations as participations_of_person

    from present
    inner join persons
        on
            present.person_id = persons.person_id
            and present.period_number = persons.period_number
    left join hours
        on
            present.participation_id = hours.participation_id
            and present.period_number = hours.period_number

)

select * from described
