-- A stay of these days and a row `span` of `int_periods__spans`: true for the periods that the stay touches. Its quarters are
-- cut to those of the statistic; a stay that lies wholly outside has its first quarter after its last, which no row has.
-- Both quarters make one number, so that no engine joins by one of them alone: half of all spans share it.
{% macro touches_span(first_day, last_day, span) -%}
    cast(greatest({{ synerstat.quarter_index(first_day) }}, {{ var('coverage_start')[:4] | int * 4 + 1 }}) as bigint) * 100000
    + least({{ synerstat.quarter_index(last_day) }}, {{ var('reference_quarter')[:4] | int * 4 + var('reference_quarter')[5:] | int }})
    = cast({{ span }}.from_quarter as bigint) * 100000 + {{ span }}.to_quarter
{%- endmacro %}
