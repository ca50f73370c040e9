-- Grain: one row per operator, dimension, source code, harmonised code and reference quarter of the deliveries that use it.
-- Readable rows of deliveries that were not replaced. The health of the nomenclatures is read from here: which codes no
-- mapping knows, which were used for the first time, which vanished.

{%- set dimensions = ['training_type', 'organiser', 'sex', 'education_level', 'labour_status', 'delivery_mode'] %}

with

records as (

    select * from {{ ref('int_records__unioned') }}
    where
        unreadable_reason is null
        and not is_replaced

),

-- one pass over the rows; the few combinations of codes are taken apart afterwards
combined as (

    select
        operator,
        reference_quarter,
        start_date is not null as has_start_date,
        {%- for dimension in dimensions %}
        source_{{ dimension }},
        {{ dimension }},
        {%- endfor %}
        count(*) as rows

    from records
    group by
        operator,
        reference_quarter,
        start_date is not null
        {%- for dimension in dimensions %},
        source_{{ dimension }},
        {{ dimension }}
        {%- endfor %}

),

taken_apart as (
{% for dimension in dimensions %}
    select
        operator,
        '{{ dimension }}' as dimension,
        source_{{ dimension }} as source_code,
        {{ dimension }} as target_code,
        reference_quarter,
        has_start_date,
        rows
    from combined
    where
        source_{{ dimension }} is not null
        {%- if dimension == 'delivery_mode' %}
        -- types without a mode of their own are not looked up
        and coalesce(training_type, '') not in ('{{ var("training_types_without_delivery_mode") | join("', '") }}')
        {%- endif %}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

summed as (

    select
        operator,
        dimension,
        source_code,
        target_code,
        reference_quarter,
        cast(sum(rows) as bigint) as rows,
        -- without a readable start nothing is looked up, so nothing is unmapped
        cast(sum(case when target_code is null and has_start_date then rows else 0 end) as bigint) as unmapped_rows

    from taken_apart
    group by operator, dimension, source_code, target_code, reference_quarter

)

select * from summed
