-- Grain: one row per file of a delivery of the reference quarter, files without rows too.

with

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}
    where reference_quarter = '{{ var("reference_quarter") }}'

),

records as (

    select * from {{ ref('int_records__judged') }}
    where reference_quarter = '{{ var("reference_quarter") }}'

),

files as (

    select * from {{ landed_or_sample('*/*/files.parquet', ref('training_delivery_files')) }}

),

-- names that hold a national number are masked, and may be the same then
named as (

    select
        deliveries.delivery_number,
        files.file_name,
        cast(min(files.file_number) as bigint) as file_number,
        min(files.sha256) as sha256,
        cast(sum(files.size) as bigint) as size,
        cast(sum(files.row_count) as bigint) as rows

    from files
    inner join deliveries
        on
            files.operator = deliveries.operator
            and files.reference_quarter = deliveries.reference_quarter
            and files.sequence = deliveries.sequence
    group by deliveries.delivery_number, files.file_name

),

unreadable as (

    select
        delivery_number,
        file_name,
        cast(count(*) as bigint) as rows

    from records
    where not is_readable
    group by delivery_number, file_name

),

joined as (

    select
        named.delivery_number,
        named.file_name,
        named.file_number,
        named.sha256,
        named.size,
        named.rows,
        coalesce(unreadable.rows, 0) as rows_unreadable

    from named
    left join unreadable
        on
            named.delivery_number = unreadable.delivery_number
            and named.file_name = unreadable.file_name

)

select * from joined
