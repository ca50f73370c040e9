-- Grain: one row per cell of the data set `status` and indicator. After disclosure control; no rows before it.

{{
    released_figures(
        'status',
        ref('int_status__figures'),
        ['freq', 'time_period', 'operator', 'training_type', 'labour_status', 'sex'],
    )
}}
