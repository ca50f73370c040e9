-- Dates and quarters in the few forms the models need; engines differ in how they parse and add.

-- The first day of a quarter written '2019Q4'.
{% macro quarter_start(quarter) -%}
    make_date(cast(substr({{ quarter }}, 1, 4) as integer), cast(substr({{ quarter }}, 6, 1) as integer) * 3 - 2, 1)
{%- endmacro %}

-- The last day of a quarter written '2019Q4'.
{% macro quarter_end(quarter) -%}
    last_day(make_date(cast(substr({{ quarter }}, 1, 4) as integer), cast(substr({{ quarter }}, 6, 1) as integer) * 3, 1))
{%- endmacro %}

-- A number that grows by one from quarter to quarter, for a date.
{% macro quarter_index(date) -%}
    (cast(extract(year from {{ date }}) as integer) * 4 + cast(extract(quarter from {{ date }}) as integer))
{%- endmacro %}

-- Text in the operator's format -> date; null where it is no date of exactly that form.
{% macro parse_date(column, format) -%}
    {{ return(adapter.dispatch('parse_date')(column, format)) }}
{%- endmacro %}

{% macro default__parse_date(column, format) -%}
    {%- set pattern = format | replace('.', '[.]') | replace('%d', '[0-9]{2}') | replace('%m', '[0-9]{2}') | replace('%Y', '[0-9]{4}') -%}
    {#- four zeros in a row can only be the year: the engine has a year 0, the calendar has none -#}
    case
        when regexp_matches({{ column }}, '^{{ pattern }}$') and not {{ column }} like '%0000%'
            then cast(try_strptime({{ column }}, '{{ format }}') as date)
    end
{%- endmacro %}

{% macro spark__parse_date(column, format) -%}
    {%- set pattern = format | replace('.', '[.]') | replace('%d', '[0-9]{2}') | replace('%m', '[0-9]{2}') | replace('%Y', '[0-9]{4}') -%}
    case
        when {{ synerstat.matches(column, '^' ~ pattern ~ '$') }} and not {{ synerstat.matches(column, '(^|[^0-9])0000($|[^0-9])') }}
            then cast(try_to_timestamp({{ column }}, '{{ format | replace('%d', 'dd') | replace('%m', 'MM') | replace('%Y', 'yyyy') }}') as date)
    end
{%- endmacro %}

-- Days from one date to another: 0 for the same day.
{% macro days_between(first_date, last_date) -%}
    {{ return(adapter.dispatch('days_between')(first_date, last_date)) }}
{%- endmacro %}

{% macro default__days_between(first_date, last_date) -%}
    ({{ last_date }} - {{ first_date }})
{%- endmacro %}

{% macro spark__days_between(first_date, last_date) -%}
    datediff({{ last_date }}, {{ first_date }})
{%- endmacro %}

-- A date some days earlier.
{% macro days_before(date, days) -%}
    {{ return(adapter.dispatch('days_before')(date, days)) }}
{%- endmacro %}

{% macro default__days_before(date, days) -%}
    ({{ date }} - {{ days }})
{%- endmacro %}

{% macro spark__days_before(date, days) -%}
    date_sub({{ date }}, {{ days }})
{%- endmacro %}

-- The same day some years earlier; 28 February where that year has no 29th.
{% macro years_before(date, years) -%}
    {{ return(adapter.dispatch('years_before')(date, years)) }}
{%- endmacro %}

{% macro default__years_before(date, years) -%}
    cast({{ date }} - interval {{ years }} year as date)
{%- endmacro %}

{% macro spark__years_before(date, years) -%}
    add_months({{ date }}, -12 * {{ years }})
{%- endmacro %}

-- Completed years between a birth date and a day. Someone born on 29 February completes a year on
-- 1 March in common years, which comparing yyyymmdd as numbers gives by itself.
{% macro completed_years(birth_date, day) -%}
    cast(floor((
        (extract(year from {{ day }}) * 10000 + extract(month from {{ day }}) * 100 + extract(day from {{ day }}))
        - (extract(year from {{ birth_date }}) * 10000 + extract(month from {{ birth_date }}) * 100 + extract(day from {{ birth_date }}))
    ) / 10000.0) as integer)
{%- endmacro %}

-- A quarter written '2019Q4' as a time period: '2019-Q4'.
{% macro period_of_quarter(quarter) -%}
    substr({{ quarter }}, 1, 4) || '-' || substr({{ quarter }}, 5)
{%- endmacro %}
