-- Grain: one row per delivery of the reference quarter and rule, or reason of unreadable rows, that some row of it breaks or
-- that a record of the delivery before broke.

with

deliveries as (

    select * from {{ ref('quality_feedback_deliveries') }}

),

rules as (

    select * from {{ ref('quality_rules') }}

),

counted as (

    select
        delivery_number,
        rule,
        count(*) as rows

    from {{ ref('quality_row_findings') }}
    where rule <> 'closed_by_absence'
    group by delivery_number, rule

    union all

    select
        delivery_number,
        unreadable_reason as rule,
        count(*) as rows

    from {{ ref('int_records__judged') }}
    where unreadable_reason is not null
    group by delivery_number, unreadable_reason

),

followed as (

    select
        delivery_number,
        rule,
        sum(case when status = 'new' then 1 else 0 end) as records_new,
        sum(case when status = 'persistent' then 1 else 0 end) as records_persistent,
        sum(case when status = 'corrected' then 1 else 0 end) as records_corrected,
        sum(case when status = 'gone' then 1 else 0 end) as records_gone,
        min(case when status in ('new', 'persistent') then first_reference_quarter end) as first_reference_quarter,
        max(case when status in ('new', 'persistent') then age_in_quarters end) as oldest_age_in_quarters

    from {{ ref('quality_defects') }}
    group by delivery_number, rule

),

named as (

    select
        delivery_number,
        rule
    from counted
    union
    select
        delivery_number,
        rule
    from followed

),

joined as (

    select
        deliveries.delivery_number,
        named.rule,
        coalesce(rules.severity, 'unreadable') as severity,
        cast(coalesce(counted.rows, 0) as bigint) as rows,
        cast(coalesce(counted.rows, 0) as double) / nullif(deliveries.rows_delivered, 0) as share,
        case when previous_deliveries.delivery_number is not null then cast(coalesce(previous.rows, 0) as bigint) end as previous_rows,
        cast(coalesce(previous.rows, 0) as double) / nullif(previous_deliveries.row_count, 0) as previous_share,
        cast(coalesce(followed.records_new, 0) as bigint) as records_new,
        cast(coalesce(followed.records_persistent, 0) as bigint) as records_persistent,
        cast(coalesce(followed.records_corrected, 0) as bigint) as records_corrected,
        cast(coalesce(followed.records_gone, 0) as bigint) as records_gone,
        followed.first_reference_quarter,
        cast(followed.oldest_age_in_quarters as bigint) as oldest_age_in_quarters,
        effects.participants_without_rows,
        effects.participants_with_rows

    from deliveries
    inner join named on deliveries.delivery_number = named.delivery_number
    left join rules on named.rule = rules.rule
    left join counted
        on
            named.delivery_number = counted.delivery_number
            and named.rule = counted.rule
    left join counted as previous
        on
            deliveries.previous_delivery_number = previous.delivery_number
            and named.rule = previous.rule
    left join {{ ref('int_deliveries__ranked') }} as previous_deliveries
        on deliveries.previous_delivery_number = previous_deliveries.delivery_number
    left join followed
        on
            named.delivery_number = followed.delivery_number
            and named.rule = followed.rule
    left join {{ ref('quality_rule_effects') }} as effects
        on
            named.delivery_number = effects.delivery_number
            and named.rule = effects.rule

)

select * from joined
