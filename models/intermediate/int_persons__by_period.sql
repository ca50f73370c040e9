-- Grain: one row per person and period in which the person participates.
-- Sex, age, education and residence have one value per person and period, so that tables by them add up: the first
-- known value over the person's records that began by the period's end, latest first.
{{ config(materialized='incremental', pre_hook="{{ make_way_for_periods() }}") }}
{{ wait_for('int_persons__reopened_periods') }}

{%- set code = code_type() %}
{%- set unknown = "cast('_U' as " ~ code ~ ")" %}

with

participations as (

    select * from {{ ref('int_participations__merged') }}
    where {{ is_reopened('participation_id', 'int_participations__recounted') }}

),

records as (

    select
        person_id,
        record_key,
        participation_id,
        start_date,
        residence_area,
        sex,
        education_level,
        birth_date,
        row_number() over (
            partition by person_id
            -- open is later than the last day of the calendar, too
            order by start_date desc, open_end_date desc, case when end_date is null then 0 else 1 end, operator, record_id, record_key
        ) as recency

    from {{ ref('int_records__spelled') }}
    where {{ is_reopened('participation_id', 'int_participations__recounted') }}

),

periods as (

    select * from {{ ref('int_periods__spans') }}

),

-- a row for each age, so that it is found by being equal; no group goes beyond 150
age_groups as (

    select
        ages.age,
        cast(listed.age_group as {{ code }}) as age_group

    from (values {% for age in range(151) %}({{ age }}){{ ', ' if not loop.last }}{% endfor %}) as ages (age)
    inner join {{ ref('age_groups') }} as listed
        on
            ages.age >= listed.age_from
            and ages.age <= listed.age_to

),

described as (

    select
        records.person_id,
        periods.period_number,
        min(periods.period_end) as period_end,
        -- a participation has the key of its first record
        sum(case when records.record_key = records.participation_id then 1 else 0 end) as participations,
        {%- for attribute in ['sex', 'education_level', 'residence_area'] %}
        {{ first_known_code('records.' ~ attribute, 'records.recency') }} as {{ attribute }},
        {%- endfor %}
        {{ first_known_date('records.birth_date', 'records.recency') }} as birth_date

    from records
    inner join participations on records.participation_id = participations.participation_id
    inner join periods on {{ touches_span('records.start_date', 'participations.open_end_date', 'periods') }}
    {%- if is_continued() %}
    where {{ is_counted_anew('participations', 'periods') }}
    {%- endif %}
    group by records.person_id, periods.period_number

),

aged as (

    select
        described.*,
        {{ completed_years('birth_date', 'period_end') }} as age

    from described

),

grouped as (

    select
        aged.period_number,
        aged.person_id,
        aged.sex,
        coalesce(age_groups.age_group, {{ unknown }}) as age_group,
        aged.education_level,
        aged.residence_area,
        cast(aged.participations as bigint) as participations

    from aged
    left join age_groups on aged.age = age_groups.age

)

select * from grouped
