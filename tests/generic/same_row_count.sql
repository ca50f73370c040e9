/*
What it checks   A staging model has exactly as many rows as have landed for its operator.
Why it matters   A crosswalk join that doubles or drops a row changes an official figure.
If it fails      Look for crosswalk or geography rows that match one source row twice (overlapping validity, double codes).
*/
{% test same_row_count(model, landed_operator) %}

    select
        landed.landed_rows,
        staged.staged_rows

    from (select count(*) as landed_rows from {{ landed_records(landed_operator) }}) as landed
    cross join (select count(*) as staged_rows from {{ model }}) as staged
    where landed.landed_rows <> staged.staged_rows

{% endtest %}
