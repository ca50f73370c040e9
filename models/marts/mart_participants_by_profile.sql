-- Grain: one row per freq, time_period and cell of the cube over training_area, sex, age_group, education_level.

{{ cube_figures(ref('int_profile__cells'), ['training_area', 'sex', 'age_group', 'education_level']) }}
