-- Schemas carry their plain names (`marts`, `staging`, ...), whatever the target's own schema is:
-- the names of the published marts are an interface.
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
