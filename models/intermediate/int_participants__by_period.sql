-- Grain: one row per participation and period in which it is present, with who the person is in that period.
-- The one table that all figures are counted from.
{{ config(materialized='incremental', pre_hook="{{ make_way('person_id', 'int_persons__reopened') }}") }}
{{ wait_for('int_participants__left') }}

with

participations as (

    select * from {{ ref('int_participations__by_period') }}
    where {{ is_reopened('person_id', 'int_persons__reopened') }}

),

persons as (

    select * from {{ ref('int_persons__by_period') }}

),

described as (

    select
        participations.*,
        persons.sex,
        persons.age_group,
        persons.education_level,
        persons.residence_area,
        persons.participations as participations_of_person

    from participations
    inner join persons
        on
            participations.person_id = persons.person_id
            and participations.period_number = persons.period_number

)

select * from described
