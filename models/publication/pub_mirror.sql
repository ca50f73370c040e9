-- Grain: one row per cell of the data set `mirror` and indicator. After disclosure control; no rows before it.

{{
    released_figures(
        'mirror',
        ref('int_mirror__figures'),
        ['freq', 'time_period', 'home_operator', 'host_operator'],
    )
}}
