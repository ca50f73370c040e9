/*
What it checks   The text has the form of the pattern, from beginning to end. Missing values are not judged.
Why it matters   A spreadsheet drops leading zeros and turns codes into numbers; such codes match nothing any more.
If it fails      Restore the column from the source: the rows shown were changed on the way.
*/
{% test matches_pattern(model, column_name, pattern) %}

select *
from {{ model }}
where
    {{ column_name }} is not null
    and not {{ synerstat.matches(column_name, '^(' ~ pattern ~ ')$') }}

{% endtest %}
