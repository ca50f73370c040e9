-- The figure marts, the accounting and the findings, straight from the landed rows: what can be had from this engine by hand.
-- Variables: landing, seeds (folders), quarter, first_quarter, last_quarter, first_year, last_year (numbers, see below),
-- spell_gap_days, minimum_age, maximum_age. Relation `replaced_keys` (old_key, new_key) comes from outside too.
--
-- A quarter is the number year * 4 + 0 to 3; a year is the number of the year: both fit into one column `period`.
-- Broken rules are the bits of one number: the ten errors first, then the warnings, in the order of `rules`.

create macro quarter_of(day) as year(day)::integer * 4 + quarter(day)::integer - 1;

create macro parse_day(text, separator) as case
    when regexp_matches(text, '^[0-9]{2}[' || separator || '][0-9]{2}[' || separator || '][0-9]{4}$')
        and text not like '%0000'
        then try_strptime(text, '%d' || separator || '%m' || separator || '%Y')::date
end;

create macro parse_iso_day(text) as case
    when regexp_matches(text, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') and text not like '0000%'
        then try_strptime(text, '%Y-%m-%d')::date
end;

create macro parse_hours(text, decimal_sign) as case
    when regexp_matches(text, '^[+]?[0-9]+([' || decimal_sign || '][0-9]+)?$')
        then try_cast(replace(text, decimal_sign, '.') as decimal(18, 6))
end;

-- completed years, of days as numbers such as 20191231
create macro age_on(birth_date, day) as
    (year(day) * 10000 + month(day) * 100 + day(day) - year(birth_date) * 10000 - month(birth_date) * 100 - day(birth_date)) // 10000;

create macro is_plausible(birth_date, day) as
    coalesce(age_on(birth_date, day) between getvariable('minimum_age') and getvariable('maximum_age'), false);

create macro broken_at(is_broken, place) as if(is_broken, 1 << place, 0);

create temp table rules as
select
    rule,
    severity,
    (row_number() over () - 1)::integer as place
from read_csv(getvariable('seeds') || '/quality/quality_rules.csv', all_varchar = true);

create view read_crosswalk as
select *, regexp_extract(filename, 'crosswalk_(.*)[.]csv', 1) as dimension
from read_csv(getvariable('seeds') || '/crosswalk/crosswalk_*.csv', all_varchar = true, filename = true);

create view read_places as
select operator, refnis_code as code, area_code
from read_csv(getvariable('seeds') || '/geography/municipalities.csv', all_varchar = true)
cross join (values ('vdab'), ('forem'), ('bruxelles_formation')) as by_municipality (operator)
union all
select 'adg', post_code, area_code
from read_csv(getvariable('seeds') || '/geography/post_codes.csv', all_varchar = true);

create view read_age_groups as
select age_group, age_from::integer as age_from, age_to::integer as age_to
from read_csv(getvariable('seeds') || '/nomenclature/age_groups.csv', all_varchar = true);

-- every code takes one byte from here on, the operators among them; '_D' is where two cells differ
create type code as enum (
    select code from (
        select target_code as code from read_crosswalk
        union select operator from read_crosswalk
        union select area_code from read_places
        union select age_group from read_age_groups
        union select unnest(['_D', '_U', '_X', '_Z', 'ABR'])
    )
    order by code
);

create temp table crosswalk as
select
    dimension,
    operator::code as operator,
    upper(source_code) as source_code,
    target_code::code as target_code,
    coalesce(valid_from::date, '0001-01-01') as valid_from,
    coalesce(valid_to::date, '9999-12-31') as valid_to
from read_crosswalk;

create temp table places as
select operator::code as operator, code, area_code::code as area_code
from read_places;

create temp table age_groups as
select age_group::code as age_group, age
from read_age_groups
inner join range(151) as years (age) on age between age_from and age_to;

create temp table home_areas as
select operator::code as operator, area_code::code as area_code
from read_csv(getvariable('seeds') || '/geography/operator_home_areas.csv', all_varchar = true);

create temp table periods as
select
    number as period,
    make_date(number // 4, number % 4 * 3 + 1, 1) as first_day,
    last_day(make_date(number // 4, number % 4 * 3 + 3, 1)) as last_day,
    'Q' as freq,
    number // 4 || '-Q' || number % 4 + 1 as time_period
from range(getvariable('first_quarter'), getvariable('last_quarter') + 1) as quarters (number)
union all
select number, make_date(number, 1, 1), make_date(number, 12, 31), 'A', number::varchar
from range(getvariable('first_year'), getvariable('last_year') + 1) as years (number);

-- the periods between two quarters: joining equal numbers is faster than comparing days with every period
create temp table spans as
select from_quarter * 100000 + to_quarter as span, periods.* exclude (time_period)
from range(getvariable('first_quarter'), getvariable('last_quarter') + 1) as beginnings (from_quarter)
inner join range(getvariable('first_quarter'), getvariable('last_quarter') + 1) as endings (to_quarter) on from_quarter <= to_quarter
inner join periods
    on if(freq = 'Q', period between from_quarter and to_quarter, period between from_quarter // 4 and to_quarter // 4);

create macro span_of(first_day, last_day) as
    greatest(quarter_of(first_day), getvariable('first_quarter')) * 100000 + least(quarter_of(last_day), getvariable('last_quarter'));

create temp table deliveries as
select
    (row_number() over (order by operator, reference_quarter, sequence))::integer as delivery,
    -- a bit of its own for each delivery of an operator
    1::hugeint << (row_number() over (partition by operator order by reference_quarter, sequence) - 1)::hugeint as held,
    operator::code as operator,
    reference_quarter,
    sequence,
    reference_quarter[1:4]::integer * 4 + reference_quarter[6:6]::integer - 1 as quarter,
    make_date(quarter // 4, quarter % 4 * 3 + 1, 1) as quarter_start,
    last_day(make_date(quarter // 4, quarter % 4 * 3 + 3, 1)) as quarter_end,
    sequence < max(sequence) over (partition by operator, reference_quarter) as is_replaced,
    max(reference_quarter) over (partition by operator)[1:4]::integer * 4
    + max(reference_quarter) over (partition by operator)[6:6]::integer - 1 as latest_quarter
from read_parquet(getvariable('landing') || '/*/*/delivery.parquet')
where reference_quarter <= getvariable('quarter');

create view landed as
select
    operator::code as operator, reference_quarter, sequence, row_number, unreadable_reason,
    national_number_status, national_key, national_birth_date, national_sex::code as national_sex, client_key, content_key,
    inschrijving_id as record_id,
    upper(soort) as source_type, upper(lesvorm) as source_mode, upper(geslacht) as source_sex, upper(statuut) as source_status,
    upper(studieniveau) as source_education, upper(inrichter) as source_organiser,
    gemeente_nis as source_residence, campus_nis as source_place,
    upper(source_residence) as residence_code, upper(source_place) as place_code,
    regexp_matches(source_residence, '^(00)?[0-9]{3}$') as lives_abroad, regexp_matches(source_place, '^(00)?[0-9]{3}$') as trained_abroad,
    upper(opleiding_code) as programme,
    geboortedatum is not null as has_birth_text, parse_day(geboortedatum, '/') as delivered_birth_date,
    begindatum is not null as has_start_text, parse_day(begindatum, '/') as start_date,
    einddatum is not null as has_end_text, parse_day(einddatum, '/') as end_date,
    uren is not null as has_hours_text, parse_hours(uren, ',') as hours,
    upper(stopcode) = 'ANN' as is_cancelled
from read_parquet(getvariable('landing') || '/vdab/*/records.parquet')
union all
select
    operator::code as operator, reference_quarter, sequence, row_number, unreadable_reason,
    national_number_status, national_key, national_birth_date, national_sex::code, client_key, content_key,
    no_prestation,
    upper(type_prestation), upper(modalite), upper(sexe), upper(categorie),
    upper(niveau_etudes), upper(organisateur),
    ins_commune, ins_lieu, upper(ins_commune), upper(ins_lieu),
    regexp_matches(ins_commune, '^(00)?[0-9]{3}$'), regexp_matches(ins_lieu, '^(00)?[0-9]{3}$'),
    upper(code_formation),
    date_naissance is not null, parse_day(date_naissance, '-'),
    debut_prestation is not null, parse_day(debut_prestation, '-'),
    fin_prestation is not null, parse_day(fin_prestation, '-'),
    heures is not null, parse_hours(heures, ','),
    upper(statut_prestation) = 'ANN'
from read_parquet(getvariable('landing') || '/forem/*/records.parquet')
union all
select
    operator::code as operator, reference_quarter, sequence, row_number, unreadable_reason,
    national_number_status, national_key, national_birth_date, national_sex::code, client_key, content_key,
    id_contrat,
    upper(type_formation), upper(mode_formation), upper(genre), upper(statut),
    upper(diplome), upper(organisme),
    ins_residence, ins_lieu, upper(ins_residence), upper(ins_lieu),
    regexp_matches(ins_residence, '^(00)?[0-9]{3}$'), regexp_matches(ins_lieu, '^(00)?[0-9]{3}$'),
    upper(code_produit),
    date_naissance is not null, parse_iso_day(date_naissance),
    date_debut is not null, parse_iso_day(date_debut),
    coalesce(date_fin_reelle, date_fin_prevue) is not null, parse_iso_day(coalesce(date_fin_reelle, date_fin_prevue)),
    heures_prestees is not null, parse_hours(heures_prestees, '.'),
    upper(etat) = 'ANNULE'
from read_parquet(getvariable('landing') || '/bruxelles_formation/*/records.parquet')
union all
select
    operator::code as operator, reference_quarter, sequence, row_number, unreadable_reason,
    national_number_status, national_key, national_birth_date, national_sex::code, client_key, content_key,
    teilnahme_nr,
    upper(massnahme_art), upper(form), upper(geschlecht), upper(status),
    upper(bildungsniveau), upper(traeger),
    wohnort_plz, ort_plz,
    if(upper(wohnort_plz) like 'B-%', trim(substr(upper(wohnort_plz), 3)), upper(wohnort_plz)),
    if(upper(ort_plz) like 'B-%', trim(substr(upper(ort_plz), 3)), upper(ort_plz)),
    regexp_matches(upper(wohnort_plz), '^[A-Z]{1,3}-') and upper(wohnort_plz) not like 'B-%',
    regexp_matches(upper(ort_plz), '^[A-Z]{1,3}-') and upper(ort_plz) not like 'B-%',
    upper(massnahme_code),
    geburtsdatum is not null, parse_day(geburtsdatum, '.'),
    beginn is not null, parse_day(beginn, '.'),
    ende is not null, parse_day(ende, '.'),
    stunden is not null, parse_hours(stunden, ','),
    upper(abbruch) = 'STORNO'
from read_parquet(getvariable('landing') || '/adg/*/records.parquet');

-- Each readable row with the codes it is mapped to, the values that are used, and the rules it breaks (copies and
-- conflicts aside, which are looked for among few rows below).
create temp table rows as
with mapped as (
    select
        landed.*,
        deliveries.* exclude (operator, reference_quarter, sequence),
        coalesce(replaced_keys.new_key, landed.national_key) as person_national_key,
        types.target_code as type,
        modes.target_code as mode,
        sexes.target_code as sex,
        statuses.target_code as status,
        educations.target_code as education,
        organisers.target_code as organiser,
        known_organisers.source_code is not null as is_known_organiser,
        if(lives_abroad, 'ABR'::code, residences.area_code) as residence,
        if(trained_abroad, 'ABR'::code, training_places.area_code) as area,
        (has_start_text and start_date is null) or (has_end_text and end_date is null) as has_unreadable_date,
        coalesce(end_date < start_date, false) as ends_before_start,
        is_plausible(delivered_birth_date, start_date) as is_delivered_plausible,
        is_plausible(national_birth_date, start_date) as is_national_plausible
    from landed
    inner join deliveries using (operator, reference_quarter, sequence)
    left join replaced_keys on landed.national_key = replaced_keys.old_key
    left join (from crosswalk where dimension = 'training_type') as types
        on landed.operator = types.operator and source_type = types.source_code
        and start_date between types.valid_from and types.valid_to
    left join (from crosswalk where dimension = 'delivery_mode') as modes
        on landed.operator = modes.operator and source_mode = modes.source_code
        and start_date between modes.valid_from and modes.valid_to
    left join (from crosswalk where dimension = 'sex') as sexes
        on landed.operator = sexes.operator and source_sex = sexes.source_code
        and start_date between sexes.valid_from and sexes.valid_to
    left join (from crosswalk where dimension = 'labour_status') as statuses
        on landed.operator = statuses.operator and source_status = statuses.source_code
        and start_date between statuses.valid_from and statuses.valid_to
    left join (from crosswalk where dimension = 'education_level') as educations
        on landed.operator = educations.operator and source_education = educations.source_code
        and start_date between educations.valid_from and educations.valid_to
    left join (from crosswalk where dimension = 'organiser') as organisers
        on landed.operator = organisers.operator and source_organiser = organisers.source_code
        and start_date between organisers.valid_from and organisers.valid_to
    left join (select distinct operator, source_code from crosswalk where dimension = 'organiser') as known_organisers
        on landed.operator = known_organisers.operator and source_organiser = known_organisers.source_code
    left join places as residences
        on landed.operator = residences.operator and residence_code = residences.code
    left join places as training_places
        on landed.operator = training_places.operator and place_code = training_places.code
    where unreadable_reason is null
)

select
    delivery::bigint * 1000000000 + row_number as row_id,
    delivery,
    operator,
    record_id,
    person_national_key as national_key,
    client_key,
    start_date,
    end_date,
    coalesce(is_cancelled, false) as is_cancelled,
    coalesce(type, '_U'::code) as type,
    case when type in ('INT'::code, 'TRY'::code, 'IWT'::code) then '_Z'::code else coalesce(mode, '_U'::code) end as mode,
    coalesce(sex, national_sex, '_U'::code) as sex,
    coalesce(status, '_U'::code) as status,
    coalesce(education, '_U'::code) as education,
    if(source_organiser is null, operator, organiser) as organiser,
    coalesce(residence, '_U'::code) as residence,
    coalesce(area, '_U'::code) as area,
    coalesce(programme, '_U') as programme,
    case when is_national_plausible then national_birth_date when is_delivered_plausible then delivered_birth_date end as birth_date,
    hours,
    broken_at(record_id is null, 0)
    + broken_at(has_unreadable_date, 2)
    + broken_at(not has_start_text, 3)
    + broken_at(ends_before_start, 4)
    + broken_at(start_date > quarter_end, 5)
    + broken_at(national_key is null and client_key is null, 6)
    + broken_at(source_type is null, 7)
    + broken_at(source_type is not null and start_date is not null and type is null, 8)
    + broken_at(source_organiser is not null and organiser is null and (start_date is not null or not is_known_organiser), 9)
    + broken_at(national_number_status = 'missing', 10)
    + broken_at(national_number_status = 'invalid', 11)
    + broken_at(is_delivered_plausible and delivered_birth_date <> national_birth_date, 12)
    + broken_at(
        has_birth_text
        and (delivered_birth_date is null or (start_date is not null and not is_delivered_plausible)), 13
    )
    + broken_at(source_sex is not null and start_date is not null and sex is null, 14)
    + broken_at(source_education is not null and start_date is not null and education is null, 15)
    + broken_at(source_status is not null and start_date is not null and status is null, 16)
    + broken_at(source_mode is not null and start_date is not null and mode is null, 17)
    + broken_at(source_residence is not null and residence is null, 18)
    + broken_at(source_place is not null and area is null, 19)
    + broken_at(has_hours_text and hours is null, 20)
    + broken_at(programme is null, 21)
    + broken_at(
        not has_unreadable_date and not ends_before_start
        and quarter_start - end_date > getvariable('spell_gap_days') + 1, 22
    ) as broken
from mapped;

-- One reading of all identifiers: the last quarter that held each, the row that counts, and whether a delivery holds it twice.
create temp table identifiers as
select
    rows.operator,
    record_id,
    max(quarter) filter (where not is_replaced) as last_quarter,
    arg_max(row_id, quarter) filter (where not is_replaced and broken & 1023 = 0) as current_row,
    count(*) <> bit_count(bit_or(held)) as is_repeated
from rows
inner join deliveries using (delivery)
where record_id is not null
group by rows.operator, record_id;

-- the few rows whose identifier stands twice in a delivery, compared by their content
create temp table repeated as
with content as (
    select
        row_id,
        delivery,
        quarter,
        is_replaced,
        rows.operator,
        record_id,
        broken,
        row_number() over (partition by delivery, record_id, content_key order by row_id) > 1 as is_copy,
        min(content_key) over (partition by delivery, record_id) <> max(content_key) over (partition by delivery, record_id)
            as is_conflicting
    from (select operator, record_id from identifiers where is_repeated)
    inner join rows using (operator, record_id)
    inner join deliveries using (delivery)
    inner join landed on deliveries.operator = landed.operator
        and deliveries.reference_quarter = landed.reference_quarter
        and deliveries.sequence = landed.sequence
        and rows.row_id - delivery::bigint * 1000000000 = landed.row_number
)

select *, broken | broken_at(is_conflicting, 1) as judged_broken
from content;

create temp table current_rows as
select last_quarter, current_row
from identifiers
where not is_repeated and current_row is not null
union all
select
    max(quarter) filter (where not is_replaced),
    arg_max(row_id, quarter) filter (where not is_replaced and not is_copy and judged_broken & 1023 = 0) as current_row
from repeated
group by operator, record_id
having current_row is not null;

create temp table records as
select
    rows.* exclude (end_date, broken, is_cancelled, hours),
    (hours * 1000000::decimal(7, 0))::bigint as millionths,
    quarter_end,
    last_quarter < latest_quarter and (end_date is null or end_date > last_day(make_date(last_quarter // 4, last_quarter % 4 * 3 + 3, 1)))
        as is_closed_by_absence,
    if(is_closed_by_absence, last_day(make_date(last_quarter // 4, last_quarter % 4 * 3 + 3, 1)), coalesce(end_date, '9999-12-31')) as end_date,
    case
        when is_cancelled then 'cancelled'
        when organiser = '_X' then 'not_member'
        when organiser <> rows.operator then 'mirror'
        when type = '_X' then 'out_of_scope'
        else 'counted'
    end as disposition
from current_rows
inner join rows on current_rows.current_row = rows.row_id
inner join deliveries using (delivery);

-- A number for each person. A key is lent only to those who have none of their own.
create temp table lent_keys as
select client_key, min(national_key) as lent_key
from rows
semi join (select client_key from records where national_key is null and disposition in ('counted', 'mirror')) using (client_key)
semi join (from deliveries where not is_replaced) using (delivery)
where national_key is not null
group by client_key
having min(national_key) = max(national_key);

create temp table rows_by_rule as
select delivery, broken, count(*) as rows
from rows
group by all;

-- everything below is made of the records
drop table rows;
drop table identifiers;

create temp table identified as
with keyed as (
    select records.*, coalesce(national_key, lent_key, records.client_key) as person_key
    from records
    left join lent_keys on records.national_key is null and records.client_key = lent_keys.client_key
    where disposition in ('counted', 'mirror')
),

persons as (
    select person_key, (row_number() over ())::integer as person
    from (select distinct person_key from keyed)
),

-- operator, type and programme
courses as (
    select operator, type, programme, (row_number() over ())::integer as course
    from (select distinct operator, type, programme from keyed)
)

select keyed.* exclude (person_key, national_key, client_key, programme), person, course
from keyed
inner join persons using (person_key)
inner join courses using (operator, type, programme);

-- Gaps and islands.
create temp table spelled as
with ordered as (
    select
        * exclude (disposition),
        row_number() over history as position,
        max(end_date) over (history rows between unbounded preceding and 1 preceding) as latest_end
    from identified
    where disposition = 'counted'
    window history as (partition by person, course order by start_date, record_id, row_id)
)

select
    * exclude (latest_end),
    last_value(if(start_date - (getvariable('spell_gap_days') + 1)::integer <= latest_end, null, row_id) ignore nulls) over (
        partition by person, course order by position rows between unbounded preceding and current row
    ) as participation
from ordered;

create temp table participations as
select
    participation,
    min(person) as person,
    min(operator) as operator,
    min(type) as type,
    min(start_date) as start_date,
    max(end_date) as end_date,
    coalesce(arg_min(mode, position) filter (where mode <> '_U'), '_U') as mode,
    coalesce(arg_min(area, position) filter (where area <> '_U'), '_U') as area,
    coalesce(arg_min(status, position) filter (where status <> '_U'), '_U') as status
from spelled
group by participation;

-- Who the person is: the first known value in order of recency, among the records that began by the end of the period.
-- Recency and value are packed into one number, of which the smallest is taken.
create macro packed(recency, value) as recency << 32 | value;
create macro unpacked_code(number) as coalesce(enum_range(null::code)[(number & 4294967295) + 1]::code, '_U'::code);
create macro unpacked_day(number) as '1970-01-01'::date + ((number & 4294967295) - 1073741824)::integer;

create temp table profiles as
with ranked as (
    select
        participation,
        person,
        start_date,
        row_id = participation as is_first,
        row_number() over (partition by person order by start_date desc, end_date desc, operator, record_id, row_id) as recency,
        if(sex <> '_U'::code, packed(recency, enum_code(sex)), null) as sex,
        if(education <> '_U'::code, packed(recency, enum_code(education)), null) as education,
        if(residence <> '_U'::code, packed(recency, enum_code(residence)), null) as residence,
        packed(recency, birth_date - '1970-01-01'::date + 1073741824) as birth_date
    from spelled
),

spread as (
    select
        ranked.* exclude (recency, participation, start_date),
        period,
        last_day
    from ranked
    inner join participations using (participation)
    inner join spans
        on span_of(ranked.start_date, participations.end_date) = span
),

described as (
    select
        person,
        period,
        min(last_day) as last_day,
        count_if(is_first) as participations,
        min(sex) as sex,
        min(education) as education,
        min(residence) as residence,
        min(birth_date) as birth_date
    from spread
    group by person, period
)

select
    person,
    period,
    participations,
    unpacked_code(sex) as sex,
    unpacked_code(education) as education,
    unpacked_code(residence) as residence,
    coalesce(age_group, '_U'::code) as age
from described
left join age_groups on age_on(unpacked_day(birth_date), last_day) = age;

-- Hours in whole millionths, half up, so that no order of rows changes a sum. With hours = whole * days + rest the product
-- with the days in the quarter stays small.
create temp table quarter_hours as
with dated as (
    select participation, start_date, least(end_date, quarter_end) as end_date, millionths
    from spelled
    where millionths > 0
),

counted as (
    select
        participation,
        period,
        millionths,
        end_date - start_date + 1 as days,
        least(end_date, last_day) - greatest(start_date, first_day) + 1 as days_in_quarter
    from dated
    inner join (from spans where freq = 'Q')
        on span_of(start_date, end_date) = span
)

select
    participation,
    period,
    sum(millionths // days * days_in_quarter + (2 * (millionths % days) * days_in_quarter + days) // (2 * days)) as millionths
from counted
group by participation, period;

create temp table present as
with hours as (
    from quarter_hours
    union all
    select participation, period // 4, sum(millionths)
    from quarter_hours
    group by participation, period // 4
)

select
    period,
    person,
    operator,
    type as training_type,
    mode as delivery_mode,
    area as training_area,
    status as labour_status,
    sex,
    age as age_group,
    education as education_level,
    residence as residence_area,
    start_date >= first_day as is_entered,
    end_date <= last_day as is_left,
    end_date >= last_day as is_in_stock,
    coalesce(millionths, 0) as millionths,
    participations = 1 as is_only_one
from participations
inner join spans on span_of(start_date, end_date) = span
inner join profiles using (person, period)
left join hours using (participation, period);

-- Persons with one participation in a period add up in every cube: their finest cells are made once for all four.
create temp table finest as
select
    period,
    operator, training_type, delivery_mode, training_area, labour_status, sex, age_group, education_level, residence_area,
    count(*) as persons,
    count_if(is_entered) as persons_entered,
    count_if(is_left) as persons_left,
    count_if(is_in_stock) as persons_stock,
    sum(millionths) as millionths
from present
where is_only_one
group by all;

create temp table several as
from present
where not is_only_one;

drop table present;
drop table profiles;
