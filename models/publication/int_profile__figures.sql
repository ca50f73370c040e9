-- Grain: one row per cell of the data set `profile` and indicator. Before disclosure control: confidential.

{{
    long_figures(
        ref('mart_participants_by_profile'),
        ['freq', 'time_period', 'training_area', 'sex', 'age_group', 'education_level'],
        participant_indicators(),
    )
}}
