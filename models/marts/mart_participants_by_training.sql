-- Grain: one row per freq, time_period and cell of the cube over training_area, operator, training_type, delivery_mode.
{{ config(materialized='incremental', on_schema_change='fail', pre_hook="{{ make_way_for_periods() }}") }}

{{ participant_cube(ref('int_participants__by_period'), ['training_area', 'operator', 'training_type', 'delivery_mode']) }}
