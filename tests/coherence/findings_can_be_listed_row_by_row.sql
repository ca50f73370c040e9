/*
What it checks   The rows in quality_row_findings are, rule by rule and delivery by delivery, those that
                 mart_delivery_findings counts, and quality_quarantine holds every rejected or unreadable row.
Why it matters   The operator mends what its report lists. A row that is counted but not listed is never mended.
If it fails      A rule was added to the mart and not to the list, or the other way round: compare both models.
*/

with

listed as (

    select
        delivery_number,
        rule,
        count(*) as rows

    from {{ ref('quality_row_findings') }}
    group by delivery_number, rule

),

counted as (

    select
        deliveries.delivery_number,
        findings.rule,
        findings.rows

    from {{ ref('mart_delivery_findings') }} as findings
    inner join {{ ref('int_deliveries__ranked') }} as deliveries
        on
            findings.operator = deliveries.operator
            and findings.reference_quarter = deliveries.reference_quarter
            and findings.sequence = deliveries.sequence

),

quarantined as (

    select
        'quarantine' as rule,
        count(*) as rows
    from {{ ref('quality_quarantine') }}

),

left_out as (

    select
        'quarantine' as rule,
        count(*) as rows
    from {{ ref('int_records__judged') }}
    where is_rejected or not is_readable

)

select
    coalesce(listed.rule, counted.rule) as rule,
    listed.rows as listed_rows,
    counted.rows as counted_rows
from listed
full outer join counted
    on
        listed.delivery_number = counted.delivery_number
        and listed.rule = counted.rule
where coalesce(listed.rows, 0) <> coalesce(counted.rows, 0)

union all

select
    quarantined.rule,
    quarantined.rows as listed_rows,
    left_out.rows as counted_rows
from quarantined
inner join left_out on quarantined.rule = left_out.rule
where quarantined.rows <> left_out.rows
