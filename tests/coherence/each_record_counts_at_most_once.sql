/*
What it checks   Of all rows that carry one operator's record identifier, at most one is current: counted (in the
                 coverage or before), mirror, cancelled, out of scope, or of no member. All others are superseded, copies
                 or rejected.
Why it matters   Two current versions of a record are two sets of hours, and may be two participations.
If it fails      Two deliveries of one quarter may both stand unreplaced, or a copy was not seen as one: compare the
                 rows of the identifier shown in int_records__versioned.
*/

with

versions as {{ read_again() }} (

    select * from {{ ref('int_records__versioned') }}

)
{%- if is_continued() %},

-- identifiers of which a row was looked at again, with all their rows
concerned as (

    select distinct
        operator,
        record_id
    from versions
    where {{ is_reopened('record_key', 'int_records__reopened', 'version_may_change') }}

)
{%- endif %}

select
    versions.operator,
    versions.record_id,
    count(*) as current_versions
from versions
{%- if is_continued() %}
inner join concerned
    on
        versions.operator = concerned.operator
        and versions.record_id = concerned.record_id
{%- endif %}
where versions.disposition in ('counted', 'mirror', 'cancelled', 'out_of_scope', 'not_member')
group by versions.operator, versions.record_id
having count(*) > 1
-- depends_on: {{ ref('int_records__reopened') }}
