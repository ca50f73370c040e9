/*
What it checks   The headline figure that a feedback report starts from is the one of mart_participants_by_training.
Why it matters   The report tells an operator what its rows do to this figure; it must be the published one.
If it fails      The report takes a person as present by its records, the mart by its participations: look for a
                 participation in the quarter that no counted record touches.
*/

with

headlines as (

    select
        deliveries.operator,
        effects.participants_counted

    from {{ ref('quality_rule_effects') }} as effects
    inner join {{ ref('int_deliveries__ranked') }} as deliveries on effects.delivery_number = deliveries.delivery_number
    where effects.rule = '_T'

),

figures as (

    select
        operator,
        participants_present

    from {{ ref('mart_participants_by_training') }}
    where
        time_period = '{{ var("reference_quarter")[:4] }}-{{ var("reference_quarter")[4:] }}'
        and training_area = '_T'
        and training_type = '_T'
        and delivery_mode = '_T'

)

select
    headlines.operator,
    headlines.participants_counted,
    figures.participants_present
from headlines
left join figures on headlines.operator = figures.operator
where headlines.participants_counted <> coalesce(figures.participants_present, 0)
