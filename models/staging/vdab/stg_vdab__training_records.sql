-- Grain: one row per delivered module enrolment.
-- Quirks Q-VDAB-01 to Q-VDAB-03 end here.

with

source as (

    select * from {{ landed_records('vdab') }}

),

renamed as (

    select
        {{ landed_columns() }},
        inschrijving_id as record_id,

        -- codes of the source, kept beside the harmonised ones
        upper(soort) as source_training_type,
        upper(lesvorm) as source_delivery_mode,
        upper(geslacht) as source_sex,
        upper(statuut) as source_labour_status,
        upper(studieniveau) as source_education_level,
        upper(inrichter) as source_organiser,
        upper(gemeente_nis) as source_residence,
        upper(campus_nis) as source_training_place,

        upper(opleiding_code) as programme_code,
        opleiding_naam as programme_name,
        geboortedatum as birth_date_text,
        begindatum as start_date_text,
        einddatum as end_date_text,
        uren as hours_text,
        coalesce(upper(stopcode) = 'ANN', false) as is_cancelled

    from source

),

typed as (

    select
        renamed.*,
        {{ parse_date('birth_date_text', '%d/%m/%Y') }} as delivered_birth_date,
        {{ parse_date('start_date_text', '%d/%m/%Y') }} as start_date,
        {{ parse_date('end_date_text', '%d/%m/%Y') }} as end_date,
        {{ parse_number('hours_text', ',') }} as hours

    from renamed

),

coded as (

    {{ map_codes('typed', 'vdab', ['training_type', 'delivery_mode', 'sex', 'labour_status', 'education_level', 'organiser']) }}

),

placed as (

    {{ map_refnis_areas('coded') }}

)

select * from placed
