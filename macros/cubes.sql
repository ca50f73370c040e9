-- The four cubes of figures, as the coherence checks need to know them: dimensions after `freq` and `time_period`.
{% macro cubes() -%}
    {{ return([
        {'mart': 'mart_participants_by_training', 'dimensions': ['training_area', 'operator', 'training_type', 'delivery_mode']},
        {'mart': 'mart_participants_by_profile', 'dimensions': ['training_area', 'sex', 'age_group', 'education_level']},
        {'mart': 'mart_participants_by_status', 'dimensions': ['operator', 'training_type', 'labour_status', 'sex']},
        {'mart': 'mart_interregional_mobility', 'dimensions': ['residence_area', 'operator']},
    ]) }}
{%- endmacro %}

-- Attributes with one value for each person and period: tables by them add up for persons too.
{% macro person_attributes() -%}
    {{ return(['sex', 'age_group', 'education_level', 'residence_area']) }}
{%- endmacro %}

-- Attributes of a participation: a person can stand in several of their categories.
{% macro participation_attributes() -%}
    {{ return(['operator', 'training_type', 'delivery_mode', 'training_area', 'labour_status']) }}
{%- endmacro %}

-- The measures of each unit, in the order of the marts.
{% macro participant_measures() -%}
    {{ return(['participants_present', 'participants_entered', 'participants_left', 'participants_stock']) }}
{%- endmacro %}

{% macro participation_measures() -%}
    {{ return(['participations_present', 'participations_entered', 'participations_left']) }}
{%- endmacro %}

{% macro measures() -%}
    {{ return(synerstat.participant_measures() + synerstat.participation_measures() + ['training_hours']) }}
{%- endmacro %}
