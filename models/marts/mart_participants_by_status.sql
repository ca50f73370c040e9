-- Grain: one row per freq, time_period and cell of the cube over operator, training_type, labour_status, sex.

{{ participant_cube(ref('int_participants__by_period'), ['operator', 'training_type', 'labour_status', 'sex']) }}
