-- Grain: one row per check, operator (or code, or place of training) and indicator. Does the delivery of the reference
-- quarter look like those before it, and like what the national numbers say? Shown, never blocking.

{%- set quarter = var('reference_quarter')[:4] ~ '-' ~ var('reference_quarter')[4:] %}
{%- set last_day = quarter_end("'" ~ var('reference_quarter') ~ "'") %}
{%- set fewest_rows = var('fewest_rows_compared') %}

with

rows_now as (

    select *
    from {{ ref('int_records__judged') }}
    where
        quarter_end = {{ last_day }}
        and not is_replaced
        and is_judged

),

judged as (

    select
        operator,
        count(*) as delivered,
        sum(case when is_rejected then 1 else 0 end) as rejected,
        sum(case when breaks_inactive_in_quarter then 1 else 0 end) as inactive,
        sum(case when delivered_birth_date is not null and national_birth_date is not null then 1 else 0 end) as birth_dates,
        sum(case when breaks_birth_date_mismatch then 1 else 0 end) as birth_dates_that_differ,
        sum(case when sex in ('F', 'M') and national_sex is not null and not is_sex_derived then 1 else 0 end) as sexes,
        sum(case when sex in ('F', 'M') and not is_sex_derived and sex <> national_sex then 1 else 0 end) as sexes_that_differ

    from rows_now
    group by operator

),

delivered as (

    select
        'int_records__judged' as mart,
        '{{ quarter }}' as time_period,
        '{{ var("reference_quarter") }}, operator=' || operator as scope,
        operator as whose_data,
        delivered,
        rejected,
        inactive,
        birth_dates,
        birth_dates_that_differ,
        sexes,
        sexes_that_differ

    from judged
    where delivered >= {{ fewest_rows }}

),

-- records of the delivery before that should still run, and are in this one no more
closed as (

    select
        operator,
        sum(rows) as vanished

    from {{ ref('mart_delivery_findings') }}
    where
        rule = 'closed_by_absence'
        and {{ quarter_end('reference_quarter') }} = {{ days_before(quarter_start("'" ~ var('reference_quarter') ~ "'"), 1) }}
    group by operator

),

held as (

    select
        operator,
        sum(row_count) as held

    from {{ ref('int_deliveries__ranked') }}
    where
        not is_replaced
        and quarter_end = {{ days_before(quarter_start("'" ~ var('reference_quarter') ~ "'"), 1) }}
    group by operator

),

absent as (

    select
        'mart_delivery_findings' as mart,
        '{{ quarter }}' as time_period,
        '{{ var("reference_quarter") }}, operator=' || held.operator as scope,
        held.operator as whose_data,
        held.held,
        coalesce(closed.vanished, 0) as vanished

    from held
    left join closed on held.operator = closed.operator
    where held.held >= {{ fewest_rows }}

),

-- the same person, programme and days under more than one identifier
standing as (

    select
        operator,
        person_id,
        count(*) as records

    from {{ ref('int_records__spelled') }}
    where
        open_end_date >= {{ quarter_start("'" ~ var('reference_quarter') ~ "'") }}
        and start_date <= {{ last_day }}
    group by operator, person_id, training_type, programme_code, start_date, open_end_date

),

repeated as (

    select
        'int_records__spelled' as mart,
        '{{ quarter }}' as time_period,
        '{{ quarter }}, operator=' || operator as scope,
        operator as whose_data,
        sum(records) as records,
        sum(records - 1) as copies

    from standing
    group by operator
    having sum(records) >= {{ fewest_rows }}

),

ratios as (

    select
        bridge.operator,
        {{ quarter_number("'" ~ quarter ~ "'") }} - ({{ quarter_number('bridge.time_period') }}) as quarters_ago,
        bridge.counted_records,
        bridge.participations_present,
        training.training_hours

    from {{ ref('mart_counting_bridge') }} as bridge
    inner join {{ ref('mart_participants_by_training') }} as training
        on
            bridge.freq = training.freq
            and bridge.time_period = training.time_period
            and bridge.operator = training.operator
            and training.training_area = '_T'
            and training.training_type = '_T'
            and training.delivery_mode = '_T'
    where
        bridge.freq = 'Q'
        and bridge.operator <> '_T'

),

summed as (

    select
        operator,
        sum(case when quarters_ago = 0 then counted_records else 0 end) as records_now,
        sum(case when quarters_ago = 0 then training_hours else 0 end) as hours_now,
        sum(case when quarters_ago = 0 then participations_present else 0 end) as participations_now,
        sum(case when quarters_ago > 0 then counted_records else 0 end) as records_before,
        sum(case when quarters_ago > 0 then training_hours else 0 end) as hours_before,
        sum(case when quarters_ago > 0 then participations_present else 0 end) as participations_before

    from ratios
    where quarters_ago between 0 and 4
    group by operator

),

-- what the participations of the quarter would make at the rate of the four quarters before
rated as (

    select
        'mart_counting_bridge' as mart,
        '{{ quarter }}' as time_period,
        '{{ quarter }}, operator=' || operator as scope,
        operator as whose_data,
        records_now,
        hours_now,
        cast(records_before as double) / participations_before * participations_now as usual_records,
        cast(hours_before as double) / participations_before * participations_now as usual_hours

    from summed
    where
        participations_before > 0
        and participations_now >= {{ fewest_rows }}

),

codes as (

    select
        operator,
        dimension,
        target_code,
        rows,
        {{ quarter_number("'" ~ quarter ~ "'") }}
        - ({{ quarter_number("substr(reference_quarter, 1, 4) || '-' || substr(reference_quarter, 5, 2)") }}) as quarters_ago

    from {{ ref('quality_source_codes') }}
    where target_code is not null

),

coded as (

    select
        operator,
        dimension,
        target_code,
        sum(case when quarters_ago = 0 then rows else 0 end) as rows_now,
        sum(case when quarters_ago > 0 then rows else 0 end) as rows_before

    from codes
    where quarters_ago between 0 and 4
    group by operator, dimension, target_code

),

shared as (

    select
        *,
        sum(rows_now) over (partition by operator, dimension) as all_now,
        sum(rows_before) over (partition by operator, dimension) as all_before

    from coded

),

shares as (

    select
        'quality_source_codes' as mart,
        '{{ quarter }}' as time_period,
        '{{ quarter }}, operator=' || operator || ', dimension=' || dimension || ', code=' || target_code as scope,
        operator as whose_data,
        rows_now,
        all_now,
        cast(rows_before as double) / all_before as usual_share

    from shared
    where
        all_before > 0
        and all_now >= {{ fewest_rows }}

),

places as (

    select
        deliveries.operator,
        codes.source_code as training_place,
        {{ quarter_index("cast('" ~ var('reference_quarter')[:4] ~ "-01-01' as date)") }} + {{ var('reference_quarter')[5:] }} - 1
        - {{ quarter_index('deliveries.quarter_end') }} as quarters_ago,
        sum(codes.rows) as rows

    from {{ ref('int_deliveries__codes') }} as codes
    inner join {{ ref('int_deliveries__ranked') }} as deliveries on codes.delivery_number = deliveries.delivery_number
    where
        codes.dimension = 'training_place'
        and not deliveries.is_replaced
    group by deliveries.operator, codes.source_code, deliveries.quarter_end

),

used_places as (

    select
        operator,
        training_place,
        sum(case when quarters_ago = 0 then rows else 0 end) as rows_now,
        sum(case when quarters_ago between 1 and 4 then rows else 0 end) as rows_before,
        sum(case when quarters_ago between 1 and 4 then 1 else 0 end) as quarters_of_use

    from places
    group by operator, training_place

),

kept_places as (

    select
        'int_deliveries__codes' as mart,
        '{{ quarter }}' as time_period,
        '{{ quarter }}, operator=' || used_places.operator || ', training_place=' || used_places.training_place as scope,
        used_places.operator as whose_data,
        used_places.rows_now

    from used_places
    -- an operator that did not deliver is told by another check
    inner join judged on used_places.operator = judged.operator
    where
        used_places.quarters_of_use = 4
        and used_places.rows_before >= {{ var('fewest_persons_compared') }} * 4

),

compared as (
    {{- compare('delivered', [
        {
            'check': 'few_rows_rejected', 'indicator': 'rows', 'actual': 'rejected',
            'at_most': 'floor(delivered * ' ~ var('largest_share_rejected') ~ ')',
        },
        {
            'check': 'rows_belong_to_the_quarter', 'indicator': 'rows', 'actual': 'inactive',
            'at_most': 'floor(delivered * ' ~ var('largest_share_inactive') ~ ')',
        },
        {
            'check': 'birth_dates_agree_with_numbers', 'indicator': 'birth_dates', 'actual': 'birth_dates_that_differ',
            'at_most': 'floor(birth_dates * ' ~ var('largest_share_unlike_the_number') ~ ')',
        },
        {
            'check': 'sexes_agree_with_numbers', 'indicator': 'sexes', 'actual': 'sexes_that_differ',
            'at_most': 'floor(sexes * ' ~ var('largest_share_unlike_the_number') ~ ')',
        },
    ]) }}
    union all
    {{- compare('absent', [{
        'check': 'few_records_vanish', 'indicator': 'records', 'actual': 'vanished',
        'at_most': 'floor(held * ' ~ var('largest_share_vanished') ~ ')',
    }]) }}
    union all
    {{- compare('repeated', [{
        'check': 'records_stand_once', 'indicator': 'records', 'actual': 'copies',
        'at_most': 'floor(records * ' ~ var('largest_share_repeated') ~ ')',
    }]) }}
    union all
    {{- compare('rated', [
        {
            'check': 'records_per_participation_as_usual', 'indicator': 'counted_records', 'actual': 'records_now',
            'at_least': 'ceil(usual_records * (1 - ' ~ var('largest_change_of_rate') ~ '))',
            'at_most': 'floor(usual_records * (1 + ' ~ var('largest_change_of_rate') ~ '))',
        },
        {
            'check': 'hours_per_participation_as_usual', 'indicator': 'training_hours', 'actual': 'hours_now',
            'at_least': 'ceil(usual_hours * (1 - ' ~ var('largest_change_of_rate') ~ '))',
            'at_most': 'floor(usual_hours * (1 + ' ~ var('largest_change_of_rate') ~ '))',
        },
    ]) }}
    union all
    {{- compare('shares', [{
        'check': 'share_as_usual', 'indicator': 'rows', 'actual': 'rows_now',
        'at_least': 'ceil(all_now * (usual_share - ' ~ var('largest_change_of_share') ~ '))',
        'at_most': 'floor(all_now * (usual_share + ' ~ var('largest_change_of_share') ~ '))',
    }]) }}
    union all
    {{- compare('kept_places', [{
        'check': 'no_training_place_vanished', 'indicator': 'rows', 'actual': 'rows_now', 'at_least': '1',
    }]) }}

)

select * from compared
