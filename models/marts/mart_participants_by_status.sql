-- Grain: one row per freq, time_period and cell of the cube over operator, training_type, labour_status, sex.

{{ cube_figures(ref('int_status__cells'), ['operator', 'training_type', 'labour_status', 'sex']) }}
