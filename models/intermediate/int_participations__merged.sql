-- Grain: one row per participation (a spell): one person in one programme of one operator without interruption.
{{ config(materialized='incremental', pre_hook="{{ make_way('participation_id', 'int_participations__reopened') }}") }}
{{ wait_for('int_participations__reopened') }}

with

records as (

    select * from {{ ref('int_records__spelled') }}
    where {{ is_missing('participation_id') }}

),

merged as (

    select
        participation_id,
        min(person_id) as person_id,
        min(operator) as operator,
        min(training_type) as training_type,
        min(programme_code) as programme_code,
        min(start_date) as start_date,
        max(open_end_date) as open_end_date,
        count(*) as records,
        -- the first known value, in order of start, then record identifier
        {%- for attribute in ['delivery_mode', 'training_area', 'labour_status'] %}
        {{ first_known_code(attribute, 'position_in_programme') }} as {{ attribute }}{{ "," if not loop.last }}
        {%- endfor %}

    from records
    group by participation_id

)

select * from merged
