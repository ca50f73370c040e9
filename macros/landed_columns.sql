-- The columns that intake adds to every operator's rows: where the row stands, whether it could be read, and
-- who it is about (keys only). They are the same for all operators.
{% macro landed_columns() -%}
        operator,
        reference_quarter,
        sequence,
        file_name,
        row_number,
        line_number,
        unreadable_reason,
        raw_text,
        national_number_status,
        national_key,
        national_birth_date,
        national_sex,
        client_key,
        content_key
{%- endmacro %}
