-- Grain: one row per cell of the data set `training` and indicator. Before disclosure control: confidential.

{{
    long_figures(
        ref('mart_participants_by_training'),
        ['freq', 'time_period', 'training_area', 'operator', 'training_type', 'delivery_mode'],
        participant_indicators(),
    )
}}
