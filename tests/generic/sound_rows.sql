/*
What it checks   Everything that a model or seed promises about its rows, in one query:
                   grain              no two rows are equal in all these columns (nulls count as equal)
                   unique             nor in one of these (missing ones are not judged)
                   never_null         these are always there
                   not_blank          these texts are there and not made of blanks
                   accepted_codes     column: [code list, further codes allowed]; missing codes are not judged
                   accepted_values    column: [values]; missing ones are not judged
                   patterns           column: pattern of the whole text; missing ones are not judged
                   relationships      column: model.column that holds each value; missing ones are not judged
                 `reopened` (column, model, condition): a build that continues looks at rows with this column in that model
                 only. All others it has kept as they were when a build before looked at them. The column belongs to the grain,
                 so that rows kept and made twice are seen.
Why it matters   A join to rows that are not unique multiplies the figures without an error; a missing code makes figures
                 vanish; a code without a label can't be published; a spreadsheet that drops zeros makes codes that match
                 nothing; a blank label is an empty heading in one language.
If it fails      Each row shown names the promise, the column and what breaks it. In a seed correct the cell; in a model
                 look at its last join first. A new code needs a decision before it gets a row in the code list.
*/
{% test sound_rows(
    model, grain=[], unique=[], never_null=[], not_blank=[], accepted_codes={}, accepted_values={}, patterns={},
    relationships={}, reopened=[]
) %}
{#- each promise: its name, the columns it is about, which rows break it, how many of one value break it -#}
{%- set promises = [] -%}
{%- if grain %}
    {%- do promises.append(["grain", grain, "true", 2]) -%}
{%- endif -%}
{%- for column in unique %}
    {%- do promises.append(["unique", [column], column ~ " is not null", 2]) -%}
{%- endfor -%}
{%- if never_null %}
    {%- do promises.append(["never_null", never_null, never_null | join(" is null or ") ~ " is null", 1]) -%}
{%- endif -%}
{%- for column in not_blank %}
    {%- do promises.append(["not_blank", [column], "coalesce(trim(" ~ column ~ "), '') = ''", 1]) -%}
{%- endfor -%}
{%- for column, codes in accepted_codes.items() %}
    {%- set where -%}
    {%- for code in codes[1:] %}{{ column }} <> '{{ code }}' and {% endfor -%}
    {{ column }} not in (
        select listed.code
        from {{ ref("code_lists") }} as listed
        where listed.code_list = '{{ codes[0] }}'
    )
    {%- endset -%}
    {%- do promises.append(["accepted_codes", [column], where, 1]) -%}
{%- endfor -%}
{%- for column, values in accepted_values.items() %}
    {%- do promises.append(["accepted_values", [column], column ~ " not in ('" ~ values | join("', '") ~ "')", 1]) -%}
{%- endfor -%}
{%- for column, pattern in patterns.items() %}
    {%- set where = "not " ~ synerstat.matches(column, "^(" ~ pattern ~ ")$") -%}
    {%- do promises.append(["patterns", [column], where, 1]) -%}
{%- endfor -%}
{%- for column, target in relationships.items() %}
    {%- set held = target.split(".") -%}
    {%- set where -%}
    {{ column }} not in (select held.{{ held[1] }} from {{ ref(held[0]) }} as held where held.{{ held[1] }} is not null)
    {%- endset -%}
    {%- do promises.append(["relationships", [column], where, 1]) -%}
{%- endfor -%}

{%- for promise, columns, where, breaking_rows in promises %}
select
    '{{ promise }}' as promise,
    '{{ columns | join(", ") }}' as columns_concerned,
    concat_ws(
        ' / ',
        {%- for column in columns %}
        coalesce(cast({{ column }} as string), 'null'){{ "," if not loop.last }}
        {%- endfor %}
    ) as offending_values,
    count(*) as number_of_rows
from {{ model }}
{#- Spark takes `where (true)` behind a table for its alias and that of a column #}
where true and ({{ where }}){% if reopened %} and {{ is_reopened(*reopened) }}{% endif %}
group by {{ columns | join(", ") }}
having count(*) >= {{ breaking_rows }}
{{ "\nunion all\n" if not loop.last }}
{%- endfor %}

{% endtest %}
