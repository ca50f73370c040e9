/*
What it checks   The grain: no two rows are equal in all the columns listed (nulls count as equal).
Why it matters   A join to rows that are not unique multiplies the figures without an error.
If it fails      The rows shown stand more than once; in a seed delete the copy, in a model look at its last join.
*/
{% test unique_combination(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as number_of_rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
