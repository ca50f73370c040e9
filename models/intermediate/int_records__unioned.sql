-- Grain: one row per delivered row of every operator, in deliveries up to the build's reference quarter.
-- From here on one shared road: no operator's quirk is known below.
{{ config(materialized='view') }}

{%- set columns = [
    'operator', 'file_name', 'row_number', 'line_number', 'unreadable_reason', 'raw_text',
    'national_number_status', 'national_key', 'national_birth_date', 'national_sex', 'client_key', 'content_key',
    'record_id', 'source_training_type', 'source_delivery_mode', 'source_sex', 'source_labour_status',
    'source_education_level', 'source_organiser', 'source_residence', 'source_training_place',
    'programme_code', 'programme_name', 'birth_date_text', 'start_date_text', 'end_date_text', 'hours_text', 'is_cancelled',
    'delivered_birth_date', 'start_date', 'end_date', 'hours',
    'training_type', 'delivery_mode', 'sex', 'labour_status', 'education_level', 'organiser', 'is_known_organiser_code',
    'residence_area', 'training_area',
] %}

with

deliveries as (

    select
        * {{ except_columns(['operator']) }},
        cast(operator as {{ code_type() }}) as operator

    from {{ ref('int_deliveries__ranked') }}

),

records as (
{% for operator in var('operators') %}
    select
        reference_quarter,
        sequence,
        {{ columns | join(',\n        ') }}
    from {{ ref('stg_' ~ operator ~ '__training_records') }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

delivered as (

    select
        deliveries.delivery_number * 1000000000 + records.row_number as record_key,
        deliveries.delivery_number,
        deliveries.quarter_start,
        deliveries.quarter_end,
        deliveries.is_new,
        deliveries.operator,
        records.* {{ except_columns(['operator']) }}

    from records
    inner join deliveries
        on
            records.operator = deliveries.operator
            and records.reference_quarter = deliveries.reference_quarter
            and records.sequence = deliveries.sequence

)

select * from delivered
