-- Grain: one row per check, nomenclature and operator, or code list. Are the nomenclatures sound?

{%- set crosswalks = {
    'training_type': 'TRAINING_TYPE', 'organiser': 'OPERATOR', 'sex': 'SEX', 'education_level': 'EDUCATION_LEVEL',
    'labour_status': 'LABOUR_STATUS', 'delivery_mode': 'DELIVERY_MODE',
} %}

with

code_lists as (

    select * from {{ ref('code_lists') }}

),

mappings as (
{% for dimension, code_list in crosswalks.items() %}
    select
        'crosswalk_{{ dimension }}' as crosswalk,
        '{{ code_list }}' as code_list,
        operator,
        upper(source_code) as source_code,
        target_code,
        coalesce(valid_from, cast('0001-01-01' as date)) as valid_from,
        coalesce(valid_to, {{ far_future() }}) as valid_to
    from {{ ref('crosswalk_' ~ dimension) }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

followed as (

    select
        *,
        lead(valid_from) over (partition by crosswalk, operator, source_code order by valid_from, valid_to) as next_valid_from

    from mappings

),

judged as (

    select
        followed.crosswalk as mart,
        'all periods, operator=' || followed.operator as scope,
        followed.operator as whose_data,
        sum(case when followed.next_valid_from <= followed.valid_to then 1 else 0 end) as overlapping,
        sum(case when code_lists.code is null and followed.target_code <> '_X' then 1 else 0 end) as without_target

    from followed
    left join code_lists
        on
            followed.code_list = code_lists.code_list
            and followed.target_code = code_lists.code
    group by followed.crosswalk, followed.operator

),

mapped as (

    select
        *,
        '{{ var("reference_quarter")[:4] }}-{{ var("reference_quarter")[4:] }}' as time_period

    from judged

),

labelled as (

    select
        'code_lists' as mart,
        '{{ var("reference_quarter")[:4] }}-{{ var("reference_quarter")[4:] }}' as time_period,
        'code_list=' || code_list as scope,
        cast(null as {{ dbt.type_string() }}) as whose_data,
        sum(
            {%- for language in ['en', 'fr', 'nl', 'de'] %}
            case when coalesce(trim(label_{{ language }}), '') = '' then 1 else 0 end{{ ' +' if not loop.last }}
            {%- endfor %}
        ) as missing_labels

    from code_lists
    group by code_list

),

compared as (
    {{- compare('mapped', [
        {
            'check': 'mappings_do_not_overlap', 'indicator': 'mappings',
            'actual': 'overlapping', 'at_least': '0', 'at_most': '0',
        },
        {
            'check': 'mappings_lead_to_code_lists', 'indicator': 'mappings',
            'actual': 'without_target', 'at_least': '0', 'at_most': '0',
        },
    ]) }}
    union all
    {{- compare('labelled', [{
        'check': 'codes_have_four_labels', 'indicator': 'missing_labels',
        'actual': 'missing_labels', 'at_least': '0', 'at_most': '0',
    }]) }}

)

select * from compared
