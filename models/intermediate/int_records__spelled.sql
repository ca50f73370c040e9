-- Grain: one row per record that belongs to a participation.
-- Gaps and islands: records of one person, operator, training type and programme belong to the same participation
-- as long as the pause after the latest end so far is at most `spell_gap_days`.
{{ config(materialized='incremental', pre_hook="{{ make_way('participation_id', 'int_participations__reopened') }}") }}
{{ wait_for('int_participations__reopened') }}

{%- set programme = 'partition by person_id, operator, training_type, programme_code' %}
{%- set history = programme ~ ' order by start_date, record_id, record_key' %}

with

records as (

    select
        record_key,
        person_id,
        operator,
        record_id,
        training_type,
        programme_code,
        delivery_mode,
        labour_status,
        training_area,
        residence_area,
        sex,
        education_level,
        birth_date,
        hours,
        quarter_end,
        start_date,
        end_date,
        coalesce(end_date, {{ far_future() }}) as open_end_date

    from {{ ref('int_records__identified') }}
    where
        disposition = 'counted'
        and {{ is_missing('record_key') }}

),

ordered as (

    select
        *,
        row_number() over ({{ history }}) as position_in_programme,
        max(open_end_date) over ({{ history }} rows between unbounded preceding and 1 preceding) as latest_end_so_far

    from records

),

marked as (

    select
        *,
        -- the first row has no end before it, so the comparison is null and it begins a participation
        case
            when {{ days_before('start_date', var('spell_gap_days') + 1) }} <= latest_end_so_far then null
            else record_key
        end as beginning_record_key

    from ordered

),

spelled as (

    select
        * {{ except_columns(['beginning_record_key', 'latest_end_so_far']) }},
        {{ last_known('beginning_record_key') }}
            over ({{ programme }} order by position_in_programme rows between unbounded preceding and current row)
                as participation_id

    from marked

)

select * from spelled
