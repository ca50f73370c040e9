-- Grain: one row per file with rows of a delivery of the reference quarter.

with

records as (

    select * from {{ ref('int_records__judged') }}
    where reference_quarter = '{{ var("reference_quarter") }}'

),

counted as (

    select
        delivery_number,
        file_name,
        cast(count(*) as bigint) as rows,
        cast(sum(case when is_readable then 0 else 1 end) as bigint) as rows_unreadable,
        cast(min(row_number) as bigint) as first_row_number

    from records
    group by delivery_number, file_name

)

select * from counted
