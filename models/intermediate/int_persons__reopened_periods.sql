-- Grain: one row per reopened person and period that a continued build counts the person in anew, present or not; without
-- rows in any other build.
{% if is_continued() %}
with

persons as (

    select * from {{ ref('int_persons__reopened') }}

),

periods as (

    select * from {{ ref('int_periods') }}

),

periods_added as (

    select * from {{ ref('int_periods__added') }}

),

reopened as (

    select
        persons.person_id,
        periods.period_number

    from persons
    inner join periods
        on
            persons.reopened_from is not null
            and periods.period_end >= persons.counted_from

    union

    select
        persons.person_id,
        periods_added.period_number

    from persons
    cross join periods_added

)

select * from reopened
{%- else %}
select
    person_id,
    cast(null as integer) as period_number

from {{ ref('int_persons__reopened') }}
where false
-- depends_on: {{ ref('int_periods') }}, {{ ref('int_periods__added') }}
{%- endif %}
