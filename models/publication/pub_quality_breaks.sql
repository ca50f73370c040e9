-- Grain: one row per operator, training type and day on which the series changed. After disclosure control.
-- Breaks in series, and codes that began or ended while the series went on, with their effect: by how much the published
-- participations changed from the last quarter before to the first whole quarter after, less the change of the operator's
-- other types over the same time, so that the season and the trend of the operator are taken out.

with

changes as (

    select
        operator,
        training_type,
        valid_from as change_date,
        1 as is_break,
        cast(null as {{ dbt.type_string() }}) as code_begun,
        cast(null as {{ dbt.type_string() }}) as code_ended

    from {{ ref('series_breaks') }}
    where freq = 'Q'
    group by operator, training_type, valid_from

    union all

    select
        operator,
        target_code as training_type,
        valid_from as change_date,
        0 as is_break,
        source_code as code_begun,
        null as code_ended

    from {{ ref('crosswalk_training_type') }}
    where
        valid_from is not null
        and target_code <> '_X'

    union all

    select
        operator,
        target_code as training_type,
        {{ days_before('valid_to', -1) }} as change_date,
        0 as is_break,
        null as code_begun,
        source_code as code_ended

    from {{ ref('crosswalk_training_type') }}
    where
        valid_to is not null
        and target_code <> '_X'

),

events as (

    select
        operator,
        training_type,
        change_date,
        max(is_break) = 1 as is_break,
        {{ string_list('code_begun', ', ') }} as codes_begun,
        {{ string_list('code_ended', ', ') }} as codes_ended,
        {{ quarter_index('change_date') }} - 1 as quarter_before,
        {{ quarter_index('change_date') }}
        + case
            when extract(day from change_date) = 1 and extract(month from change_date) in (1, 4, 7, 10) then 0
            else 1
        end as quarter_after

    from changes
    group by operator, training_type, change_date

),

controlled as (

    select vintage from {{ ref('int_disclosure__controlled') }}
    where data_set = 'training'

),

figures as (

    select
        operator,
        training_type,
        time_period,
        {{ quarter_number('time_period') }} as quarter_number,
        obs_value

    from {{ ref('pub_training') }}
    where
        freq = 'Q'
        and training_area = '_T'
        and delivery_mode = '_T'
        and indicator = 'PARTICIPATIONS'

),

placed as (

    select
        events.operator,
        events.training_type,
        events.change_date,
        events.is_break,
        events.codes_begun,
        events.codes_ended,
        before_it.time_period as period_before,
        after_it.time_period as period_after,
        before_it.obs_value as participations_before,
        after_it.obs_value as participations_after,
        all_before.obs_value - before_it.obs_value as others_before,
        all_after.obs_value - after_it.obs_value as others_after,
        controlled.vintage

    from events
    cross join controlled
    left join figures as before_it
        on
            events.operator = before_it.operator
            and events.training_type = before_it.training_type
            and events.quarter_before = before_it.quarter_number
    left join figures as after_it
        on
            events.operator = after_it.operator
            and events.training_type = after_it.training_type
            and events.quarter_after = after_it.quarter_number
    left join figures as all_before
        on
            events.operator = all_before.operator
            and all_before.training_type = '_T'
            and events.quarter_before = all_before.quarter_number
    left join figures as all_after
        on
            events.operator = all_after.operator
            and all_after.training_type = '_T'
            and events.quarter_after = all_after.quarter_number

),

measured as (

    select
        *,
        case
            when participations_before > 0
                then cast(participations_after - participations_before as double) / cast(participations_before as double)
        end as change,
        case
            when others_before > 0
                then cast(others_after - others_before as double) / cast(others_before as double)
        end as change_of_others

    from placed

),

broken as (

    select
        operator,
        training_type,
        change_date,
        is_break,
        codes_begun,
        codes_ended,
        period_before,
        period_after,
        participations_before,
        participations_after,
        change,
        change_of_others,
        change - change_of_others as effect,
        vintage

    from measured

)

select * from broken
