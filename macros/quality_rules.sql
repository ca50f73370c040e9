-- The stable codes of the rules on delivered rows, in the order of docs/deliveries.md. Texts and severities stand in the
-- seed `quality_rules`; a test holds the two together.

{% macro error_rules() -%}
    {{ return([
        'missing_record_id', 'duplicate_record_id', 'invalid_date', 'missing_start', 'end_before_start',
        'start_after_quarter', 'missing_person', 'missing_training_type', 'unmapped_training_type', 'unmapped_organiser',
    ]) }}
{%- endmacro %}

{% macro warning_rules() -%}
    {{ return([
        'missing_national_number', 'invalid_national_number', 'birth_date_mismatch', 'implausible_birth_date',
        'unmapped_sex', 'unmapped_education_level', 'unmapped_labour_status', 'unmapped_delivery_mode',
        'unknown_residence', 'unknown_training_place', 'invalid_hours', 'missing_programme_code', 'inactive_in_quarter',
        'closed_by_absence',
    ]) }}
{%- endmacro %}
