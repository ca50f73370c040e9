-- Grain: one row per published figure that is withheld, of which the publication writes the pattern.
-- Built behind the marts, and emptied: a pattern belongs to the figures that it was made for.
-- depends_on: {{ ref('mart_participants_by_training') }}
-- depends_on: {{ ref('mart_participants_by_profile') }}
-- depends_on: {{ ref('mart_participants_by_status') }}
-- depends_on: {{ ref('mart_interregional_mobility') }}
-- depends_on: {{ ref('mart_mirror_flows') }}
{{
    config(
        pre_hook="{{ empty_disclosure_file('withheld', ['data_set'] + published_dimensions() + ['indicator', 'reason']) }}"
    )
}}

with

withheld as (

    select
        data_set,
        freq,
        time_period,
        training_area,
        operator,
        training_type,
        delivery_mode,
        sex,
        age_group,
        education_level,
        labour_status,
        residence_area,
        home_operator,
        host_operator,
        indicator,
        reason

    from {{ read_disclosure_file('withheld') }}

)

select * from withheld
