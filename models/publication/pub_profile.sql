-- Grain: one row per cell of the data set `profile` and indicator. After disclosure control; no rows before it.

{{
    released_figures(
        'profile',
        ref('int_profile__figures'),
        ['freq', 'time_period', 'training_area', 'sex', 'age_group', 'education_level'],
    )
}}
