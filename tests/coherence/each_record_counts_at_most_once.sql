/*
What it checks   Of all rows that carry one operator's record identifier, at most one is current: counted, mirror,
                 cancelled, out of scope, of no member, or before the coverage. All others are superseded, copies or
                 rejected.
Why it matters   Two current versions of a record are two sets of hours, and may be two participations.
If it fails      Two deliveries of one quarter may both stand unreplaced, or a copy was not seen as one: compare the
                 rows of the identifier shown in int_records__versioned.
*/

select
    versions.operator,
    versions.record_id,
    count(*) as current_versions
from {{ ref('int_records__versioned') }} as versions
inner join {{ ref('int_records__disposed') }} as disposed on versions.record_key = disposed.record_key
where disposed.disposition in ('counted', 'mirror', 'cancelled', 'out_of_scope', 'not_member', 'before_coverage')
group by versions.operator, versions.record_id
having count(*) > 1
