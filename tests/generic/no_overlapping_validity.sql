/*
What it checks   Rows of one key are valid one after the other, both bounds included (null = no bound), and none ends
                 before it begins. A key column may be an expression, such as upper(source_code).
Why it matters   A code that means two things on one day is counted twice.
If it fails      End the earlier of the rows shown on the day before the later one begins.
*/
{% test no_overlapping_validity(model, key_columns, valid_from='valid_from', valid_to='valid_to') %}

with

bounded as (

    select
        {% for key_column in key_columns -%}
        {{ key_column }} as key_{{ loop.index }},
        {% endfor -%}
        coalesce({{ valid_from }}, cast('0001-01-01' as date)) as first_day,
        coalesce({{ valid_to }}, cast('9999-12-31' as date)) as last_day
    from {{ model }}

),

compared as (

    select
        *,
        max(last_day) over (
            partition by {% for key_column in key_columns %}key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
            order by first_day, last_day
            rows between unbounded preceding and 1 preceding
        ) as last_day_before
    from bounded

)

select *
from compared
where last_day < first_day or last_day_before >= first_day

{% endtest %}
