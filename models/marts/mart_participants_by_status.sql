-- Grain: one row per freq, time_period and cell of the cube over operator, training_type, labour_status, sex.
{{ config(materialized='incremental', on_schema_change='fail', pre_hook="{{ make_way_for_periods() }}") }}

{{ participant_cube(ref('int_participants__by_period'), ['operator', 'training_type', 'labour_status', 'sex']) }}
