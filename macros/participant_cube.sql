-- The eight indicators of every cell of a full cube (each combination of single codes and `_T`), from a relation with
-- one row per participation and period (`int_participants__by_period`).
--
-- Distinct persons do not add up over attributes of a participation, but counting them with `count(distinct)` in every
-- cell of a cube is the slowest thing there is. Exact and fast instead: a person with one participation in the period, or
-- with one finest cell, simply adds up; one with two cells is added in both, and taken away once in every cell that holds
-- both. Those are summed to the finest cells first and cubed. Only the few persons with more are cubed one by one (one row
-- per person and cell) and counted.
--
-- What is counted with a period number below zero is taken away (`int_participants__counted`).
{% macro participant_cube(relation, dimensions) -%}
    {%- set dims = dimensions | join(', ') %}
    {%- set flags = ['entered', 'left', 'stock'] %}
    {%- set differing = "cast('_D' as " ~ synerstat.code_type() ~ ")" %}

    with

    participations as (

        select * from {{ relation }}

    ),

    person_cells as (

        select
            period_number,
            person_id,
            {{ dims }},
            max(is_entered) as has_entered,
            max(is_left) as has_left,
            max(is_in_stock) as has_stock,
            count(*) as present,
            sum(is_entered) as entered,
            sum(is_left) as exited,
            sum(hours) as hours

        from participations
        where participations_of_person > 1
        group by period_number, person_id, {{ dims }}

    ),

    counted_persons as (

        select
            period_number,
            person_id,
            count(*) as cells

        from person_cells
        group by period_number, person_id

    ),

    -- what both finest cells of a person have in common; `_D` where they differ
    common_cells as (

        select
            person_cells.period_number,
            {%- for dimension in dimensions %}
            case
                when min(person_cells.{{ dimension }}) = max(person_cells.{{ dimension }}) then min(person_cells.{{ dimension }})
                else {{ differing }}
            end as {{ dimension }},
            {%- endfor %}
            {%- for flag in flags %}
            min(person_cells.has_{{ flag }}) as has_{{ flag }}{{ "," if not loop.last }}
            {%- endfor %}

        from person_cells
        inner join counted_persons
            on
                person_cells.period_number = counted_persons.period_number
                and person_cells.person_id = counted_persons.person_id
        where counted_persons.cells = 2
        group by person_cells.period_number, person_cells.person_id

    ),

    finest_cells as (

        select
            period_number,
            {{ dims }},
            count(*) as persons_present,
            sum(is_entered) as persons_entered,
            sum(is_left) as persons_left,
            sum(is_in_stock) as persons_stock,
            count(*) as present,
            sum(is_entered) as entered,
            sum(is_left) as exited,
            sum(hours) as hours

        from participations
        where participations_of_person = 1
        group by period_number, {{ dims }}

        union all

        select
            person_cells.period_number,
            {%- for dimension in dimensions %}
            person_cells.{{ dimension }},
            {%- endfor %}
            sum(case when counted_persons.cells <= 2 then 1 else 0 end) as persons_present,
            {%- for flag in flags %}
            sum(case when counted_persons.cells <= 2 then person_cells.has_{{ flag }} else 0 end) as persons_{{ flag }},
            {%- endfor %}
            sum(person_cells.present) as present,
            sum(person_cells.entered) as entered,
            sum(person_cells.exited) as exited,
            sum(person_cells.hours) as hours

        from person_cells
        inner join counted_persons
            on
                person_cells.period_number = counted_persons.period_number
                and person_cells.person_id = counted_persons.person_id
        group by
            person_cells.period_number
            {%- for dimension in dimensions %},
            person_cells.{{ dimension }}
            {%- endfor %}

        union all

        select
            period_number,
            {{ dims }},
            -count(*) as persons_present,
            {%- for flag in flags %}
            -sum(has_{{ flag }}) as persons_{{ flag }},
            {%- endfor %}
            0 as present,
            0 as entered,
            0 as exited,
            0 as hours

        from common_cells
        group by period_number, {{ dims }}

    ),

    cubed_cells as (

        select
            period_number,
            {{ dims }},
            sum(persons_present) as persons_present,
            {%- for flag in flags %}
            sum(persons_{{ flag }}) as persons_{{ flag }},
            {%- endfor %}
            sum(present) as present,
            sum(entered) as entered,
            sum(exited) as exited,
            sum(hours) as hours

        from finest_cells
        group by period_number, cube ({{ dims }})

    ),

    -- where its two cells differ a person stands in both
    additive_cells as (

        select * from cubed_cells
        where
            {%- for dimension in dimensions %}
            {{ "and " if not loop.first }}coalesce({{ dimension }}, '_T') <> '_D'
            {%- endfor %}

    ),

    persons_in_cells as (

        select
            person_cells.period_number,
            person_cells.person_id,
            {%- for dimension in dimensions %}
            person_cells.{{ dimension }},
            {%- endfor %}
            {%- for flag in flags %}
            max(person_cells.has_{{ flag }}) as has_{{ flag }}{{ "," if not loop.last }}
            {%- endfor %}

        from person_cells
        inner join counted_persons
            on
                person_cells.period_number = counted_persons.period_number
                and person_cells.person_id = counted_persons.person_id
        where counted_persons.cells > 2
        group by
            person_cells.period_number,
            person_cells.person_id,
            cube (
                {%- for dimension in dimensions %}
                person_cells.{{ dimension }}{{ "," if not loop.last }}
                {%- endfor %}
            )

    ),

    distinct_cells as (

        select
            period_number,
            {{ dims }},
            count(*) as persons_present,
            {%- for flag in flags %}
            sum(has_{{ flag }}) as persons_{{ flag }},
            {%- endfor %}
            0 as present,
            0 as entered,
            0 as exited,
            0 as hours

        from persons_in_cells
        group by period_number, {{ dims }}

    ),

    all_persons as (

        select * from additive_cells
        union all
        select * from distinct_cells

    ),

    -- a dimension is never null, so null is the cube's own mark for "all"
    signed_cells as (

        select
            abs(period_number) as period_number,
            {#- not sign(): that is a double in Spark, and so would be the sum of hours #}
            case when period_number < 0 then -1 else 1 end as direction,
            {%- for dimension in dimensions %}
            coalesce({{ dimension }}, '_T') as {{ dimension }},
            {%- endfor %}
            persons_present,
            {%- for flag in flags %}
            persons_{{ flag }},
            {%- endfor %}
            present,
            entered,
            exited,
            hours

        from all_persons

    ),

    cells as (

        select
            period_number,
            {{ dims }},
            cast(sum(direction * persons_present) as bigint) as participants_present,
            {%- for flag in flags %}
            cast(sum(direction * persons_{{ flag }}) as bigint) as participants_{{ flag }},
            {%- endfor %}
            cast(sum(direction * present) as bigint) as participations_present,
            cast(sum(direction * entered) as bigint) as participations_entered,
            cast(sum(direction * exited) as bigint) as participations_left,
            cast(sum(direction * hours) as decimal(38, 6)) as training_hours

        from signed_cells
        group by period_number, {{ dims }}

    )

    select * from cells
{%- endmacro %}

-- The figures of a mart from all cells that were counted: a build that continues adds what it changes to them.
{% macro cube_figures(cells, dimensions) -%}
    with

    cells as (

        select * from {{ cells }}

    ),

    periods as (

        select * from {{ ref('int_periods') }}

    ),

    summed as (

        select
            period_number,
            {{ dimensions | join(', ') }},
            {%- for measure in participant_measures() + participation_measures() %}
            cast(sum({{ measure }}) as bigint) as {{ measure }},
            {%- endfor %}
            -- rounded once, here: rounded parts would not add up
            cast(round(sum(training_hours)) as bigint) as training_hours

        from cells
        group by period_number, {{ dimensions | join(', ') }}
        having sum(participations_present) > 0

    )

    select
        periods.freq,
        periods.time_period,
        {%- for dimension in dimensions %}
        summed.{{ dimension }},
        {%- endfor %}
        {%- for measure in measures() %}
        summed.{{ measure }}{{ "," if not loop.last }}
        {%- endfor %}

    from summed
    inner join periods on summed.period_number = periods.period_number
{%- endmacro %}
