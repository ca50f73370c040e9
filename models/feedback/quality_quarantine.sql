-- Grain: one row per delivered row that could not be read or is rejected (record_key).
-- Rows of replaced deliveries stay here too. No national number can stand here: landing holds none.
{{ config(
    materialized='incremental',
    on_schema_change='fail',
    pre_hook="{{ make_way('delivery_number', 'int_deliveries__reopened') }}",
) }}

with

judged as (

    select * from {{ ref('int_records__judged') }}
    where
        (not is_readable or is_rejected)
        and {{ is_reopened('delivery_number', 'int_deliveries__reopened') }}

),

-- what is left out is never `before_coverage`, the one disposition that is not told here
versioned as (

    select * from {{ ref('int_records__versioned') }}

),

error_rules as (

    select rule from {{ ref('quality_rules') }}
    where severity = 'error'

),

broken as (

    select
        findings.record_key,
        {{ string_list('findings.rule') }} as rules

    from {{ ref('quality_row_findings') }} as findings
    inner join error_rules on findings.rule = error_rules.rule
    where {{ is_reopened('findings.delivery_number', 'int_deliveries__reopened') }}
    group by findings.record_key

),

delivered as (
{% for operator in var('operators') %}
    select
        judged.record_key,
        records.raw_text,
        records.national_number_status,
        {{ delivered_values('records') }} as delivered_values
    from judged
    inner join {{ landed_records(operator) }} as records
        on
            judged.operator = records.operator
            and judged.reference_quarter = records.reference_quarter
            and judged.sequence = records.sequence
            and judged.row_number = records.row_number
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

quarantined as (

    select
        judged.record_key,
        judged.delivery_number,
        cast(judged.operator as {{ dbt.type_string() }}) as operator,
        judged.reference_quarter,
        judged.sequence,
        judged.file_name,
        judged.row_number,
        judged.line_number,
        judged.record_id,
        cast(versioned.disposition as {{ dbt.type_string() }}) as disposition,
        judged.unreadable_reason,
        broken.rules,
        delivered.national_number_status,
        judged.client_key,
        delivered.raw_text,
        case when judged.is_readable then delivered.delivered_values end as delivered_values

    from judged
    inner join versioned on judged.record_key = versioned.record_key
    inner join delivered on judged.record_key = delivered.record_key
    left join broken on judged.record_key = broken.record_key

)

select * from quarantined
