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
        coalesce(valid_from, cast('0001-01-01' as date)) as valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('crosswalk_' ~ dimension) }}
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

compared as (

    select
        counted.delivery_number,
        counted.rule,
        counted.source_code,
        counted.rows,
        counted.first_start_date,
        counted.last_start_date,
        count(mappings.source_code) > 0 as is_known_at_other_dates,
        min(mappings.valid_from) as known_from,
        max(mappings.valid_to) as known_to,
        min(case when mappings.valid_from > counted.last_start_date then mappings.valid_from end) as known_again_from,
        max(case when mappings.valid_to < counted.first_start_date then mappings.valid_to end) as known_before_to

    from counted
    left join mappings
        on
            counted.rule = mappings.rule
            and counted.operator = mappings.operator
            and counted.source_code = mappings.source_code
    group by
        counted.delivery_number, counted.rule, counted.source_code, counted.rows, counted.first_start_date,
        counted.last_start_date

),

explained as (

    select
        delivery_number,
        rule,
        source_code,
        rows,
        first_start_date,
        last_start_date,
        is_known_at_other_dates,
        -- between two mappings the later one begins after the earlier one has ended
        case
            when known_before_to is not null and known_again_from is not null then known_again_from
            else nullif(known_from, cast('0001-01-01' as date))
        end as known_from,
        case
            when known_before_to is not null and known_again_from is not null then known_before_to
            else nullif(known_to, cast('9999-12-31' as date))
        end as known_to

    from compared

)

select * from explained
