-- The quarters that a stay begins and ends in, cut to those of the statistic, as numbers of `quarter_index`: for a join to
-- `int_periods__spans`. A stay that lies wholly outside has its first quarter after its last, which no row has.
{% macro first_quarter_of(date) -%}
    greatest({{ synerstat.quarter_index(date) }}, {{ var('coverage_start')[:4] | int * 4 + 1 }})
{%- endmacro %}

{% macro last_quarter_of(date) -%}
    least({{ synerstat.quarter_index(date) }}, {{ var('reference_quarter')[:4] | int * 4 + var('reference_quarter')[5:] | int }})
{%- endmacro %}
