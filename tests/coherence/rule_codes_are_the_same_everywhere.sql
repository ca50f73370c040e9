/*
What it checks   The rules that the models judge (macros error_rules and warning_rules) and those of the seed
                 quality_rules are the same set, with the same severity.
Why it matters   A rule without a row in the seed has no text: its findings would be missing from the mart and from
                 the operator's report. A row without a rule promises a check that nobody makes.
If it fails      Bring both into line: a rule is added to the macro and to the seed, with texts in four languages.
*/

with

error_rules as (
{% for rule in error_rules() %}
    select '{{ rule }}' as rule
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

warning_rules as (
{% for rule in warning_rules() %}
    select '{{ rule }}' as rule
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

judged as (

    select
        rule,
        'error' as severity
    from error_rules
    union all
    select
        rule,
        'warning' as severity
    from warning_rules

),

written as (

    select
        rule,
        severity
    from {{ ref('quality_rules') }}

)

select
    coalesce(judged.rule, written.rule) as rule,
    judged.severity as judged_severity,
    written.severity as written_severity
from judged
full outer join written on judged.rule = written.rule
where
    judged.rule is null
    or written.rule is null
    or judged.severity <> written.severity
