/*
What it checks   The operators of the variable `operators` (one staging model each), of the code list OPERATOR, of
                 the home areas and of the organisers that the crosswalk leads to are the same.
Why it matters   An operator without a label can't be published; one without a home area has no mirror; one that
                 nobody can name as organiser has none either.
If it fails      The source shown lacks the operator shown, or has one too many. A new operator belongs in all of
                 them.
*/

with

staged as (
{% for operator in var('operators') %}
    select '{{ operator }}' as operator
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

named as (

    select
        'variable operators' as source,
        operator
    from staged
    union all
    select
        'code list OPERATOR' as source,
        code as operator
    from {{ ref('code_lists') }}
    where code_list = 'OPERATOR'
    union all
    select
        'operator_home_areas' as source,
        operator
    from {{ ref('operator_home_areas') }}
    union all
    select distinct
        'crosswalk_organiser' as source,
        target_code as operator
    from {{ ref('crosswalk_organiser') }}
    where target_code <> '_X'

),

sources as (

    select distinct source from named

),

operators as (

    select distinct operator from named

)

select
    sources.source,
    operators.operator,
    count(named.operator) as times_named
from sources
cross join operators
left join named
    on
        sources.source = named.source
        and operators.operator = named.operator
group by sources.source, operators.operator
having count(named.operator) <> 1
