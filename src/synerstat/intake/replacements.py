"""Identifier replacements: one person's national number was replaced by another one.

Old numbers are treated as the new one, chains are followed to the end. Edges on a cycle and
invalid numbers are reported and ignored; of two lines for one old number the later counts.
"""

import math
from pathlib import Path
from typing import Final

import duckdb

from synerstat.intake import national_numbers
from synerstat.intake.limits import IntakeLimits
from synerstat.intake.pseudonyms import Secret, national_key_sql
from synerstat.intake.results import Notice, NoticeKind, UnreadableFileError
from synerstat.intake.text_files import WHITE_SPACE, TextDialect, stream_text_file
from synerstat.intake.text_rows import fields_sql, logical_rows, path_literal, read_header

FILE_NAME: Final = "identifier_replacements.csv"
COLUMNS: Final = ("old_niss", "new_niss", "valid_from")
_DIALECT: Final = TextDialect(",", "utf-8", True)
_LINES_SHOWN: Final = 20


class UnusableReplacementsError(Exception):
    """The whole file can't be used; the message says why."""


def write_replacements(
    connection: duckdb.DuckDBPyConnection,
    source: Path | None,
    secret: Secret,
    limits: IntakeLimits,
    work: Path,
    target: Path,
) -> list[Notice]:
    """Write old_key and new_key (the end of the chain), one row for each old number.

    `source` None writes no rows. Raises UnusableReplacementsError where the file has no usable
    header or can't be read.
    """
    connection.execute("create or replace temp table edges (old_key varchar, new_key varchar)")
    notices = [] if source is None else _read_edges(connection, source, secret, limits, work)
    notices += _drop_cycles(connection)
    _follow_chains(connection, "reached")
    connection.execute(
        f"""
        copy (
            select old_key, new_key from reached order by old_key
        ) to {path_literal(target)} (format parquet, compression zstd)
        """
    )
    connection.execute("drop table if exists edges")
    connection.execute("drop table if exists edge_lines")
    connection.execute("drop table if exists reached")
    return notices


def _read_edges(
    connection: duckdb.DuckDBPyConnection,
    source: Path,
    secret: Secret,
    limits: IntakeLimits,
    work: Path,
) -> list[Notice]:
    _, lines = stream_text_file(source, work / "replacement_lines.parquet", _DIALECT, limits)
    if isinstance(lines, UnreadableFileError):
        raise UnusableReplacementsError(str(lines))
    header = read_header(lines, _DIALECT.delimiter) if lines.head_line else None
    names = [name.strip(WHITE_SPACE).lower() for name in header.names] if header else []
    if header is None or any(names.count(name) != 1 for name in COLUMNS):
        raise UnusableReplacementsError(
            f"The header must name {', '.join(COLUMNS)} once each, separated by commas."
        )
    rows = logical_rows(
        connection,
        lines,
        header,
        _DIALECT.delimiter,
        limits.row_bytes,
        work / "replacement_rows.parquet",
    )
    positions = [names.index(name) for name in COLUMNS]
    fields = fields_sql(lines, rows, header, positions, _DIALECT.delimiter, limits.row_bytes)
    parsed = {
        side: national_numbers.parsed_sql(f"({fields})", f"value_{number}")
        for number, side in enumerate(("old", "new"))
    }
    key = national_key_sql("number_digits")
    connection.execute(
        f"""
        create or replace temp table edge_lines as
        with old_side as (
            select
                row_number,
                line_number,
                unreadable_reason,
                case when national_number_status = 'valid' then {key} end as old_key
            from ({parsed["old"]})
        ),

        new_side as (
            select
                row_number,
                case when national_number_status = 'valid' then {key} end as new_key
            from ({parsed["new"]})
        )

        select *
        from old_side
        inner join new_side using (row_number)
        """,
        secret.parameters(),
    )
    connection.execute(
        """
        insert into edges
        select
            old_key,
            arg_max(new_key, row_number)
        from edge_lines
        where old_key is not null and new_key is not null
        group by old_key
        """
    )
    notices = _notice(
        connection,
        NoticeKind.REPLACEMENT_UNREADABLE,
        "can't be read and is ignored. Mend the quoting or the number of values",
        "select line_number from edge_lines where unreadable_reason is not null",
    )
    notices += _notice(
        connection,
        NoticeKind.REPLACEMENT_INVALID_NUMBER,
        "holds a national number that is not valid and is ignored. Mend the number",
        """
        select line_number from edge_lines
        where unreadable_reason is null and (old_key is null or new_key is null)
        """,
    )
    notices += _notice(
        connection,
        NoticeKind.REPLACEMENT_CONFLICT,
        "is ignored: a later line replaces the same number by another one. Keep one of them",
        """
        select edge_lines.line_number
        from edge_lines
        inner join edges on edge_lines.old_key = edges.old_key
        where edge_lines.new_key <> edges.new_key
        """,
    )
    return notices


def _drop_cycles(connection: duckdb.DuckDBPyConnection) -> list[Notice]:
    _follow_chains(connection, "reached")
    # after as many steps as there are edges, only a walk that has no end still has a way out,
    # and it has walked onto its cycle by then
    connection.execute(
        """
        create or replace temp table on_cycle as
        select distinct reached.new_key as old_key
        from reached
        inner join edges on reached.new_key = edges.old_key
        """
    )
    has_lines = connection.execute(
        "select count(*) from duckdb_tables() where table_name = 'edge_lines'"
    ).fetchone()
    notices = []
    if has_lines and has_lines[0]:
        notices = _notice(
            connection,
            NoticeKind.REPLACEMENT_CYCLE,
            "is part of a cycle of replacements and is ignored. Say which number is the last one",
            """
            select edge_lines.line_number
            from edge_lines
            inner join edges
                on edge_lines.old_key = edges.old_key and edge_lines.new_key = edges.new_key
            inner join on_cycle on edges.old_key = on_cycle.old_key
            """,
        )
    connection.execute("delete from edges where old_key in (select old_key from on_cycle)")
    connection.execute("drop table on_cycle")
    return notices


def _follow_chains(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Table `name`: where each old key ends after at least as many steps as there are edges."""
    counted = connection.execute("select count(*) from edges").fetchone()
    edges = int(counted[0]) if counted else 0
    connection.execute(f"create or replace temp table {name} as select * from edges")
    # each round doubles the steps taken
    for _ in range(math.ceil(math.log2(edges + 1))):
        connection.execute(
            f"""
            create or replace temp table {name} as
            select
                here.old_key,
                coalesce(further.new_key, here.new_key) as new_key
            from {name} as here
            left join {name} as further on here.new_key = further.old_key
            """
        )


def _notice(
    connection: duckdb.DuckDBPyConnection, kind: NoticeKind, what: str, lines: str
) -> list[Notice]:
    found = [row[0] for row in connection.execute(f"{lines} order by 1").fetchall()]
    if not found:
        return []
    shown = ", ".join(str(line) for line in found[:_LINES_SHOWN])
    more = f" and {len(found) - _LINES_SHOWN:,} more" if len(found) > _LINES_SHOWN else ""
    label = "line" if len(found) == 1 else "lines (each)"
    message = f"{FILE_NAME}, {label} {shown}{more}: {what}."
    return [Notice(kind, message, file_name=FILE_NAME)]
