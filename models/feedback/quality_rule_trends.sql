-- Grain: one row per delivery that is not replaced, of the last eight quarters that an operator delivered, and rule found in any
-- of them.

with

deliveries as (

    select
        *,
        row_number() over (partition by operator order by reference_quarter desc) as quarters_back

    from {{ ref('int_deliveries__ranked') }}
    where not is_replaced

),

recent as (

    select * from deliveries
    where quarters_back <= 8

),

findings as (

    select * from {{ ref('mart_delivery_findings') }}

),

rules as (

    select distinct
        recent.operator,
        findings.rule,
        findings.severity

    from recent
    inner join findings
        on
            recent.operator = findings.operator
            and recent.reference_quarter = findings.reference_quarter
            and recent.sequence = findings.sequence

),

shared as (

    select
        recent.operator,
        recent.reference_quarter,
        recent.sequence,
        rules.rule,
        rules.severity,
        cast(coalesce(findings.rows, 0) as bigint) as rows,
        cast(recent.row_count as bigint) as rows_delivered,
        cast(coalesce(findings.rows, 0) as double) / nullif(recent.row_count, 0) as share

    from recent
    inner join rules on recent.operator = rules.operator
    left join findings
        on
            recent.operator = findings.operator
            and recent.reference_quarter = findings.reference_quarter
            and recent.sequence = findings.sequence
            and rules.rule = findings.rule

)

select * from shared
