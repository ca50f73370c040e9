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

-- A key of a person or client as the warehouse keeps it: its first 128 bits, as 32 hexadecimal digits. They tell persons apart
-- as well as all 256 do (two of a hundred million would share them once in 10^22 times), in the same order, and half the text is
-- read, compared and written. Landing holds the whole key.
{% macro short_key(key) -%}
    substr({{ key }}, 1, 32)
{%- endmacro %}
