-- Grain: one row per freq, time_period and cell of the cube over residence_area, operator; job-seekers only.

{{ participant_cube(ref('int_job_seekers__by_period'), ['residence_area', 'operator']) }}
