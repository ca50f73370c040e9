-- Grain: one row per delivered month (or part of one) of a contract.
-- Quirks Q-FOREM-01 to Q-FOREM-03 end here.

with

source as (

    select * from {{ landed_records('forem') }}

),

renamed as (

    select
        {{ landed_columns() }},
        no_prestation as record_id,

        -- codes of the source, kept beside the harmonised ones
        upper(type_prestation) as source_training_type,
        upper(modalite) as source_delivery_mode,
        upper(sexe) as source_sex,
        upper(categorie) as source_labour_status,
        upper(niveau_etudes) as source_education_level,
        upper(organisateur) as source_organiser,
        upper(ins_commune) as source_residence,
        upper(ins_lieu) as source_training_place,

        upper(code_formation) as programme_code,
        intitule_formation as programme_name,
        date_naissance as birth_date_text,
        debut_prestation as start_date_text,
        fin_prestation as end_date_text,
        heures as hours_text,
        coalesce(upper(statut_prestation) = 'ANN', false) as is_cancelled

    from source

),

typed as (

    select
        renamed.*,
        {{ parse_date('birth_date_text', '%d-%m-%Y') }} as delivered_birth_date,
        {{ parse_date('start_date_text', '%d-%m-%Y') }} as start_date,
        {{ parse_date('end_date_text', '%d-%m-%Y') }} as end_date,
        {{ parse_number('hours_text', ',') }} as hours

    from renamed

),

coded as (

    {{ map_codes('typed', 'forem', ['training_type', 'delivery_mode', 'sex', 'labour_status', 'education_level', 'organiser']) }}

),

placed as (

    {{ map_refnis_areas('coded') }}

)

select * from placed
