-- Grain: one row per cell of the data set `mobility` and indicator. Before disclosure control: confidential.

{{
    long_figures(
        ref('mart_interregional_mobility'),
        ['freq', 'time_period', 'residence_area', 'operator'],
        participant_indicators(),
    )
}}
