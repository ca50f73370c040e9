/*
What it checks   Between two participations of one person, operator, training type and programme lie more days than
                 the longest pause inside one (spell_gap_days): the next begins 32 days or more after the latest
                 end.
Why it matters   What is closer is one participation: cut in two, it adds an exit and an entry that never happened.
If it fails      Look at the records of both participations shown in int_records__spelled: the latest end so far,
                 not the end of the record before, must decide where a participation begins.
*/

with

ordered as (

    select
        participation_id,
        start_date,
        max(open_end_date) over (
            partition by person_id, operator, training_type, programme_code
            order by start_date, participation_id
            rows between unbounded preceding and 1 preceding
        ) as latest_end_before
    from {{ ref('int_participations__merged') }}
    where {{ is_reopened('person_id', 'int_persons__reopened', 'reopened_from is not null') }}

)

select *
from ordered
where {{ days_between('latest_end_before', 'start_date') }} <= {{ var('spell_gap_days') + 1 }}
