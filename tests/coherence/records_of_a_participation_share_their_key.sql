/*
What it checks   All records of a participation belong to one person, operator, training type and programme, and the
                 participation covers each of them from start to end.
Why it matters   A participation over two persons or programmes is one entry too few and a stay that nobody made.
If it fails      Compare the records of the participation shown in int_records__spelled: its window must be
                 partitioned by exactly these four.
*/

select
    participations.participation_id,
    count(*) as records
from {{ ref('int_participations__merged') }} as participations
inner join {{ ref('int_records__spelled') }} as records on participations.participation_id = records.participation_id
where
    {{ is_reopened('participations.person_id', 'int_persons__reopened', 'reopened_from is not null') }}
    and (
        records.person_id <> participations.person_id
        or records.operator <> participations.operator
        or records.training_type <> participations.training_type
        or records.programme_code <> participations.programme_code
        or records.start_date < participations.start_date
        or records.open_end_date > participations.open_end_date
    )
group by participations.participation_id
