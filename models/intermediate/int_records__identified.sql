-- Grain: one row per current record that is counted or feeds the mirror comparison, with its person.

with

records as (

    select * from {{ ref('int_records__versioned') }}
    where disposition in ('counted', 'mirror')

),

lent_keys as (

    select * from {{ ref('int_clients__lent_keys') }}

),

keyed as (

    select
        records.*,
        coalesce(records.person_national_key, lent_keys.national_key, records.client_key) as person_key,
        case
            when records.person_national_key is not null or lent_keys.national_key is not null then 'national'
            else 'operator'
        end as person_key_scope

    from records
    left join lent_keys
        on
            records.operator = lent_keys.operator
            and records.client_key = lent_keys.client_key

),

-- a small number for each person: everything below groups by it, at an eighth of the key's width
persons as (

    select
        person_key,
        cast(row_number() over (order by person_key) as bigint) as person_id

    from (select distinct person_key from keyed) as person_keys

),

identified as (

    select
        keyed.* {{ except_columns(['person_national_key', 'client_key']) }},
        persons.person_id

    from keyed
    inner join persons on keyed.person_key = persons.person_key

)

select * from identified
