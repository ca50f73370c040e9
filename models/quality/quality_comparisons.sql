-- Grain: one row per comparison of a figure with its bounds: everything that the coherence checks look at. Of those made for
-- every cell of a mart the ones that hold are one row per check and mart, with their number in `cells`.

{%- set of_every_cell = ['indicator_bounds', 'person_attributes', 'participation_attributes', 'periods', 'marts_agree'] %}
{%- set of_few = ['deliveries', 'regions', 'nomenclature', 'plausibility', 'habits'] %}

with

compared as (
{% for question in of_every_cell %}
    select * from {{ ref('quality_' ~ question) }}
    union all
{%- endfor %}
{% for question in of_few %}
    select
        *,
        cast(1 as bigint) as cells
    from {{ ref('quality_' ~ question) }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

judged as (

    select
        *,
        {{ broken_bound() }} as broken_bound

    from compared

)

select * from judged
