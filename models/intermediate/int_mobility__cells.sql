-- Grain: one row per build, period and cell of the cube over residence_area, operator; job-seekers only.
-- A build that continues adds rows with what it changes; the sum over all rows of a cell is its figure.
{{ config(materialized='incremental') }}

{{ participant_cube(ref('int_job_seekers__counted'), ['residence_area', 'operator']) }}
