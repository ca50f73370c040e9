-- Grain: one row per cell of the data set `training` and indicator. After disclosure control; no rows before it.

{{
    released_figures(
        'training',
        ref('int_training__figures'),
        ['freq', 'time_period', 'training_area', 'operator', 'training_type', 'delivery_mode'],
    )
}}
