-- Grain: one row per check, operator (or pair of operators, or period) and indicator. Are the regions comparable?
-- Shares are judged as counts of records or persons: the bound is the largest, or smallest, whole number that keeps the share.

{%- set year = var('reference_quarter')[:4] %}
{%- set reference_period = year ~ '-' ~ var('reference_quarter')[4:] %}
{#- a code without a mapping takes nothing from these records but the value; the other two reject the record #}
{%- set coded = ['sex', 'education_level', 'labour_status', 'delivery_mode'] %}
{%- set rejecting = ['training_type', 'organiser'] %}

with

participations as (

    select * from {{ ref('int_participations__merged') }}
    where open_end_date >= cast('{{ var("coverage_start") }}' as date)

),

-- few: what remains without them is found faster than what stays
ended_before_coverage as (

    select participation_id from {{ ref('int_participations__merged') }}
    where open_end_date < cast('{{ var("coverage_start") }}' as date)

),

counted as {{ read_again() }} (

    select
        records.record_key,
        records.operator,
        records.record_id,
        records.residence_area

    from {{ ref('int_records__spelled') }} as records
    left join ended_before_coverage on records.participation_id = ended_before_coverage.participation_id
    where ended_before_coverage.participation_id is null

),

-- few records break a rule: they are looked up where those are listed
unmapped as (

    select
        counted.operator,
        {%- for dimension in coded %}
        sum(case when findings.rule = 'unmapped_{{ dimension }}' then 1 else 0 end) as unmapped_{{ dimension }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ ref('quality_row_findings') }} as findings
    inner join counted on findings.record_key = counted.record_key
    where findings.rule in ({% for dimension in coded %}'unmapped_{{ dimension }}'{{ ', ' if not loop.last }}{% endfor %})
    group by counted.operator

),

residences as (

    select
        operator,
        count(*) as unknown_residence

    from counted
    where residence_area = '_U'
    group by operator

),

persons as (

    select
        operator,
        person_id,
        sum(records) as records

    from participations
    group by operator, person_id

),

identified as (

    select
        persons.operator,
        sum(persons.records) as records,
        count(*) as persons,
        sum(case when numbered.person_key_scope = 'national' then 1 else 0 end) as persons_identified_nationally

    from persons
    inner join {{ ref('int_persons__numbered') }} as numbered on persons.person_id = numbered.person_id
    group by persons.operator

),

delivered as (

    select * from {{ ref('int_records__judged') }}
    where
        not is_replaced
        and ({% for dimension in rejecting %}breaks_unmapped_{{ dimension }}{{ ' or ' if not loop.last }}{% endfor %})

),

-- the records that are not counted because of a code, however often they were sent; a row that names no record is one by itself
rejected as (

    select
        delivered.operator,
        delivered.record_id,
        {%- for dimension in rejecting %}
        max(case when delivered.breaks_unmapped_{{ dimension }} then 1 else 0 end) as unmapped_{{ dimension }}{{ ',' if not loop.last }}
        {%- endfor %}

    from delivered
    where
        not exists (
            select 1 as found
            from counted
            where
                delivered.operator = counted.operator
                and delivered.record_id = counted.record_id
        )
    group by delivered.operator, delivered.record_id, case when delivered.record_id is null then delivered.record_key end

),

summed as (

    select
        identified.operator,
        identified.records,
        {%- for dimension in coded %}
        coalesce(unmapped.unmapped_{{ dimension }}, 0) as unmapped_{{ dimension }},
        {%- endfor %}
        {%- for dimension in rejecting %}
        0 as unmapped_{{ dimension }},
        {%- endfor %}
        coalesce(residences.unknown_residence, 0) as unknown_residence,
        identified.persons,
        identified.persons_identified_nationally

    from identified
    left join unmapped on identified.operator = unmapped.operator
    left join residences on identified.operator = residences.operator

    union all

    select
        operator,
        0 as records,
        {%- for dimension in coded %}
        0 as unmapped_{{ dimension }},
        {%- endfor %}
        {%- for dimension in rejecting %}
        sum(unmapped_{{ dimension }}) as unmapped_{{ dimension }},
        {%- endfor %}
        0 as unknown_residence,
        0 as persons,
        0 as persons_identified_nationally

    from rejected
    group by operator

),

shares as (

    select
        'mart_delivery_findings' as mart,
        '{{ reference_period }}' as time_period,
        'all records up to {{ reference_period }}, operator=' || operator as scope,
        operator as whose_data,
        sum(records) as records,
        {%- for dimension in coded + rejecting %}
        sum(unmapped_{{ dimension }}) as unmapped_{{ dimension }},
        {%- endfor %}
        sum(unknown_residence) as unknown_residence,
        sum(persons) as persons,
        sum(persons_identified_nationally) as persons_identified_nationally

    from summed
    group by operator

),

by_type as (

    select
        operator,
        training_type

    from {{ ref('mart_participants_by_training') }}
    where
        training_area = '_T'
        and delivery_mode = '_T'
        and operator <> '_T'
        and training_type <> '_T'
    group by operator, training_type

),

operators as (

    select distinct operator from by_type

),

reported as (

    select distinct training_type from by_type

),

-- every operator beside every type that some operator reports
types as (

    select
        'mart_participants_by_training' as mart,
        '{{ reference_period }}' as time_period,
        'all periods, operator=' || operators.operator || ', training_type=' || reported.training_type as scope,
        operators.operator as whose_data,
        case when by_type.operator is null then 0 else 1 end as is_present

    from operators
    cross join reported
    left join by_type
        on
            operators.operator = by_type.operator
            and reported.training_type = by_type.training_type

),

quarters as (

    select
        operator,
        training_type,
        {{ quarter_number("'" ~ reference_period ~ "'") }} - ({{ quarter_number('time_period') }}) as quarters_ago,
        participants_present

    from {{ ref('mart_participants_by_training') }}
    where
        freq = 'Q'
        and training_area = '_T'
        and training_type = '_T'
        and delivery_mode = '_T'

),

-- the same quarter of the three previous years, those of them that exist; what is gone now is 0. Totals of the
-- operators only: single types are few persons in a region, and differ by more from year to year.
usual as (

    select
        'mart_participants_by_training' as mart,
        '{{ reference_period }}' as time_period,
        '{{ reference_period }}, operator=' || operator || ', training_type=' || training_type as scope,
        case when operator <> '_T' then operator end as whose_data,
        coalesce(max(case when quarters_ago = 0 then participants_present end), 0) as participants_present,
        avg(case when quarters_ago > 0 then 1.0 * participants_present end) as usual_participants

    from quarters
    where quarters_ago in (0, 4, 8, 12)
    group by operator, training_type
    having avg(case when quarters_ago > 0 then 1.0 * participants_present end) >= {{ var('fewest_persons_compared') }}

),

mirrored as (

    select
        'mart_mirror_flows' as mart,
        time_period,
        time_period || ', home_operator=' || home_operator || ', host_operator=' || host_operator as scope,
        home_operator || ' and ' || host_operator as whose_data,
        reported_by_home,
        reported_by_host

    from {{ ref('mart_mirror_flows') }}
    where
        reported_by_home >= {{ var('fewest_persons_compared') }}
        and reported_by_host >= {{ var('fewest_persons_compared') }}
        and time_period in ('{{ reference_period }}', '{{ year }}')

),

{#- |a - b| / ((a + b) / 2) <= t is the same as b * (2 - t) / (2 + t) <= a <= b * (2 + t) / (2 - t) #}
{%- set mirror = var('largest_mirror_asymmetry') %}
{#- few persons swing by themselves: three times the square root of their number is nothing to ask about -#}
{%- set swing = 'greatest(usual_participants * ' ~ var('largest_change_on_usual') ~ ', 3 * sqrt(usual_participants))' %}
{%- set share_rules = [] %}
{%- for dimension in coded + rejecting %}
    {%- set whole = 'records + unmapped_' ~ dimension if dimension in rejecting else 'records' %}
    {%- do share_rules.append({
        'check': dimension ~ '_codes_mapped', 'indicator': 'unmapped_' ~ dimension, 'actual': 'unmapped_' ~ dimension,
        'at_most': 'greatest(ceil((' ~ whole ~ ') * ' ~ var('largest_share_unmapped') ~ ') - 1, 0)',
    }) %}
{%- endfor %}
{%- do share_rules.append({
    'check': 'residence_known', 'indicator': 'unknown_residence', 'actual': 'unknown_residence',
    'at_most': 'greatest(ceil(records * ' ~ var('largest_share_unknown_residence') ~ ') - 1, 0)',
}) %}
{%- do share_rules.append({
    'check': 'persons_identified_nationally', 'indicator': 'persons_identified_nationally',
    'actual': 'persons_identified_nationally',
    'at_least': 'ceil(persons * ' ~ var('smallest_share_identified_nationally') ~ ')',
}) %}

compared as (
    {{- compare('shares', share_rules) }}
    union all
    {{- compare('types', [{
        'check': 'training_type_present', 'indicator': 'training_types', 'actual': 'is_present', 'at_least': '1',
    }]) }}
    union all
    {{- compare('usual', [{
        'check': 'quarter_as_usual', 'indicator': 'participants_present', 'actual': 'participants_present',
        'at_least': 'ceil(usual_participants - ' ~ swing ~ ')', 'at_most': 'floor(usual_participants + ' ~ swing ~ ')',
    }]) }}
    union all
    {{- compare('mirrored', [{
        'check': 'mirror_agrees_roughly', 'indicator': 'reported_by_home', 'actual': 'reported_by_home',
        'at_least': 'ceil(reported_by_host * (2 - ' ~ mirror ~ ') / (2 + ' ~ mirror ~ '))',
        'at_most': 'floor(reported_by_host * (2 + ' ~ mirror ~ ') / (2 - ' ~ mirror ~ '))',
    }]) }}

)

select * from compared
