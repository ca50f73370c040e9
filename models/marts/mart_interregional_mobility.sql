-- Grain: one row per freq, time_period and cell of the cube over residence_area, operator; job-seekers only.

{{ cube_figures(ref('int_mobility__cells'), ['residence_area', 'operator']) }}
