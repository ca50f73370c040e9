"""From physical lines to rows and fields, in SQL.

What counts as a field is what Python's `csv` accepts in strict mode: a field that begins with a
quote ends with a quote right before the delimiter or the end of the row, a quote inside it is
doubled, and it may hold delimiters and line breaks. A quote inside a field that does not begin
with one (`5" pipe`) is an ordinary character.

A quote that is never closed must not swallow the rows after it. So lines are joined to one row
only where the quote that a line leaves open is closed properly on a later line, and no line in
between is a whole row by itself; otherwise the line is a row with broken quoting and reading goes
on after it.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from synerstat.intake.text_files import UNDECODABLE, WHITE_SPACE, TextLines


@dataclass(frozen=True)
class Header:
    """The names of a text file's columns as delivered, and the last physical line they take."""

    names: tuple[str, ...]
    last_line: int


@dataclass(frozen=True)
class TextRows:
    """Rows of a text file below its header, as Parquet with the columns of the physical lines.

    `skipped` is what `row_number` is ahead by in that file.
    """

    path: Path
    rows: int
    skipped: int
    after_line: int
    has_line_breaks: bool


class _Grammar:
    """Patterns of one delimiter, for RE2 (SQL) and Python alike."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        mark = re.escape(delimiter) if delimiter != "\t" else r"\t"
        in_class = f"\\{delimiter}" if delimiter in "\\]^-" else mark
        quoted = '"(?:[^"]|"")*"'
        self.field = f'{quoted}|[^"{in_class}][^{in_class}]*|'
        self.header_field = f'{quoted}|[^"{in_class}\\n][^{in_class}\\n]*|'
        self.mark = mark
        self.whole = f"^(?:(?:{self.field}){mark})*(?:{self.field})$"
        # ends inside a quoted field
        self.open = f'^(?:(?:{self.field}){mark})*"(?:[^"]|"")*$'
        self.each = f"({self.field}){mark}"


# where a line begins inside quotes and never leaves them
_STAYS_INSIDE: Final = '^(?:[^"]|"")*$'


def read_header(lines: TextLines, delimiter: str) -> Header | None:
    """Names in the first row that is not blank; None where its quoting is broken."""
    grammar = _Grammar(delimiter)
    row = f"(?:(?:{grammar.header_field}){grammar.mark})*(?:{grammar.header_field})"
    match = re.match(f"{row}(?=\n|\\Z)", lines.head)
    if match is None:
        return None
    fields = re.findall(f"({grammar.header_field}){grammar.mark}", match[0] + delimiter)
    names = tuple(f[1:-1].replace('""', '"') if f.startswith('"') else f for f in fields)
    return Header(names, lines.head_line + match[0].count("\n"))


def logical_rows(
    connection: duckdb.DuckDBPyConnection,
    lines: TextLines,
    header: Header,
    delimiter: str,
    row_bytes: int,
    target: Path,
) -> TextRows:
    """Join the lines of quoted values that hold line breaks.

    Of a row longer than `row_bytes` no more is kept than shows that it is.

    Where no line has an odd number of quotes there are none, and the lines are the rows. Otherwise
    `target` is written.
    """
    if not lines.has_odd_quotes:
        return TextRows(lines.path, lines.rows - 1, 1, header.last_line, False)
    grammar = _Grammar(delimiter)
    connection.execute(
        f"""
        copy (
            with

            lines as (

                select
                    line_number,
                    is_blank,
                    quotes,
                    text,
                    sum(strlen(text) + 1) over (
                        order by line_number rows unbounded preceding
                    ) as bytes_so_far
                from read_parquet($lines)
                where line_number > $header_line

            ),

            -- how a line reads when it begins outside quotes, and when it begins inside
            judged as (

                select
                    line_number,
                    case
                        when quotes = 0 then 'whole'
                        when regexp_matches(text, $whole) then 'whole'
                        when regexp_matches(text, $open) then 'open'
                        else 'broken'
                    end as outside,
                    case
                        when quotes = 0 or regexp_matches(text, $stays_inside) then 'inside'
                        when regexp_matches('"' || text, $whole) then 'end'
                        when regexp_matches('"' || text, $open) then 'reopen'
                        else 'broken'
                    end as inside,
                    case
                        when quotes = 0
                            then length(text) - length(replace(text, $delimiter, '')) + 1
                        when regexp_matches(text, $whole)
                            then len(regexp_extract_all(text || $delimiter, $each))
                        when regexp_matches(text, $open)
                            then len(regexp_extract_all(text || '"' || $delimiter, $each))
                    end as fields_outside,
                    case
                        when quotes = 0 or regexp_matches(text, $stays_inside) then 0
                        when regexp_matches('"' || text, $whole)
                            then len(regexp_extract_all('"' || text || $delimiter, $each)) - 1
                        when regexp_matches('"' || text, $open)
                            then len(regexp_extract_all('"' || text || '"' || $delimiter, $each))
                                - 1
                        else 0
                    end as fields_inside
                from lines

            ),

            -- running counts up to each line
            placed as (

                select
                    line_number,
                    outside,
                    inside,
                    fields_outside,
                    outside = 'whole' and fields_outside = $columns as is_row,
                    sum(fields_inside) over counted as fields_so_far,
                    sum((outside = 'whole' and fields_outside = $columns)::int) over counted
                        as rows_so_far
                from judged
                window counted as (order by line_number rows unbounded preceding)

            ),

            -- for each value left open the first line that leaves quotes for good
            candidates as (

                select
                    openings.line_number as opening_line,
                    closings.line_number as closing_line
                from (select * from placed where outside = 'open') as openings
                asof inner join (select * from placed where inside in ('end', 'broken')) as closings
                    on openings.line_number < closings.line_number
                where
                    closings.inside = 'end'
                    -- no line in between is a row by itself
                    and closings.rows_so_far - closings.is_row::int = openings.rows_so_far
                    -- nor is the last one, unless the joined row comes out right
                    and (
                        not closings.is_row
                        or openings.fields_outside
                        + closings.fields_so_far
                        - openings.fields_so_far
                        = $columns
                    )

            ),

            -- of several lines that one line could close the earliest counts, but the line that
            -- closed the row before is no longer free to open one
            first_two as (

                select
                    closing_line,
                    min(opening_line) as first_opening,
                    max(opening_line) filter (where place = 2) as second_opening
                from (
                    select
                        *,
                        row_number() over (
                            partition by closing_line order by opening_line
                        ) as place
                    from candidates
                )
                where place <= 2
                group by closing_line

            ),

            contested as (

                select
                    *,
                    coalesce(
                        first_opening = lag(closing_line) over (order by closing_line), false
                    ) as is_contested
                from first_two

            ),

            -- in a run of rows that each need the last line of the one before, every other stands
            alternating as (

                select
                    *,
                    row_number() over (partition by run order by closing_line) % 2 = 1 as is_taken
                from (
                    select
                        *,
                        count(*) filter (where not is_contested or second_opening is not null)
                            over (order by closing_line) as run
                    from contested
                )

            ),

            joined as (

                select
                    case
                        when
                            is_contested
                            and second_opening is not null
                            and lag(is_taken) over (order by closing_line)
                            then second_opening
                        else first_opening
                    end as opening_line,
                    closing_line
                from alternating
                qualify is_taken

            ),

            spread as (

                select
                    lines.*,
                    joined.opening_line,
                    joined.closing_line
                from lines
                asof left join joined on lines.line_number >= joined.opening_line

            ),

            whole_rows as (

                select
                    line_number,
                    quotes,
                    text,
                    false as is_joined
                from spread
                where coalesce(line_number > closing_line, true) and not is_blank

                union all

                select
                    opening_line as line_number,
                    sum(quotes)::integer as quotes,
                    -- a row that is too long to be read is not put together in memory
                    string_agg(text, chr(10) order by line_number)
                        filter (where bytes_so_far - strlen(text) - bytes_before <= $row_bytes + 2)
                    as text,
                    true as is_joined
                from (
                    select
                        *,
                        first_value(bytes_so_far - strlen(text) - 1) over (
                            partition by opening_line order by line_number
                        ) as bytes_before
                    from spread
                    where line_number <= closing_line
                )
                group by opening_line

            )

            select
                line_number,
                row_number() over (order by line_number) as row_number,
                false as is_blank,
                quotes,
                text,
                is_joined
            from whole_rows
            order by line_number
        ) to {path_literal(target)} (format parquet, compression lz4)
        """,
        {
            "lines": str(lines.path),
            "header_line": header.last_line,
            "whole": grammar.whole,
            "open": grammar.open,
            "each": grammar.each,
            "stays_inside": _STAYS_INSIDE,
            "delimiter": delimiter,
            "columns": len(header.names),
            "row_bytes": row_bytes,
        },
    )
    counted = connection.execute(
        "select count(*), coalesce(bool_or(is_joined), false) from read_parquet($rows)",
        {"rows": str(target)},
    ).fetchone()
    assert counted is not None
    return TextRows(target, int(counted[0]), 0, header.last_line, bool(counted[1]))


def fields_sql(
    lines: TextLines,
    rows: TextRows,
    header: Header,
    positions: list[int],
    delimiter: str,
    row_bytes: int,
) -> str:
    """SELECT of one file's rows with one text column `value_<n>` for each of `positions`.

    Columns: row_number (from 1 within the file), line_number, unreadable_reason, text (of
    unreadable rows only), value_0 ... Values are trimmed, empty ones null. Those of an unreadable
    row are null. A row longer than `row_bytes` is unreadable.
    """
    grammar = _Grammar(delimiter)
    mark = text_literal(delimiter)
    split = f"string_split(text, {mark})"
    if not lines.has_quotes:
        split = f"case when strlen(text) <= {row_bytes} then {split} end"
    else:
        split = f"""
            case
                when strlen(text) > {row_bytes} then null
                when quotes = 0 then {split}
                when regexp_matches(text, {text_literal(grammar.whole)})
                    then list_transform(
                        regexp_extract_all(text || {mark}, {text_literal(grammar.each)}, 1),
                        lambda field: case
                            when starts_with(field, '"')
                                then replace(field[2:-2], '""', '"')
                            else field
                        end
                    )
            end"""
    undecodable = (
        f"when contains(text, {text_literal(UNDECODABLE)}) then 'undecodable_text'"
        if lines.has_undecodable
        else ""
    )
    odd_space = "false"
    if lines.has_odd_space or rows.has_line_breaks:
        odd = "".join(c for c in WHITE_SPACE if c not in (" ", delimiter))
        odd_space = f"regexp_matches(text, {text_literal(f'[{odd}]')})"
        if delimiter.isspace():
            # one that delimits may still stand inside quotes
            odd_space = f"(quotes > 0 or {odd_space})"
    values = ",\n".join(
        f"{_trimmed(f'fields[{position + 1}]', odd_space)} as value_{number}"
        for number, position in enumerate(positions)
    )
    return f"""
        select
            row_number,
            line_number,
            unreadable_reason,
            text,
            {values}
        from (
            select
                row_number,
                line_number,
                unreadable_reason,
                case when unreadable_reason is not null then text end as text,
                case when unreadable_reason is null then fields end as fields,
                has_odd_space
            from (
                select
                    *,
                    case
                        when strlen(text) > {row_bytes} then 'row_too_long'
                        {undecodable}
                        when fields is null then 'broken_quoting'
                        when len(fields) <> {len(header.names)} then 'wrong_field_count'
                    end as unreadable_reason,
                    {odd_space} as has_odd_space
                from (
                    select
                        row_number - {rows.skipped} as row_number,
                        line_number,
                        quotes,
                        text,
                        {split} as fields
                    from read_parquet({path_literal(rows.path)})
                    where not is_blank and line_number > {rows.after_line}
                )
            )
        )
    """


def _trimmed(field: str, odd_space: str) -> str:
    plain = f"nullif(trim({field}), '')"
    if odd_space == "false":
        return plain
    thorough = f"nullif(trim({field}, {text_literal(WHITE_SPACE)}), '')"
    return f"case when has_odd_space then {thorough} else {plain} end"


def text_literal(text: str) -> str:
    """A text as SQL literal. Never for values out of a delivery, nor for anything secret."""
    return "'" + text.replace("'", "''") + "'"


def path_literal(path: Path) -> str:
    """A path as SQL literal, where a parameter is not allowed."""
    return text_literal(str(path))
