-- Grain: one row per delivered contract.
-- Quirks Q-BF-01 and Q-BF-02 end here.

with

source as (

    select * from {{ landed_records('bruxelles_formation') }}

),

renamed as (

    select
        {{ landed_columns() }},
        id_contrat as record_id,

        -- codes of the source, kept beside the harmonised ones
        upper(type_formation) as source_training_type,
        upper(mode_formation) as source_delivery_mode,
        upper(genre) as source_sex,
        upper(statut) as source_labour_status,
        upper(diplome) as source_education_level,
        upper(organisme) as source_organiser,
        upper(ins_residence) as source_residence,
        upper(ins_lieu) as source_training_place,

        upper(code_produit) as programme_code,
        libelle_produit as programme_name,
        date_naissance as birth_date_text,
        date_debut as start_date_text,
        -- Q-BF-01: the planned end stands in while the real one is not known
        coalesce(date_fin_reelle, date_fin_prevue) as end_date_text,
        heures_prestees as hours_text,
        coalesce(upper(etat) = 'ANNULE', false) as is_cancelled

    from source

),

typed as (

    select
        renamed.*,
        {{ parse_date('birth_date_text', '%Y-%m-%d') }} as delivered_birth_date,
        {{ parse_date('start_date_text', '%Y-%m-%d') }} as start_date,
        {{ parse_date('end_date_text', '%Y-%m-%d') }} as end_date,
        {{ parse_number('hours_text', '.') }} as hours

    from renamed

),

coded as (

    {{ map_codes('typed', 'bruxelles_formation', ['training_type', 'delivery_mode', 'sex', 'labour_status', 'education_level', 'organiser']) }}

),

placed as (

    {{ map_refnis_areas('coded') }}

)

select * from placed
