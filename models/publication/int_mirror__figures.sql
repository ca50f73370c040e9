-- Grain: one row per cell of the data set `mirror` and indicator. Before disclosure control: confidential.

{{
    long_figures(
        ref('mart_mirror_flows'),
        ['freq', 'time_period', 'home_operator', 'host_operator'],
        mirror_indicators(),
    )
}}
