-- Grain: one row per day on which municipalities merged or were renumbered, up to the reference quarter, and operator.
-- Areas are mapped from the code that a row holds, so a merger changes a figure only where the old and the new code lie in
-- different areas.

with

mergers as (

    select
        effective_date,
        old_refnis_code,
        new_refnis_code

    from {{ ref('municipality_mergers') }}
    where
        old_refnis_code <> new_refnis_code
        and effective_date <= {{ quarter_end("'" ~ var('reference_quarter') ~ "'") }}

),

municipalities as (

    select * from {{ ref('municipalities') }}

),

operators as (
{% for operator in var('operators') %}
    select '{{ operator }}' as operator
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

compared as (

    select
        mergers.effective_date,
        cast(count(*) as bigint) as former_municipalities,
        cast(sum(
            case when former.area_code = current_ones.area_code then 0 else 1 end
        ) as bigint) as municipalities_changing_area

    from mergers
    left join municipalities as former on mergers.old_refnis_code = former.refnis_code
    left join municipalities as current_ones on mergers.new_refnis_code = current_ones.refnis_code
    group by mergers.effective_date

),

delivered as (

    select
        deliveries.operator,
        codes.source_code as source_residence,
        sum(codes.rows) as rows

    from {{ ref('int_deliveries__codes') }} as codes
    inner join {{ ref('int_deliveries__ranked') }} as deliveries on codes.delivery_number = deliveries.delivery_number
    where
        codes.dimension = 'residence'
        and not deliveries.is_replaced
    group by deliveries.operator, codes.source_code

),

affected as (

    select
        mergers.effective_date,
        delivered.operator,
        sum(delivered.rows) as rows_with_former_code

    from delivered
    inner join mergers on delivered.source_residence = mergers.old_refnis_code
    group by mergers.effective_date, delivered.operator

),

merged as (

    select
        compared.effective_date,
        operators.operator,
        compared.former_municipalities,
        compared.municipalities_changing_area,
        cast(coalesce(affected.rows_with_former_code, 0) as bigint) as rows_with_former_code

    from compared
    cross join operators
    left join affected
        on
            compared.effective_date = affected.effective_date
            and operators.operator = affected.operator

)

select * from merged
