-- Grain: one row per freq, time_period and cell of the cube over residence_area, operator; job-seekers only.
{{ config(materialized='incremental', on_schema_change='fail', pre_hook="{{ make_way_for_periods() }}") }}

{{ participant_cube(ref('int_job_seekers__by_period'), ['residence_area', 'operator']) }}
