-- Grain: one row per build, period and cell of the cube over training_area, operator, training_type, delivery_mode.
-- A build that continues adds rows with what it changes; the sum over all rows of a cell is its figure.
{{ config(materialized='incremental') }}

{{ participant_cube(ref('int_participants__counted'), ['training_area', 'operator', 'training_type', 'delivery_mode']) }}
