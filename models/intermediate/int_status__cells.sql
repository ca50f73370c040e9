-- Grain: one row per build, period and cell of the cube over operator, training_type, labour_status, sex.
-- A build that continues adds rows with what it changes; the sum over all rows of a cell is its figure.
{{ config(materialized='incremental') }}

{{ participant_cube(ref('int_participants__counted'), ['operator', 'training_type', 'labour_status', 'sex']) }}
