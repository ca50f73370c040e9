-- Grain: one row per delivery of the reference quarter, rule on codes and source code that no mapping (valid on the start
-- date) or no list knows.

{%- set coded = {
    'unmapped_training_type': 'training_type', 'unmapped_organiser': 'organiser', 'unmapped_sex': 'sex',
    'unmapped_education_level': 'education_level', 'unmapped_labour_status': 'labour_status',
    'unmapped_delivery_mode': 'delivery_mode',
} %}
{%- set placed = {'unknown_residence': 'residence', 'unknown_training_place': 'training_place'} %}

with

deliveries as (

    select * from {{ ref('quality_feedback_deliveries') }}

),

findings as (

    select
        findings.record_key,
        findings.delivery_number,
        findings.rule

    from {{ ref('quality_row_findings') }} as findings
    inner join deliveries on findings.delivery_number = deliveries.delivery_number
    where findings.rule in ('{{ (coded.keys() | list + placed.keys() | list) | join("', '") }}')

),

records as (

    select * from {{ ref('int_records__unioned') }}
    where reference_quarter = '{{ var("reference_quarter") }}'

),

-- the code may be known, but not on the start date
mappings as (
{% for rule, dimension in coded.items() %}
    select
        '{{ rule }}' as rule,
        operator,
        upper(source_code) as source_code,
        min(coalesce(valid_from, cast('0001-01-01' as date))) as valid_from,
        max(coalesce(valid_to, cast('9999-12-31' as date))) as valid_to
    from {{ ref('crosswalk_' ~ dimension) }}
    group by operator, upper(source_code)
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

valued as (

    select
        findings.delivery_number,
        findings.rule,
        records.operator,
        records.start_date,
        case findings.rule
            {%- for rule, dimension in dict(coded, **placed).items() %}
            when '{{ rule }}' then records.source_{{ dimension }}
            {%- endfor %}
        end as source_code

    from findings
    inner join records on findings.record_key = records.record_key

),

counted as (

    select
        delivery_number,
        rule,
        operator,
        source_code,
        cast(count(*) as bigint) as rows,
        min(start_date) as first_start_date,
        max(start_date) as last_start_date

    from valued
    group by delivery_number, rule, operator, source_code

),

explained as (

    select
        counted.delivery_number,
        counted.rule,
        counted.source_code,
        counted.rows,
        counted.first_start_date,
        counted.last_start_date,
        mappings.source_code is not null as is_known_at_other_dates,
        nullif(mappings.valid_from, cast('0001-01-01' as date)) as known_from,
        nullif(mappings.valid_to, cast('9999-12-31' as date)) as known_to

    from counted
    left join mappings
        on
            counted.rule = mappings.rule
            and counted.operator = mappings.operator
            and counted.source_code = mappings.source_code

)

select * from explained
