-- Grain: one row per freq, time_period and cell of the cube over training_area, operator, training_type, delivery_mode.

{{ cube_figures(ref('int_training__cells'), ['training_area', 'operator', 'training_type', 'delivery_mode']) }}
