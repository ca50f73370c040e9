-- Seeds on Spark. The adapter's own loading writes missing values as the text 'None', leaves quotes unescaped and casts every
-- cell in the statement; here a batch of rows is one text in JSON, which any cluster takes and which is read at once.
{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set statements = [] -%}
    {%- for chunk in agate_table.rows | batch(1000) %}
        {%- set rows = [] -%}
        {%- for row in chunk %}
            {%- set cells = [] -%}
            {%- for cell in row %}{% do cells.append(none if cell is none else cell | string) %}{% endfor -%}
            {%- do rows.append(cells) -%}
        {%- endfor -%}
        {%- set sql -%}
            insert into {{ this.render() }}
            select
                {%- for column in agate_table.column_names %}
                cast(cells[{{ loop.index0 }}] as {{ types.get(column, adapter.convert_type(agate_table, loop.index0)) }}){{ "," if not loop.last }}
                {%- endfor %}
            from (select explode(from_json('{{ tojson(rows) | replace("\\", "\\\\") | replace("'", "\\'") }}', 'array<array<string>>')) as cells)
        {%- endset -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
        {%- do statements.append(sql) if not statements -%}
    {%- endfor -%}
    {{ return(statements[0] if statements else '') }}
{% endmacro %}
