-- Grain: one row per coherence check, also where it had nothing to look at.

with

checks as (

    select * from {{ ref('coherence_checks') }}

),

looked_at as (

    select
        check_name,
        sum(cells) as cells

    from {{ ref('quality_comparisons') }}
    group by check_name

),

failed as (

    select
        check_name,
        count(*) as cells,
        max(abs(difference)) as largest_difference

    from {{ ref('quality_coherence_violations') }}
    group by check_name

),

declared as (

    select
        check_name,
        count(*) as cells

    from {{ ref('quality_declared_deviations') }}
    group by check_name

),

counted as (

    select
        checks.check_name,
        checks.question,
        checks.severity,
        {{ with_limits('checks.description') }} as description,
        cast(coalesce(looked_at.cells, 0) as bigint) as cells_checked,
        cast(coalesce(failed.cells, 0) as bigint) as cells_failed,
        cast(coalesce(declared.cells, 0) as bigint) as cells_declared,
        cast(coalesce(failed.largest_difference, 0) as bigint) as largest_difference

    from checks
    left join looked_at on checks.check_name = looked_at.check_name
    left join failed on checks.check_name = failed.check_name
    left join declared on checks.check_name = declared.check_name

)

select * from counted
