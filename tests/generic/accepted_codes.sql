/*
What it checks   Every code of the column stands in the code list, or among the few extra ones allowed (such as _X, known
                 but out of scope). Missing codes are not judged: not_null does that.
Why it matters   A code without a label can't be published, and its figures would be missing from every table.
If it fails      Correct the code, or, when it is a new category, decide on it first and add it to the code list.
*/
{% test accepted_codes(model, column_name, code_list, extra_codes=[]) %}

select
    checked.{{ column_name }} as unknown_code,
    count(*) as number_of_rows
from {{ model }} as checked
left join {{ ref('code_lists') }} as listed
    on
        listed.code_list = '{{ code_list }}'
        and listed.code = checked.{{ column_name }}
where
    checked.{{ column_name }} is not null
    and listed.code is null
    {%- for extra_code in extra_codes %}
    and checked.{{ column_name }} <> '{{ extra_code }}'
    {%- endfor %}
group by checked.{{ column_name }}

{% endtest %}
