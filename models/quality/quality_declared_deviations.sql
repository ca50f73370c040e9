-- Grain: one row per broken bound that a known deviation declares: check, mart, cell and indicator.

with

broken as (

    select * from {{ ref('quality_comparisons') }}
    where broken_bound is not null

),

deviations as (

    select * from {{ ref('known_deviations') }}

),

declared as (

    select
        broken.check_name,
        broken.mart,
        broken.time_period,
        broken.scope,
        broken.whose_data,
        broken.indicator,
        broken.broken_bound as expected,
        broken.actual,
        broken.actual - broken.broken_bound as difference,
        broken.tolerance,
        -- several declarations may cover one cell
        min(deviations.reason) as reason,
        max(deviations.valid_until) as valid_until

    from broken
    inner join deviations
        on
            {{ is_declared('broken', 'deviations') }}
    group by
        broken.check_name,
        broken.mart,
        broken.time_period,
        broken.scope,
        broken.whose_data,
        broken.indicator,
        broken.broken_bound,
        broken.actual,
        broken.tolerance

)

select * from declared
