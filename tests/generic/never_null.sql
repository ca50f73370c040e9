/*
What it checks   None of the columns is ever null.
Why it matters   A missing code or figure would vanish from every table without an error.
If it fails      Look in the rows shown for the join that found nothing, or the code that maps to nothing.
*/
{% test never_null(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
where
    {%- for column in columns %}
    {{ column }} is null{{ " or" if not loop.last }}
    {%- endfor %}

{% endtest %}
