-- Grain: one row per delivered row. Every rule that looks at one delivery is judged here, as a column `breaks_<rule>`, and each
-- value that a rule replaces gets the value that is used instead. A row is judged by its own delivery alone, so a continued
-- build judges those of new deliveries only. What is found is kept in `int_records__checked`.
{{ config(materialized='ephemeral') }}

{%- set code = code_type() %}
{%- set unknown = "cast('_U' as " ~ code ~ ")" %}

with

records as {{ read_again() }} (

    select * from {{ ref('int_records__unioned') }}
    where {{ is_added() }}

),

replacements as (

    select * from {{ landed_or_sample('identifier_replacements.parquet', ref('identifier_replacements')) }}

),

-- only identifiers that stand more than once in a delivery need to be compared
repeated as (

    select
        delivery_number,
        record_id

    from records
    where unreadable_reason is null and record_id is not null
    group by delivery_number, record_id
    having count(*) > 1

),

compared as (

    select
        records.record_key,
        row_number() over (
            partition by records.delivery_number, records.record_id, records.content_key
            order by records.row_number
        ) > 1 as is_copy,
        min(records.content_key) over (partition by records.delivery_number, records.record_id)
        <> max(records.content_key) over (partition by records.delivery_number, records.record_id) as is_conflicting

    from records
    inner join repeated
        on
            records.delivery_number = repeated.delivery_number
            and records.record_id = repeated.record_id
    where records.unreadable_reason is null

),

prepared as (

    select
        records.* {{ except_columns(['client_key', 'national_sex']) }},
        {{ short_key('records.client_key') }} as client_key,
        cast(records.national_sex as {{ code }}) as national_sex,
        {{ short_key('coalesce(replacements.new_key, records.national_key)') }} as person_national_key,
        coalesce(replacements.new_key <> records.national_key, false) as is_number_replaced,
        records.unreadable_reason is null as is_readable,
        coalesce(compared.is_copy, false) as is_copy,
        coalesce(compared.is_conflicting, false) as is_conflicting,
        records.unreadable_reason is null and not coalesce(compared.is_copy, false) as is_judged,
        (records.start_date_text is not null and records.start_date is null)
        or (records.end_date_text is not null and records.end_date is null) as has_unreadable_date,
        {{ is_plausible_age('records.delivered_birth_date', 'records.start_date') }} as is_delivered_birth_date_plausible,
        {{ is_plausible_age('records.national_birth_date', 'records.start_date') }} as is_national_birth_date_plausible

    from records
    left join compared on records.record_key = compared.record_key
    left join replacements on records.national_key = replacements.old_key

),

judged as (

    select
        *,
        -- errors
        is_judged and record_id is null as breaks_missing_record_id,
        is_judged and is_conflicting as breaks_duplicate_record_id,
        is_judged and has_unreadable_date as breaks_invalid_date,
        is_judged and start_date_text is null as breaks_missing_start,
        is_judged and coalesce(end_date < start_date, false) as breaks_end_before_start,
        is_judged and coalesce(start_date > quarter_end, false) as breaks_start_after_quarter,
        is_judged and national_key is null and client_key is null as breaks_missing_person,
        is_judged and source_training_type is null as breaks_missing_training_type,
        is_judged and {{ is_unmapped('training_type') }} as breaks_unmapped_training_type,
        -- an organiser is judged without a readable start too
        is_judged and source_organiser is not null and organiser is null
        and (start_date is not null or not is_known_organiser_code) as breaks_unmapped_organiser,

        -- warnings
        is_judged and national_number_status = 'missing' as breaks_missing_national_number,
        is_judged and national_number_status = 'invalid' as breaks_invalid_national_number,
        is_judged and is_delivered_birth_date_plausible
        and coalesce(delivered_birth_date <> national_birth_date, false) as breaks_birth_date_mismatch,
        is_judged and birth_date_text is not null
        and (delivered_birth_date is null or (start_date is not null and not is_delivered_birth_date_plausible))
            as breaks_implausible_birth_date,
        {%- for dimension in ['sex', 'education_level', 'labour_status', 'delivery_mode'] %}
        is_judged and {{ is_unmapped(dimension) }} as breaks_unmapped_{{ dimension }},
        {%- endfor %}
        is_judged and source_residence is not null and residence_area is null as breaks_unknown_residence,
        is_judged and source_training_place is not null and training_area is null as breaks_unknown_training_place,
        is_judged and hours_text is not null and hours is null as breaks_invalid_hours,
        is_judged and programme_code is null as breaks_missing_programme_code,
        is_judged and not has_unreadable_date and not coalesce(end_date < start_date, false)
        and coalesce({{ days_between('end_date', 'quarter_start') }} > {{ var('spell_gap_days') + 1 }}, false)
            as breaks_inactive_in_quarter

    from prepared

),

resolved as (

    select
        {#- texts and source codes stay in int_records__unioned, where what is rejected is looked up by its record_key; what is known of a
            whole delivery stands in int_deliveries__ranked #}
        * {{ except_columns([
            'is_new', 'operator', 'reference_quarter', 'sequence', 'quarter_start', 'quarter_end', 'training_type', 'delivery_mode', 'sex', 'labour_status', 'education_level', 'organiser',
            'residence_area', 'training_area', 'programme_code', 'is_known_organiser_code', 'national_key',
            'raw_text', 'content_key', 'programme_name', 'birth_date_text', 'start_date_text', 'end_date_text', 'hours_text',
            'source_training_type', 'source_delivery_mode', 'source_sex', 'source_labour_status', 'source_education_level',
            'source_organiser', 'source_residence', 'source_training_place', 'national_number_status',
            'is_national_birth_date_plausible', 'is_conflicting',
        ]) }},
        training_type,
        case
            when training_type in ('{{ var("training_types_without_delivery_mode") | join("', '") }}') then cast('_Z' as {{ code }})
            else coalesce(delivery_mode, {{ unknown }})
        end as delivery_mode,
        coalesce(sex, national_sex, {{ unknown }}) as sex,
        sex is null and national_sex is not null as is_sex_derived,
        coalesce(labour_status, {{ unknown }}) as labour_status,
        coalesce(education_level, {{ unknown }}) as education_level,
        case when source_organiser is null then operator else organiser end as organiser,
        coalesce(residence_area, {{ unknown }}) as residence_area,
        coalesce(training_area, {{ unknown }}) as training_area,
        coalesce(programme_code, '_U') as programme_code,
        case
            when is_national_birth_date_plausible then national_birth_date
            when is_delivered_birth_date_plausible then delivered_birth_date
        end as birth_date,
        {% for rule in error_rules() %}breaks_{{ rule }}{{ ' or ' if not loop.last }}{% endfor %} as is_rejected

    from judged

)

select * from resolved
