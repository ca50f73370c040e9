-- Grain: one row per delivered participation in a measure.
-- Quirks Q-ADG-01 and Q-ADG-02 end here.

with

source as (

    select * from {{ landed_records('adg') }}

),

renamed as (

    select
        {{ landed_columns() }},
        teilnahme_nr as record_id,

        -- codes of the source, kept beside the harmonised ones
        upper(massnahme_art) as source_training_type,
        upper(form) as source_delivery_mode,
        upper(geschlecht) as source_sex,
        upper(status) as source_labour_status,
        upper(bildungsniveau) as source_education_level,
        upper(traeger) as source_organiser,
        upper(wohnort_plz) as source_residence,
        upper(ort_plz) as source_training_place,

        upper(massnahme_code) as programme_code,
        massnahme_name as programme_name,
        geburtsdatum as birth_date_text,
        beginn as start_date_text,
        ende as end_date_text,
        stunden as hours_text,
        coalesce(upper(abbruch) = 'STORNO', false) as is_cancelled

    from source

),

typed as (

    select
        renamed.*,
        {{ parse_date('birth_date_text', '%d.%m.%Y') }} as delivered_birth_date,
        {{ parse_date('start_date_text', '%d.%m.%Y') }} as start_date,
        {{ parse_date('end_date_text', '%d.%m.%Y') }} as end_date,
        {{ parse_number('hours_text', ',') }} as hours

    from renamed

),

coded as (

    {{ map_codes('typed', 'adg', ['training_type', 'delivery_mode', 'sex', 'labour_status', 'education_level', 'organiser']) }}

),

placed as (

    {{ map_post_code_areas('coded') }}

)

select * from placed
