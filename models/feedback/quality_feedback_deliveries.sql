-- Grain: one row per delivery of the reference quarter that was not refused, replaced ones too.

with

deliveries as (

    select
        *,
        row_number() over (partition by operator order by reference_quarter, sequence) as position_of_operator

    from {{ ref('int_deliveries__ranked') }}

),

landed as (

    select * from {{ landed_or_sample('*/*/delivery.parquet', ref('training_deliveries')) }}

),

findings as (

    select
        findings.delivery_number,
        count(distinct findings.record_key) as rows_with_warnings

    from {{ ref('quality_row_findings') }} as findings
    inner join {{ ref('quality_rules') }} as rules on findings.rule = rules.rule
    where rules.severity = 'warning'
    group by findings.delivery_number

),

dispositions as (

    select
        operator,
        reference_quarter,
        sequence,
        sum(case when disposition = 'unreadable' then rows else 0 end) as rows_unreadable,
        sum(case when disposition = 'rejected' then rows else 0 end) as rows_rejected,
        sum(case when disposition = 'counted' then rows else 0 end) as rows_counted

    from {{ ref('mart_delivery_accounting') }}
    group by operator, reference_quarter, sequence

),

described as (

    select
        deliveries.delivery_number,
        previous.delivery_number as previous_delivery_number,
        deliveries.operator,
        deliveries.reference_quarter,
        deliveries.sequence,
        previous.reference_quarter as previous_reference_quarter,
        previous.sequence as previous_sequence,
        deliveries.is_replaced,
        deliveries.quarter_start,
        deliveries.quarter_end,
        landed.extracted_at_text,
        landed.manifest_sha256,
        landed.files_sha256,
        landed.extra_columns,
        landed.contract_version,
        cast(deliveries.row_count as bigint) as rows_delivered,
        cast(coalesce(dispositions.rows_unreadable, 0) as bigint) as rows_unreadable,
        cast(coalesce(dispositions.rows_rejected, 0) as bigint) as rows_rejected,
        cast(coalesce(dispositions.rows_counted, 0) as bigint) as rows_counted,
        cast(coalesce(findings.rows_with_warnings, 0) as bigint) as rows_with_warnings

    from deliveries
    inner join landed
        on
            deliveries.operator = landed.operator
            and deliveries.reference_quarter = landed.reference_quarter
            and deliveries.sequence = landed.sequence
    left join deliveries as previous
        on
            deliveries.operator = previous.operator
            and deliveries.position_of_operator = previous.position_of_operator + 1
    left join dispositions
        on
            deliveries.operator = dispositions.operator
            and deliveries.reference_quarter = dispositions.reference_quarter
            and deliveries.sequence = dispositions.sequence
    left join findings on deliveries.delivery_number = findings.delivery_number
    where deliveries.reference_quarter = '{{ var("reference_quarter") }}'

)

select * from described
