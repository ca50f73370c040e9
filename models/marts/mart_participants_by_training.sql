-- Grain: one row per freq, time_period and cell of the cube over training_area, operator, training_type, delivery_mode.

{{ participant_cube(ref('int_participants__by_period'), ['training_area', 'operator', 'training_type', 'delivery_mode']) }}
