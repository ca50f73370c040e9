-- The eight indicators of every cell of a full cube (each combination of single codes and `_T`), from a relation with
-- one row per participation and period (`int_participants__by_period`).
--
-- Distinct persons do not add up over attributes of a participation, but counting them with `count(distinct)` in every
-- cell of a cube is the slowest thing there is. Exact and fast instead: a person with one participation in the period, or
-- with one finest cell, simply adds up; one with two cells is added in both, and taken away once in every cell that holds
-- both. Those are summed to the finest cells first and cubed. Only the few persons with more are cubed one by one (one row
-- per person and cell) and counted.
--
-- A continued build counts the periods anew that something changed in (`int_periods__reopened`).
{% macro participant_cube(relation, dimensions) -%}
    {%- set dims = dimensions | join(', ') %}
    {%- set flags = ['entered', 'left', 'stock'] %}

    with

    participations as (

        select * from {{ relation }}
        where {{ is_reopened('period_number', 'int_periods__reopened') }}

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
                else '_D'
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
    cells as (

        select
            period_number,
            {%- for dimension in dimensions %}
            coalesce({{ dimension }}, '_T') as {{ dimension }},
            {%- endfor %}
            cast(sum(persons_present) as bigint) as participants_present,
            cast(sum(persons_entered) as bigint) as participants_entered,
            cast(sum(persons_left) as bigint) as participants_left,
            cast(sum(persons_stock) as bigint) as participants_stock,
            cast(sum(present) as bigint) as participations_present,
            cast(sum(entered) as bigint) as participations_entered,
            cast(sum(exited) as bigint) as participations_left,
            cast(round(sum(hours)) as bigint) as training_hours

        from all_persons
        group by
            period_number
            {%- for dimension in dimensions %},
            coalesce({{ dimension }}, '_T')
            {%- endfor %}

    )

    select
        periods.freq,
        periods.time_period,
        {%- for dimension in dimensions %}
        cells.{{ dimension }},
        {%- endfor %}
        cells.participants_present,
        cells.participants_entered,
        cells.participants_left,
        cells.participants_stock,
        cells.participations_present,
        cells.participations_entered,
        cells.participations_left,
        cells.training_hours

    from cells
    inner join {{ ref('int_periods') }} as periods on cells.period_number = periods.period_number
{%- endmacro %}
