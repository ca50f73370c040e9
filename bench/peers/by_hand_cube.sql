-- One cube of figures, to be filled in: {mart}, its {dimensions}, the same as {texts}, and which participations count
-- ({condition}).
-- What adds up is summed to the finest cells and cubed. Persons with two finest cells in a period are added in both, and
-- taken away once where both are one cell: their common cell has '_D' where the two differ, and such cells are left out.
-- Only persons with three and more are cubed one by one.
create temp table {mart} as
with person_cells as (
    select
        period,
        person,
        {dimensions},
        bool_or(is_entered) as has_entered,
        bool_or(is_left) as has_left,
        bool_or(is_in_stock) as has_stock,
        count(*) as present,
        count_if(is_entered) as entered,
        count_if(is_left) as exited,
        sum(millionths) as millionths
    from several
    where {condition}
    group by period, person, {dimensions}
),

common as (
    select
        period,
        person,
        {common_dimensions},
        count(*) as cells,
        bool_and(has_entered) as has_entered,
        bool_and(has_left) as has_left,
        bool_and(has_stock) as has_stock
    from person_cells
    group by period, person
),

additive as (
    select
        period, {dimensions},
        sum(persons) as persons, sum(persons_entered) as persons_entered, sum(persons_left) as persons_left,
        sum(persons_stock) as persons_stock,
        sum(persons) as present, sum(persons_entered) as entered, sum(persons_left) as exited, sum(millionths) as millionths
    from finest
    where {condition}
    group by period, {dimensions}
    union all
    select
        period, {dimensions},
        count_if(cells <= 2), count_if(cells <= 2 and person_cells.has_entered), count_if(cells <= 2 and person_cells.has_left),
        count_if(cells <= 2 and person_cells.has_stock),
        sum(present), sum(entered), sum(exited), sum(millionths)
    from person_cells
    inner join (select period, person, cells from common) using (period, person)
    group by period, {dimensions}
    union all
    select
        period, {dimensions},
        -count(*), -count_if(has_entered), -count_if(has_left), -count_if(has_stock),
        0, 0, 0, 0
    from common
    where cells = 2
    group by period, {dimensions}
),

one_by_one as (
    select
        period, person, {dimensions},
        bool_or(has_entered) as has_entered, bool_or(has_left) as has_left, bool_or(has_stock) as has_stock
    from person_cells
    semi join (from common where cells > 2) using (period, person)
    group by period, person, cube ({dimensions})
),

cells as (
    select
        period, {dimensions},
        sum(persons) as persons, sum(persons_entered) as persons_entered, sum(persons_left) as persons_left,
        sum(persons_stock) as persons_stock,
        sum(present) as present, sum(entered) as entered, sum(exited) as exited, sum(millionths) as millionths
    from additive
    group by period, cube ({dimensions})
    having {no_difference}
    union all
    select
        period, {dimensions},
        count(*), count_if(has_entered), count_if(has_left), count_if(has_stock),
        0, 0, 0, 0
    from one_by_one
    group by period, {dimensions}
)

-- half an hour is rounded up; hours are never negative
select
    freq,
    time_period,
    {texts},
    sum(persons)::bigint as participants_present,
    sum(persons_entered)::bigint as participants_entered,
    sum(persons_left)::bigint as participants_left,
    sum(persons_stock)::bigint as participants_stock,
    sum(present)::bigint as participations_present,
    sum(entered)::bigint as participations_entered,
    sum(exited)::bigint as participations_left,
    ((sum(millionths) + 500000) // 1000000)::bigint as training_hours
from cells
inner join periods using (period)
group by freq, time_period, {dimensions};
