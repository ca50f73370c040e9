-- Grain: one row per check, operator or source code, and indicator. What is possible but would be a surprise in the
-- reference quarter: shown, never blocking. What is rare swings by itself and is left out.

{%- set quarter = var('reference_quarter')[:4] ~ '-' ~ var('reference_quarter')[4:] %}
{%- set dimensions = ['training_type', 'organiser', 'sex', 'education_level', 'labour_status', 'delivery_mode'] %}
{%- set last_day = quarter_end("'" ~ var('reference_quarter') ~ "'") %}

with

participations as (

    select * from {{ ref('int_participations__merged') }}

),

last_quarters as (

    select
        period_start,
        period_end,
        min(period_start) over () as first_day,
        max(period_end) over () as last_day,
        count(*) over () as quarters

    from {{ ref('int_periods') }}
    where
        freq = 'Q'
        and period_end > {{ years_before(last_day, 1) }}

),

-- the last day of each of the last four quarters
stocks as (

    select
        participations.operator,
        last_quarters.period_end,
        count(*) as stock

    from participations
    inner join last_quarters
        on
            participations.start_date <= last_quarters.period_end
            and participations.open_end_date >= last_quarters.period_end
    where last_quarters.quarters = 4
    group by participations.operator, last_quarters.period_end

),

spans as (

    select distinct
        first_day,
        last_day

    from last_quarters
    where quarters = 4

),

flows as (

    select
        participations.operator,
        sum(case when participations.start_date >= spans.first_day then 1 else 0 end) as entries,
        sum(case when participations.open_end_date <= spans.last_day then 1 else 0 end) as exits,
        sum(
            case
                when participations.open_end_date <= spans.last_day
                    then {{ days_between('participations.start_date', 'participations.open_end_date') }} + 1
                else 0
            end
        ) as days_of_exits,
        max({{ days_between('spans.first_day', 'spans.last_day') }} + 1) as days

    from participations
    inner join spans
        on
            participations.start_date <= spans.last_day
            and participations.open_end_date >= spans.first_day
    group by participations.operator

),

mean_stocks as (

    select
        operator,
        cast(sum(stock) as double) / 4 as stock
    from stocks
    group by operator

),

-- Little's law: who is there = those who enter a day x the days they stay
balanced as (

    select
        'int_participations__merged' as mart,
        '{{ quarter }}' as time_period,
        'the four quarters to {{ quarter }}, operator=' || flows.operator as scope,
        flows.operator as whose_data,
        coalesce(round(mean_stocks.stock), 0) as stock,
        cast(flows.entries as double) / flows.days * flows.days_of_exits / flows.exits as implied

    from flows
    left join mean_stocks on flows.operator = mean_stocks.operator
    where
        flows.exits > 0
        and flows.entries >= {{ var('fewest_entries_balanced') }}

),

codes as (

    select
        source_codes.operator,
        source_codes.dimension,
        source_codes.source_code,
        source_codes.rows,
        source_codes.reference_quarter = '{{ var("reference_quarter") }}' as is_new,
        dense_rank() over (partition by source_codes.operator order by source_codes.reference_quarter desc) as quarters_back,
        max(source_codes.reference_quarter) over (partition by source_codes.operator) as latest_quarter,
        min(source_codes.reference_quarter) over (partition by source_codes.operator) as first_quarter

    from {{ ref('quality_source_codes') }} as source_codes

),

mappings as (
{% for dimension in dimensions %}
    select
        operator,
        '{{ dimension }}' as dimension,
        upper(source_code) as source_code,
        coalesce(valid_from, cast('0001-01-01' as date)) <= {{ last_day }}
        and coalesce(valid_to, {{ far_future() }}) >= {{ quarter_start("'" ~ var('reference_quarter') ~ "'") }} as is_valid
    from {{ ref('crosswalk_' ~ dimension) }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

-- no mapping is valid in the quarter: the end was announced
ended as (

    select
        operator,
        dimension,
        source_code

    from mappings
    group by operator, dimension, source_code
    having max(case when is_valid then 1 else 0 end) = 0

),

used as (

    select
        operator,
        dimension,
        source_code,
        sum(case when is_new then rows else 0 end) as rows_now,
        sum(case when not is_new then rows else 0 end) as rows_before,
        -- in each of the four quarters before: a code that comes and goes does not vanish
        count(distinct case when quarters_back between 2 and 5 then quarters_back end) as quarters_of_use

    from codes
    where
        latest_quarter = '{{ var("reference_quarter") }}'
        and first_quarter < latest_quarter
    group by operator, dimension, source_code

),

coded as (

    select
        'quality_source_codes' as mart,
        '{{ quarter }}' as time_period,
        '{{ quarter }}, operator=' || used.operator
        || ', dimension=' || used.dimension
        || ', source_code=' || used.source_code as scope,
        used.operator as whose_data,
        used.rows_now,
        -- a slip of the pen is told in the operator's feedback, it is no new code
        case when used.rows_before = 0 then {{ var('fewest_rows_of_a_new_code') }} - 1 end as most,
        case
            when
                ended.source_code is null
                and used.quarters_of_use = 4
                and used.rows_before >= {{ var('fewest_persons_compared') }} * 4
                then 1
            else 0
        end as fewest

    from used
    left join ended
        on
            used.operator = ended.operator
            and used.dimension = ended.dimension
            and used.source_code = ended.source_code

),

compared as (
    {{- compare('balanced', [{
        'check': 'stock_follows_from_entries_and_duration', 'indicator': 'stock', 'actual': 'stock',
        'at_least': 'ceil(implied * (1 - ' ~ var('largest_imbalance_of_stock') ~ '))',
        'at_most': 'floor(implied * (1 + ' ~ var('largest_imbalance_of_stock') ~ '))',
    }]) }}
    union all
    {{- compare('coded', [
        {'check': 'no_code_is_new', 'indicator': 'rows', 'actual': 'rows_now', 'at_most': 'most'},
        {'check': 'no_code_vanished', 'indicator': 'rows', 'actual': 'rows_now', 'at_least': 'fewest'},
    ]) }}

)

select * from compared
