-- Grain: one row per broken bound: check, mart, cell and indicator. Declared deviations are left out.

with

checks as (

    select * from {{ ref('coherence_checks') }}

),

broken as (

    select * from {{ ref('quality_comparisons') }}
    where broken_bound is not null

),

deviations as (

    select * from {{ ref('known_deviations') }}

),

undeclared as (

    select
        broken.check_name,
        checks.question,
        checks.severity,
        broken.mart,
        broken.time_period,
        broken.scope,
        broken.whose_data,
        broken.indicator,
        broken.broken_bound as expected,
        broken.actual,
        broken.actual - broken.broken_bound as difference,
        broken.tolerance

    from broken
    left join checks on broken.check_name = checks.check_name
    where
        not exists (
            select 1 as found
            from deviations
            where
                {{ is_declared('broken', 'deviations') }}
        )

)

select * from undeclared
