-- Seeds on DuckDB: the engine reads the file itself. The adapter takes every cell through Python, which takes longer than
-- building the models of the sample. Cells are text, and empty ones missing, unless the seed says another type.
{% materialization seed, adapter='duckdb' %}
    {%- set path = (model['root_path'] ~ '/' ~ model['original_file_path']) | replace("'", "''") -%}
    {%- set cells %}
        select
            *
            {%- if config.get('column_types') %} replace (
                {%- for column, type in config.get('column_types').items() %}
                cast({{ column }} as {{ type }}) as {{ column }}{{ "," if not loop.last }}
                {%- endfor %}
            )
            {%- endif %}
        from read_csv('{{ path }}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', parallel = false)
    {%- endset -%}
    {#- what `dbt seed --show` would print -#}
    {%- do store_raw_result('agate_table', agate_table=none) -%}
    {{ return(synerstat.replace_relation('table', cells)) }}
{% endmaterialization %}

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
