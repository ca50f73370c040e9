/*
What it checks   The profile (sex, age group, education, residence) that a participation found in a period knows how many
                 participations its person has there; and per period, all participations present found one, and
                 every profile was found. Sets are compared by their size and the sum of their keys (of the two keys'
                 product, where a participation and its person make a pair).
Why it matters   Tables by these attributes add up to the total only because each person has one value of each.
If it fails      A person shown: int_persons__by_period counts other participations than stand in
                 int_participants__by_period. None shown: compare the keys of the period in the two models named; too few
                 profiles come from a person without any record that began by the period's end.
*/

with

present as (

    select
        spans.period_number,
        count(*) as participations,
        sum(cast(participations.participation_id as decimal(18, 0)) * cast(participations.person_id as decimal(18, 0))) as pairs
    from {{ ref('int_participations__merged') }} as participations
    inner join {{ ref('int_periods__spans') }} as spans
        on {{ touches_span('participations.start_date', 'participations.open_end_date', 'spans') }}
    where
        {{ is_reopened('participations.participation_id', 'int_participations__recounted') }}
        and {{ is_counted_anew('participations', 'spans') }}
    group by spans.period_number

),

profiles as (

    select
        persons.period_number,
        count(*) as persons,
        sum(cast(persons.person_id as decimal(38, 0))) as person_ids,
        sum(persons.participations) as participations
    from {{ ref('int_persons__by_period') }} as persons
    where {{ is_counted_anew('persons') }}
    group by persons.period_number

),

described as (

    select
        participants.period_number,
        participants.person_id,
        count(*) as participations,
        sum(cast(participants.participation_id as decimal(18, 0)) * cast(participants.person_id as decimal(18, 0))) as pairs,
        min(participants.participations_of_person) as fewest_known,
        max(participants.participations_of_person) as most_known
    from {{ ref('int_participants__by_period') }} as participants
    where {{ is_counted_anew('participants') }}
    group by participants.period_number, participants.person_id

),

described_periods as (

    select
        period_number,
        count(*) as persons,
        sum(cast(person_id as decimal(38, 0))) as person_ids,
        sum(participations) as participations,
        sum(pairs) as pairs
    from described
    group by period_number

)

select
    period_number,
    person_id,
    'int_persons__by_period' as compared_with
from described
where fewest_known <> participations or most_known <> participations
union all
select
    coalesce(profiles.period_number, described_periods.period_number) as period_number,
    null as person_id,
    'int_persons__by_period' as compared_with
from profiles
full outer join described_periods on profiles.period_number = described_periods.period_number
where
    coalesce(profiles.persons, 0) <> coalesce(described_periods.persons, 0)
    or profiles.person_ids <> described_periods.person_ids
    or profiles.participations <> described_periods.participations
union all
select
    coalesce(present.period_number, described_periods.period_number) as period_number,
    null as person_id,
    'int_participations__merged' as compared_with
from present
full outer join described_periods on present.period_number = described_periods.period_number
where
    coalesce(present.participations, 0) <> coalesce(described_periods.participations, 0)
    or present.pairs <> described_periods.pairs
