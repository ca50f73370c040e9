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

-- The rules that one delivery is judged by: all but the one that compares deliveries. `prefix` makes columns of them.
{% macro judged_rules(prefix='') -%}
    {%- set rules = [] -%}
    {%- for rule in error_rules() + warning_rules() if rule != 'closed_by_absence' -%}
        {%- do rules.append(prefix ~ rule) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}

-- The columns `breaks_<rule>` as the bits of one number, the first rule in the lowest. With columns of their own it takes a
-- seventh longer to judge and keep delivered rows (docs/decisions/0038-rules-of-a-row-are-bits.md).
{% macro pack_rules() -%}
    {%- for rule in judged_rules() %}
        case when breaks_{{ rule }} then cast({{ 2 ** loop.index0 }} as bigint) else 0 end{{ ' +' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

-- Whether the rule is among those of a packed number.
{% macro breaks(rule, packed='broken_rules') -%}
    ({{ packed }} & {{ 2 ** judged_rules().index(rule) }}) <> 0
{%- endmacro %}
