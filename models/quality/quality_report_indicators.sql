-- Grain: one row per indicator, breakdown, operator (`_T` all) and quarter.
-- The quality and performance indicators of the European Statistical System that the data themselves can tell. The rest
-- of them (sampling error, consultations, costs) does not apply or is not known here. Before disclosure control:
-- confidential where is_small.

{%- set quarter = "'" ~ var('reference_quarter')[:4] ~ '-' ~ var('reference_quarter')[4:] ~ "'" %}
{%- set items = [
    'sex', 'birth_date', 'education_level', 'labour_status', 'delivery_mode', 'training_area', 'residence_area', 'hours',
    'programme_code',
] %}
{%- set derived = ['sex', 'birth_date'] %}
{%- set outside = ['duplicate', 'cancelled', 'not_member', 'mirror', 'out_of_scope'] %}
{%- set largest_small = var('disclosure_threshold') - 1 %}

with

delivered as (

    select
        *,
        {{ period_of_quarter('reference_quarter') }} as time_period,
        {% for place in outside %}rows_{{ place }}{{ ' + ' if not loop.last }}{% endfor %} as rows_outside,
        rows_unreadable + rows_rejected as rows_unusable

    from {{ ref('quality_delivered_rows') }}

),

-- shares of rows: how many, of how many
counted as (

    select
        'A2' as indicator,
        '_T' as breakdown,
        operator,
        time_period,
        rows_outside as numerator,
        rows_delivered as denominator
    from delivered

    union all

    select
        'A4' as indicator,
        '_T' as breakdown,
        operator,
        time_period,
        rows_unusable as numerator,
        rows_delivered as denominator
    from delivered
    {%- for item in items %}

    union all

    select
        'A5' as indicator,
        '{{ item }}' as breakdown,
        operator,
        time_period,
        missing_{{ item }} as numerator,
        rows_in_scope as denominator
    from delivered
    {%- endfor %}
    {%- for item in derived %}

    union all

    select
        'A7' as indicator,
        '{{ item }}' as breakdown,
        operator,
        time_period,
        derived_{{ item }} as numerator,
        rows_in_scope as denominator
    from delivered
    {%- endfor %}

),

-- rows outside and rows that can't be used are what the rows in scope lack of those delivered: withheld together
guarded as (

    select
        *,
        max(
            case
                when numerator between 1 and {{ largest_small }} or denominator - numerator between 1 and {{ largest_small }} then 1
                else 0
            end
        ) over (partition by operator, time_period, case when indicator in ('A2', 'A4') then 'A2' else indicator || breakdown end) = 1 as is_small

    from counted

),

-- the total would give away the one operator that is withheld
shares_of_rows as (

    select * from guarded

    union all

    select
        indicator,
        breakdown,
        '_T' as operator,
        time_period,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        max(case when is_small then 1 else 0 end) = 1 as is_small
    from guarded
    group by indicator, breakdown, time_period

),

-- what over-coverage is made of, over all operators
components as (
{% for place in outside %}
    select
        '{{ place }}' as breakdown,
        time_period,
        sum(rows_{{ place }}) as numerator,
        sum(rows_delivered) as denominator
    from delivered
    group by time_period
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

guarded_components as (

    select
        components.*,
        -- they add up to the total: one that is withheld needs another one
        max(case when components.numerator between 1 and {{ largest_small }} or totals.is_small then 1 else 0 end)
            over (partition by components.time_period) = 1 as is_small

    from components
    inner join shares_of_rows as totals
        on
            components.time_period = totals.time_period
            and totals.indicator = 'A2'
            and totals.operator = '_T'

),

periods as (

    select
        time_period,
        period_end,
        {{ quarter_number('time_period') }} as quarter_number

    from {{ ref('int_periods') }}
    where freq = 'Q'

),

deliveries as (

    select
        operator,
        {{ period_of_quarter('reference_quarter') }} as time_period,
        min({{ days_between('quarter_end', 'cast(extracted_at as date)') }}) as days_to_first,
        max({{ days_between('quarter_end', 'cast(extracted_at as date)') }}) as days_to_last

    from {{ ref('int_deliveries__ranked') }}
    group by operator, reference_quarter

),

operators_of_quarters as (

    select
        periods.time_period,
        count(deliveries.operator) as operators,
        max(deliveries.days_to_first) as days_to_first,
        max(deliveries.days_to_last) as days_to_last

    from periods
    left join deliveries on periods.time_period = deliveries.time_period
    group by periods.time_period

),

days as (

    select
        operator,
        time_period,
        days_to_first,
        days_to_last
    from deliveries

    union all

    select
        '_T' as operator,
        time_period,
        days_to_first,
        days_to_last
    from operators_of_quarters
    where operators > 0

),

-- the training types that an operator must report: those of any operator but the declared absences
types as (

    select
        whose_data as operator,
        count(*) as required,
        sum(actual) as provided

    from {{ ref('quality_regions') }}
    where check_name = 'training_type_present'
    group by whose_data

),

absences as (

    select
        whose_data as operator,
        count(*) as declared

    from {{ ref('quality_declared_deviations') }}
    where check_name = 'training_type_present'
    group by whose_data

),

types_required as (

    select
        types.operator,
        types.provided,
        types.required - coalesce(absences.declared, 0) as required

    from types
    left join absences on types.operator = absences.operator

),

bridge as (

    select * from {{ ref('mart_counting_bridge') }}
    where
        freq = 'Q'
        and operator = '_T'

),

mirror as (

    select * from {{ ref('mart_mirror_flows') }}
    where freq = 'Q'

),

series as (

    select distinct
        operator,
        training_type

    from {{ ref('mart_participants_by_training') }}
    where
        freq = 'Q'
        and training_area = '_T'
        and delivery_mode = '_T'
        and operator <> '_T'
        and training_type <> '_T'

),

breaks as (

    select
        operator,
        training_type,
        max({{ quarter_number('time_period') }}) as last_break

    from {{ ref('series_breaks') }}
    where
        freq = 'Q'
        and time_period <= {{ quarter }}
    group by operator, training_type

),

span as (

    select
        min(quarter_number) as first_quarter,
        max(quarter_number) as last_quarter

    from periods

),

lengths as (

    select
        series.operator,
        series.training_type,
        span.last_quarter - coalesce(breaks.last_break, span.first_quarter) + 1 as quarters,
        span.last_quarter - span.first_quarter + 1 as all_quarters

    from series
    cross join span
    left join breaks
        on
            series.operator = breaks.operator
            and series.training_type = breaks.training_type

),

labels as (
{% for relation, columns in [
    ('code_lists', ['label_en', 'label_fr', 'label_nl', 'label_de']),
    ('series_breaks', ['text_en', 'text_fr', 'text_nl', 'text_de']),
    ('quality_rules', ['title_en', 'title_fr', 'title_nl', 'title_de', 'fix_en', 'fix_fr', 'fix_nl', 'fix_de']),
    ('refusal_reasons', ['title_en', 'title_fr', 'title_nl', 'title_de', 'fix_en', 'fix_fr', 'fix_nl', 'fix_de']),
] %}
    select
        '{{ relation }}' as breakdown,
        sum({% for column in columns %}case when trim(coalesce({{ column }}, '')) <> '' then 1 else 0 end{{ ' + ' if not loop.last }}{% endfor %}) as numerator,
        count(*) * {{ columns | length }} as denominator
    from {{ ref(relation) }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

-- value null: to be divided below
together as (

    select
        indicator,
        breakdown,
        operator,
        time_period,
        numerator,
        denominator,
        null as value,
        'share' as unit,
        is_small
    from shares_of_rows

    union all

    select
        'A2' as indicator,
        breakdown,
        '_T' as operator,
        time_period,
        numerator,
        denominator,
        null as value,
        'share' as unit,
        is_small
    from guarded_components

    union all

    select
        'R1' as indicator,
        'deliveries' as breakdown,
        '_T' as operator,
        time_period,
        operators as numerator,
        {{ var('operators') | length }} as denominator,
        null as value,
        'share' as unit,
        false as is_small
    from operators_of_quarters

    union all

    select
        'R1' as indicator,
        'training_types' as breakdown,
        operator,
        {{ quarter }} as time_period,
        provided as numerator,
        required as denominator,
        null as value,
        'share' as unit,
        false as is_small
    from types_required

    union all

    select
        'R1' as indicator,
        'training_types' as breakdown,
        '_T' as operator,
        {{ quarter }} as time_period,
        sum(provided) as numerator,
        sum(required) as denominator,
        null as value,
        'share' as unit,
        false as is_small
    from types_required

    union all

    -- whom three operators or more know: told by the difference of the two overlaps
    select
        'A3' as indicator,
        '_T' as breakdown,
        operator,
        time_period,
        participants_of_several_operators as numerator,
        participants_present as denominator,
        null as value,
        'share' as unit,
        participants_of_several_operators between 1 and {{ largest_small }}
        or participants_counted_twice - participants_of_several_operators between 1 and {{ largest_small }} as is_small
    from bridge

    union all

    select
        'TP1' as indicator,
        'first' as breakdown,
        operator,
        time_period,
        null as numerator,
        null as denominator,
        days_to_first as value,
        'days' as unit,
        false as is_small
    from days

    union all

    select
        'TP1' as indicator,
        'last' as breakdown,
        operator,
        time_period,
        null as numerator,
        null as denominator,
        days_to_last as value,
        'days' as unit,
        false as is_small
    from days

    union all

    select
        'TP3' as indicator,
        'first' as breakdown,
        operator,
        time_period,
        null as numerator,
        null as denominator,
        days_to_first - {{ var('days_until_delivery') }} as value,
        'days' as unit,
        false as is_small
    from days

    union all

    select
        'CC1' as indicator,
        host_operator as breakdown,
        home_operator as operator,
        time_period,
        reported_by_home as numerator,
        reported_by_host as denominator,
        asymmetry as value,
        'ratio' as unit,
        reported_by_home between 1 and {{ largest_small }} or reported_by_host between 1 and {{ largest_small }} as is_small
    from mirror

    union all

    select
        'CC2' as indicator,
        training_type as breakdown,
        operator,
        {{ quarter }} as time_period,
        quarters as numerator,
        all_quarters as denominator,
        quarters as value,
        'quarters' as unit,
        false as is_small
    from lengths

    union all

    select
        'CC2' as indicator,
        training_type as breakdown,
        '_T' as operator,
        {{ quarter }} as time_period,
        min(quarters) as numerator,
        max(all_quarters) as denominator,
        min(quarters) as value,
        'quarters' as unit,
        false as is_small
    from lengths
    group by training_type

    union all

    select
        'AC3' as indicator,
        breakdown,
        '_T' as operator,
        {{ quarter }} as time_period,
        numerator,
        denominator,
        null as value,
        'share' as unit,
        false as is_small
    from labels

    union all

    select
        'AC3' as indicator,
        '_T' as breakdown,
        '_T' as operator,
        {{ quarter }} as time_period,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        null as value,
        'share' as unit,
        false as is_small
    from labels

),

measured as (

    select
        indicator,
        breakdown,
        operator,
        time_period,
        cast(numerator as bigint) as numerator,
        cast(denominator as bigint) as denominator,
        case
            when unit <> 'share' then cast(value as double)
            when denominator > 0 then cast(numerator as double) / cast(denominator as double)
        end as value,
        unit,
        coalesce(is_small, false) as is_small

    from together

)

select * from measured
