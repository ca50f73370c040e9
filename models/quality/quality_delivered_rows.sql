-- Grain: one row per operator and reference quarter of its delivery.
-- How a quarter's delivery stood when it came in: rows that can be used, rows about nobody of the statistic, and items that
-- are missing. Unlike the dispositions it does not change when later deliveries bring other versions of the same records,
-- so that quarters can be compared. A continued build sums the deliveries that are open again.
{{ config(
    materialized='incremental',
    on_schema_change='fail',
    pre_hook="{% if is_continued() %}delete from {{ this }} where (operator, reference_quarter) in (select (deliveries.operator, deliveries.reference_quarter) from {{ ref('int_deliveries__ranked') }} as deliveries where {{ is_reopened('deliveries.delivery_number', 'int_deliveries__reopened') }}){% endif %}",
) }}
{{ wait_for('int_deliveries__ranked') }}

{%- set places = ['unreadable', 'duplicate', 'rejected', 'cancelled', 'not_member', 'mirror', 'out_of_scope', 'in_scope'] %}
{%- set unknown = ['education_level', 'labour_status', 'delivery_mode', 'training_area', 'residence_area', 'programme_code'] %}

with

judged as (

    select * from {{ ref('int_records__judged') }}
    where
        not is_replaced
        and {{ is_reopened('delivery_number', 'int_deliveries__reopened') }}

),

placed as (

    select
        *,
        case
            when not is_readable then 'unreadable'
            when is_copy then 'duplicate'
            when is_rejected then 'rejected'
            when is_cancelled then 'cancelled'
            when organiser = '_X' then 'not_member'
            when organiser <> operator then 'mirror'
            when training_type = '_X' then 'out_of_scope'
            else 'in_scope'
        end as place

    from judged

),

summed as (

    select
        cast(operator as {{ dbt.type_string() }}) as operator,
        reference_quarter,
        cast(count(*) as bigint) as rows_delivered,
        {%- for place in places %}
        cast(sum(case when place = '{{ place }}' then 1 else 0 end) as bigint) as rows_{{ place }},
        {%- endfor %}
        -- items of the rows in scope, as they were delivered
        {%- for item in unknown %}
        cast(sum(case when place = 'in_scope' and {{ item }} = '_U' then 1 else 0 end) as bigint) as missing_{{ item }},
        {%- endfor %}
        cast(sum(case when place = 'in_scope' and hours is null then 1 else 0 end) as bigint) as missing_hours,
        cast(sum(case when place = 'in_scope' and (sex = '_U' or is_sex_derived) then 1 else 0 end) as bigint) as missing_sex,
        cast(sum(
            case when place = 'in_scope' and not coalesce(is_delivered_birth_date_plausible, false) then 1 else 0 end
        ) as bigint) as missing_birth_date,
        -- what the national number gave instead
        cast(sum(case when place = 'in_scope' and is_sex_derived then 1 else 0 end) as bigint) as derived_sex,
        cast(sum(
            case
                when place = 'in_scope' and not coalesce(is_delivered_birth_date_plausible, false) and birth_date is not null
                    then 1
                else 0
            end
        ) as bigint) as derived_birth_date

    from placed
    group by operator, reference_quarter

)

select * from summed
