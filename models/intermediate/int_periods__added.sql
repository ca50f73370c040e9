-- Grain: one row per period that the build before did not have; without rows in a build that continues none.

with

periods as (

    select * from {{ ref('int_periods') }}

),

added as (

    select
        period_number,
        period_start

    from periods
    where
        {%- if is_continued() %}
        period_number > (
            select coalesce(max(persons_before.period_number), 0)
            from {{ before('int_persons__by_period') }} as persons_before
        )
        {%- else %}
        false
        {%- endif %}

)

select * from added
