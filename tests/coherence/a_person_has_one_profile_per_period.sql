/*
What it checks   Every person with a participation present in a period has exactly one profile (sex, age group,
                 education, residence) in it, which knows how many participations the person has, nobody else has
                 one, and every participation present found its person's.
Why it matters   Tables by these attributes add up to the total only because each person has one value of each.
If it fails      Too many profiles: an age group that overlaps another. Too few: a person without any record that
                 began by the period's end, which the two models must see alike.
*/

with

present as (

    select
        spans.period_number,
        participations.person_id,
        count(*) as participations
    from {{ ref('int_participations__merged') }} as participations
    inner join {{ ref('int_periods__spans') }} as spans
        on {{ touches_span('participations.start_date', 'participations.open_end_date', 'spans') }}
    where
        {{ is_reopened('participations.participation_id', 'int_participations__recounted') }}
        and {{ is_counted_anew('participations', 'spans') }}
    group by spans.period_number, participations.person_id

),

profiles as (

    select
        persons.period_number,
        persons.person_id,
        count(*) as profiles,
        min(persons.participations) as participations
    from {{ ref('int_persons__by_period') }} as persons
    where {{ is_counted_anew('persons') }}
    group by persons.period_number, persons.person_id

),

described as (

    select
        participants.period_number,
        participants.person_id,
        count(*) as participations
    from {{ ref('int_participants__by_period') }} as participants
    where {{ is_counted_anew('participants') }}
    group by participants.period_number, participants.person_id

)

select
    coalesce(present.period_number, profiles.period_number) as period_number,
    coalesce(present.person_id, profiles.person_id) as person_id,
    profiles.profiles,
    profiles.participations as participations_of_the_profile,
    present.participations,
    described.participations as described_participations
from present
full outer join profiles
    on
        present.period_number = profiles.period_number
        and present.person_id = profiles.person_id
left join described
    on
        present.period_number = described.period_number
        and present.person_id = described.person_id
where
    coalesce(profiles.profiles, 0) <> 1
    or coalesce(present.participations, 0) = 0
    or profiles.participations <> present.participations
    or coalesce(described.participations, 0) <> present.participations
