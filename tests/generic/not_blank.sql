/*
What it checks   The text is there: neither missing nor made of blanks.
Why it matters   A label that is blank in one language leaves an empty heading in that language's tables.
If it fails      Fill in the cells of the rows shown.
*/
{% test not_blank(model, column_name) %}

select *
from {{ model }}
where {{ column_name }} is null or trim({{ column_name }}) = ''

{% endtest %}
