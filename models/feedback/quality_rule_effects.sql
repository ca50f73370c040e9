-- Grain: one row per delivery of the reference quarter that is not replaced, and rule that some row of it breaks; `_T` for
-- all rows that were left out together.
--
-- The headline figure is the operator's participants present in the reference quarter. A person is present where a counted
-- record touches the quarter. That is the same as a participation being present: a pause inside one is far shorter than a
-- quarter, so that it never covers one.
--   error, unreadable   the rows are left out. With them: persons who are added when the row is accepted, what the rule
--                       objects to is read in favour of the row, and everything else in it as delivered. At most so many.
--   warning             the rows are counted. Without them: persons who remain when those records are left out.

with

rules as (

    select * from {{ ref('quality_rules') }}

),

findings as (

    select * from {{ ref('quality_row_findings') }}

),

deliveries as (

    select * from {{ ref('int_deliveries__ranked') }}
    where reference_quarter = '{{ var("reference_quarter") }}' and not is_replaced

),

present as (

    select
        deliveries.delivery_number,
        records.delivery_number as held_by_delivery_number,
        records.record_key,
        numbered.person_key

    from {{ ref('int_records__identified') }} as records
    inner join {{ ref('int_persons__numbered') }} as numbered on records.person_id = numbered.person_id
    inner join deliveries
        on
            records.operator = deliveries.operator
            and records.start_date <= deliveries.quarter_end
            and coalesce(records.end_date, {{ far_future() }}) >= deliveries.quarter_start
    where records.disposition = 'counted'

),

persons as (

    select
        delivery_number,
        person_key,
        count(*) as records

    from present
    group by delivery_number, person_key

),

headlines as (

    select
        deliveries.delivery_number,
        count(persons.person_key) as participants

    from deliveries
    left join persons on deliveries.delivery_number = persons.delivery_number
    group by deliveries.delivery_number

),

-- persons with no other record in the quarter than those that break the rule
resting_on_warnings as (

    select
        present.delivery_number,
        findings.rule,
        present.person_key

    from present
    inner join findings
        on
            present.record_key = findings.record_key
            and present.held_by_delivery_number = present.delivery_number
    inner join rules on findings.rule = rules.rule
    inner join persons
        on
            present.delivery_number = persons.delivery_number
            and present.person_key = persons.person_key
    where rules.severity = 'warning'
    group by present.delivery_number, findings.rule, present.person_key
    having count(*) = max(persons.records)

),

left_out as (

    select
        records.delivery_number,
        records.record_key,
        records.unreadable_reason,
        -- who stands in the row can't be told without a number: somebody of its own
        coalesce(
            records.person_national_key, lent_keys.national_key, records.client_key,
            cast(records.record_key as {{ dbt.type_string() }})
        ) as person_key,
        coalesce(not records.is_cancelled, true)
        and (not records.is_readable or coalesce(records.organiser, records.operator) = records.operator)
        and coalesce(records.training_type <> '_X', true)
        and (
            not records.is_readable
            or records.has_unreadable_date
            or records.breaks_end_before_start
            or (
                (records.breaks_start_after_quarter or coalesce(records.start_date <= records.quarter_end, true))
                and coalesce(records.end_date >= records.quarter_start, true)
            )
        ) as could_be_present

    from {{ ref('int_records__judged') }} as records
    inner join deliveries on records.delivery_number = deliveries.delivery_number
    left join {{ ref('int_clients__lent_keys') }} as lent_keys
        on
            records.operator = lent_keys.operator
            and records.client_key = lent_keys.client_key
    where records.is_rejected or not records.is_readable

),

left_out_by_rule as (

    select
        left_out.delivery_number,
        findings.rule,
        left_out.person_key,
        left_out.could_be_present

    from left_out
    inner join findings on left_out.record_key = findings.record_key
    inner join rules on findings.rule = rules.rule
    where rules.severity = 'error'

    union all

    select
        delivery_number,
        unreadable_reason as rule,
        person_key,
        could_be_present
    from left_out
    where unreadable_reason is not null

    union all

    select
        delivery_number,
        '_T' as rule,
        person_key,
        could_be_present
    from left_out

),

added as (

    select
        left_out_by_rule.delivery_number,
        left_out_by_rule.rule,
        count(distinct case
            when left_out_by_rule.could_be_present and persons.person_key is null then left_out_by_rule.person_key
        end) as participants

    from left_out_by_rule
    left join persons
        on
            left_out_by_rule.delivery_number = persons.delivery_number
            and left_out_by_rule.person_key = persons.person_key
    group by left_out_by_rule.delivery_number, left_out_by_rule.rule

),

taken_away as (

    select
        found.delivery_number,
        found.rule,
        count(resting_on_warnings.person_key) as participants

    from (
        select distinct
            findings.delivery_number,
            findings.rule
        from findings
        inner join rules on findings.rule = rules.rule
        inner join deliveries on findings.delivery_number = deliveries.delivery_number
        where rules.severity = 'warning'
    ) as found
    left join resting_on_warnings
        on
            found.delivery_number = resting_on_warnings.delivery_number
            and found.rule = resting_on_warnings.rule
    group by found.delivery_number, found.rule

),

effects as (

    select
        headlines.delivery_number,
        coalesce(added.rule, '_T') as rule,
        cast(headlines.participants as bigint) as participants_counted,
        cast(headlines.participants as bigint) as participants_without_rows,
        cast(headlines.participants + coalesce(added.participants, 0) as bigint) as participants_with_rows

    from headlines
    left join added on headlines.delivery_number = added.delivery_number

    union all

    select
        headlines.delivery_number,
        taken_away.rule,
        cast(headlines.participants as bigint) as participants_counted,
        cast(headlines.participants - taken_away.participants as bigint) as participants_without_rows,
        cast(headlines.participants as bigint) as participants_with_rows

    from headlines
    inner join taken_away on headlines.delivery_number = taken_away.delivery_number

)

select * from effects
