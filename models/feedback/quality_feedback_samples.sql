-- Grain: one row per delivered row and rule, or reason why it can't be read: the first rows of each, in delivered order, of the
-- deliveries of the reference quarter. A sample says where to look; it holds nothing about the person.

{%- set most_rows = 50 %}

with

deliveries as (

    select * from {{ ref('quality_feedback_deliveries') }}

),

concerned as (

    select
        delivery_number,
        record_key,
        rule
    from {{ ref('quality_row_findings') }}
    where rule <> 'closed_by_absence'

    union all

    select
        delivery_number,
        record_key,
        unreadable_reason as rule
    from {{ ref('int_records__judged') }}
    where unreadable_reason is not null

),

ranked as (

    select
        concerned.*,
        row_number() over (partition by concerned.delivery_number, concerned.rule order by concerned.record_key) as sample_number

    from concerned
    inner join deliveries on concerned.delivery_number = deliveries.delivery_number

),

sampled as (

    select
        ranked.delivery_number,
        ranked.rule,
        cast(ranked.sample_number as bigint) as sample_number,
        ranked.record_key,
        records.file_name,
        records.line_number,
        records.record_id,
        defects.status,
        defects.first_reference_quarter

    from ranked
    inner join {{ ref('int_records__judged') }} as records on ranked.record_key = records.record_key
    left join {{ ref('quality_defects') }} as defects
        on
            ranked.delivery_number = defects.delivery_number
            and ranked.rule = defects.rule
            and records.record_id = defects.record_id
    where ranked.sample_number <= {{ most_rows }}

)

select * from sampled
