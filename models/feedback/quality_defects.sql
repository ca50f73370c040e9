-- Grain: one row per delivery of the reference quarter, record identifier and rule that the record breaks in that delivery
-- or broke in the one before.
-- A defect is a record that breaks a rule. It is `new` where the operator's delivery before did not have it, `persistent`
-- where it did, `corrected` where the record is still delivered and breaks the rule no longer, `gone` where it is not.

with

deliveries as (

    select
        delivery_number,
        operator,
        reference_quarter,
        quarter_end,
        row_number() over (partition by operator order by reference_quarter, sequence) as position_of_operator

    from {{ ref('int_deliveries__ranked') }}

),

reported as (

    select * from deliveries
    where reference_quarter = '{{ var("reference_quarter") }}'

),

-- a record without an identifier can't be followed; a closed record is told by the delivery that lacks it
found as (

    select
        deliveries.operator,
        findings.delivery_number,
        deliveries.position_of_operator,
        findings.record_id,
        findings.rule

    from {{ ref('quality_row_findings') }} as findings
    inner join deliveries on findings.delivery_number = deliveries.delivery_number
    where findings.record_id is not null and findings.rule <> 'closed_by_absence'

),

-- only what stands in a reported delivery or in the one before it has to be followed
identifiers as (

    select distinct
        found.operator,
        found.record_id

    from found
    inner join reported
        on
            found.operator = reported.operator
            and found.position_of_operator in (reported.position_of_operator, reported.position_of_operator - 1)

),

defects as (

    select distinct found.*

    from found
    inner join identifiers
        on
            found.operator = identifiers.operator
            and found.record_id = identifiers.record_id

),

-- deliveries one after the other that share a defect have the same difference
numbered as (

    select
        *,
        position_of_operator
        - row_number() over (partition by operator, record_id, rule order by position_of_operator) as run_number

    from defects

),

begun as (

    select
        *,
        min(position_of_operator) over (partition by operator, record_id, rule, run_number) as first_position

    from numbered

),

held as (

    select distinct
        records.delivery_number,
        records.record_id

    from {{ ref('int_records__judged') }} as records
    inner join reported on records.delivery_number = reported.delivery_number
    where records.is_readable and records.record_id is not null

),

standing as (

    select
        begun.delivery_number,
        begun.record_id,
        begun.rule,
        case when begun.first_position = begun.position_of_operator then 'new' else 'persistent' end as status,
        begun.operator,
        begun.first_position

    from begun
    inner join reported on begun.delivery_number = reported.delivery_number

),

resolved as (

    select
        reported.delivery_number,
        begun.record_id,
        begun.rule,
        case when held.record_id is null then 'gone' else 'corrected' end as status,
        begun.operator,
        begun.first_position

    from reported
    inner join begun
        on
            reported.operator = begun.operator
            and reported.position_of_operator = begun.position_of_operator + 1
    left join defects
        on
            reported.delivery_number = defects.delivery_number
            and begun.record_id = defects.record_id
            and begun.rule = defects.rule
    left join held
        on
            reported.delivery_number = held.delivery_number
            and begun.record_id = held.record_id
    where defects.record_id is null

),

followed as (

    select * from standing
    union all
    select * from resolved

),

dated as (

    select
        followed.delivery_number,
        followed.record_id,
        followed.rule,
        followed.status,
        first_deliveries.reference_quarter as first_reference_quarter,
        cast(
            {{ quarter_index(quarter_end("'" ~ var("reference_quarter") ~ "'")) }} - {{ quarter_index('first_deliveries.quarter_end') }}
            as bigint
        ) as age_in_quarters

    from followed
    inner join deliveries as first_deliveries
        on
            followed.operator = first_deliveries.operator
            and followed.first_position = first_deliveries.position_of_operator

)

select * from dated
