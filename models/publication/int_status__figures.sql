-- Grain: one row per cell of the data set `status` and indicator. Before disclosure control: confidential.

{{
    long_figures(
        ref('mart_participants_by_status'),
        ['freq', 'time_period', 'operator', 'training_type', 'labour_status', 'sex'],
        participant_indicators(),
    )
}}
