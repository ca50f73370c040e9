-- Grain: one row per delivery of the reference quarter. How well the rows say who the person is; copies of rows are left out.

with

records as (

    select
        records.*,
        lent_keys.national_key as lent_key

    from {{ ref('int_records__judged') }} as records
    inner join {{ ref('quality_feedback_deliveries') }} as deliveries
        on records.delivery_number = deliveries.delivery_number
    left join {{ ref('int_clients__lent_keys') }} as lent_keys
        on
            records.operator = lent_keys.operator
            and records.client_key = lent_keys.client_key
    where records.is_judged

),

clients as (

    select
        delivery_number,
        client_key

    from records
    where client_key is not null and person_national_key is not null
    group by delivery_number, client_key
    having count(distinct person_national_key) > 1

),

numbers as (

    select
        delivery_number,
        person_national_key

    from records
    where client_key is not null and person_national_key is not null
    group by delivery_number, person_national_key
    having count(distinct client_key) > 1

),

clients_in_doubt as (

    select
        delivery_number,
        count(*) as clients
    from clients
    group by delivery_number

),

numbers_in_doubt as (

    select
        delivery_number,
        count(*) as numbers
    from numbers
    group by delivery_number

),

counted as (

    select
        delivery_number,
        count(*) as rows,
        sum(case when person_national_key is not null then 1 else 0 end) as rows_with_national_number,
        sum(case when breaks_missing_national_number then 1 else 0 end) as rows_without_national_number,
        sum(case when breaks_invalid_national_number then 1 else 0 end) as rows_with_invalid_national_number,
        sum(case when client_key is null then 1 else 0 end) as rows_without_client_number,
        sum(case when person_national_key is null and lent_key is not null then 1 else 0 end) as rows_identified_by_client,
        sum(case when is_number_replaced then 1 else 0 end) as rows_with_replaced_number,
        count(distinct coalesce(person_national_key, lent_key, client_key)) as persons,
        count(distinct coalesce(person_national_key, lent_key)) as persons_identified_nationally

    from records
    group by delivery_number

),

described as (

    select
        deliveries.delivery_number,
        {%- for column in [
            'rows', 'rows_with_national_number', 'rows_without_national_number', 'rows_with_invalid_national_number',
            'rows_without_client_number', 'rows_identified_by_client', 'rows_with_replaced_number', 'persons',
            'persons_identified_nationally',
        ] %}
        cast(coalesce(counted.{{ column }}, 0) as bigint) as {{ column }},
        {%- endfor %}
        cast(coalesce(clients_in_doubt.clients, 0) as bigint) as clients_with_several_numbers,
        cast(coalesce(numbers_in_doubt.numbers, 0) as bigint) as numbers_with_several_clients

    from {{ ref('quality_feedback_deliveries') }} as deliveries
    left join counted on deliveries.delivery_number = counted.delivery_number
    left join clients_in_doubt on deliveries.delivery_number = clients_in_doubt.delivery_number
    left join numbers_in_doubt on deliveries.delivery_number = numbers_in_doubt.delivery_number

)

select * from described
