-- Does this build continue the one before it? Only where the caller says so (SYNERSTAT_CONTINUE=yes), who knows that the one
-- before was finished, that rules, mappings and what had landed are the same, and that at most deliveries came on top. Any
-- other build makes every table anew, as `dbt build` alone always does. Only DuckDB continues.
{% macro is_continued() -%}
    {{ return(execute and target.type == 'duckdb' and env_var('SYNERSTAT_CONTINUE', 'no') == 'yes') }}
{%- endmacro %}

-- The condition on delivered rows of the deliveries that a continued build adds. Their quarters are named, so that the rows of
-- all others are not even read; `is_new` alone is known too late for that.
{% macro is_added() -%}
    {%- if not synerstat.is_continued() -%}
    {%- do synerstat.wait_for('int_deliveries__ranked') -%}
    {{ return('true') }}
    {%- endif -%}
    {%- set quarters = run_query("select distinct reference_quarter from " ~ ref('int_deliveries__ranked') ~ " where is_new order by 1") -%}
    {%- set names = quarters.columns[0].values() -%}
    is_new and {{ "reference_quarter in ('" ~ names | join("', '") ~ "')" if names else 'false' }}
{%- endmacro %}

-- A relation as the build before left it, for models that are read before they are continued. It is no `ref`: the model
-- depends on what reads it, not the other way round.
{% macro before(model_name) -%}
    {{ return(api.Relation.create(database=target.database, schema='intermediate', identifier=model_name)) }}
{%- endmacro %}

-- The condition on the rows that a continued build makes anew: `column` stands in a row of the model `reopened`. Any other
-- build makes all of them.
{% macro is_reopened(column, reopened, condition='true') -%}
    {%- if is_continued() -%}
    {{ column }} in (select reopened.{{ column.split('.') | last }} from {{ ref(reopened) }} as reopened where {{ condition }})
    {%- else -%}
    {{ synerstat.wait_for(reopened) }}true
    {%- endif -%}
{%- endmacro %}

-- A model that has to be built before, though nothing is read from it in this build. Only what parses needs to know.
{% macro wait_for(model_name) -%}
    {%- if not execute %}{% do ref(model_name) %}{% endif -%}
{%- endmacro %}

-- As a pre-hook: takes the rows away that are made anew. The model itself says `is_reopened` of the same rows.
{% macro make_way(column, reopened, condition='true') -%}
    {%- if is_continued() -%}
    delete from {{ this }} where {{ synerstat.is_reopened(column, reopened, condition) }}
    {%- endif -%}
{%- endmacro %}

-- The rows of which `make_way` has left none: those of reopened persons whose `key` is not in the table that is continued.
{% macro is_missing(key) -%}
    {%- if is_continued() -%}
    {{ synerstat.is_reopened('person_id', 'int_persons__reopened', 'reopened_from is not null') }}
    and {{ key }} not in (select kept.{{ key }} from {{ this }} as kept)
    {%- else -%}
    {{ synerstat.wait_for('int_persons__reopened') }}true
    {%- endif -%}
{%- endmacro %}

-- The periods of persons that a continued build counts anew: `persons` and `periods` are relations of the query.
{% macro is_counted_anew(persons, periods=none) -%}
    {%- if is_continued() -%}
    exists (
        select 1 as found
        from {{ ref('int_persons__reopened_periods') }} as reopened
        where
            reopened.person_id = {{ persons }}.person_id
            and reopened.period_number = {{ periods or persons }}.period_number
    )
    {%- else -%}
    {{ synerstat.wait_for('int_persons__reopened_periods') }}true
    {%- endif -%}
{%- endmacro %}

-- As a pre-hook: takes these rows away from a table with one row for a person, or a participation, and period.
{% macro make_way_for_periods() -%}
    {%- if is_continued() -%}
    delete from {{ this }} as made_before where {{ synerstat.is_counted_anew('made_before') }}
    {%- endif -%}
{%- endmacro %}
