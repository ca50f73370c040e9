-- Grain: one row per freq, time_period and cell of the cube over training_area, sex, age_group, education_level.

{{ participant_cube(ref('int_participants__by_period'), ['training_area', 'sex', 'age_group', 'education_level']) }}
