-- Grain: one row per cell of the data set `mobility` and indicator. After disclosure control; no rows before it.

{{
    released_figures(
        'mobility',
        ref('int_mobility__figures'),
        ['freq', 'time_period', 'residence_area', 'operator'],
    )
}}
