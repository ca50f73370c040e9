"""Writes `records.parquet`: the rows of a delivery, pseudonymised. One streaming statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from synerstat.contracts import DeliveryContract
from synerstat.intake import national_numbers
from synerstat.intake.pseudonyms import (
    Secret,
    content_sql,
    hmac_sql,
    masked_national_sql,
    masked_raw_sql,
    may_hold_national_sql,
    national_key_sql,
)
from synerstat.intake.text_files import UNDECODABLE
from synerstat.intake.text_rows import path_literal, text_literal
from synerstat.masking import without_national_numbers

_PERSONAL = ("national_number", "client_number")
_FIGURES_DEPEND_ON = ("record_id", "hours")
ROW_GROUP = 122_880
# characters of each value
_SHOWN_OF_LONG_ROWS = 40
# a number whose decimal sign stands where none stands in a national number
_PLAIN_HOURS = "[+]?[0-9]{1,5}([.,][0-9]{1,10})?"


@dataclass(frozen=True)
class FileRows:
    """The readable and unreadable rows of one data file.

    `select` yields row_number (from 1 within the file), line_number, unreadable_reason, text and
    value_0 ... in contract order, in delivered order.
    """

    file_name: str
    rows: int
    select: str


def values_select(values: Path, columns: int, delimiter: str, row_bytes: int) -> str:
    """SELECT for `FileRows` over typed rows written as text.

    A row of more than `row_bytes` is unreadable; its text is how its values begin, with the
    operator's delimiter between them. A small file can hold very many such rows, so it is short.
    """
    names = [f"value_{number}" for number in range(columns)]
    length = " + ".join(f"coalesce(strlen({name}), 0)" for name in names)
    is_readable = f"{length} <= {row_bytes}"
    parts = ", ".join(f"coalesce(left({name}, {_SHOWN_OF_LONG_ROWS}), '')" for name in names)
    text = f"concat_ws({text_literal(delimiter)}, {parts})"
    kept = ", ".join(f"case when is_readable then {name} end as {name}" for name in names)
    return f"""
        select
            row_number,
            line_number,
            case when not is_readable then 'row_too_long' end as unreadable_reason,
            case when not is_readable then {text} end as text,
            {kept}
        from (select *, {is_readable} as is_readable from read_parquet({path_literal(values)}))
    """


def write_records(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[FileRows],
    contract: DeliveryContract,
    reference_quarter: str,
    sequence: int,
    secret: Secret,
    target: Path,
) -> int:
    """Write the rows of all files, numbered through, and return how many are unreadable."""
    connection.execute(
        f"""
        copy (
            {_records_sql(files, contract, reference_quarter, sequence)}
        ) to {path_literal(target)} (
            format parquet, compression zstd, compression_level 1, row_group_size {ROW_GROUP}
        )
        """,
        secret.parameters(),
    )
    counted = connection.execute(
        "select count(unreadable_reason) from read_parquet($records)", {"records": str(target)}
    ).fetchone()
    assert counted is not None
    return int(counted[0])


def _records_sql(
    files: Sequence[FileRows], contract: DeliveryContract, reference_quarter: str, sequence: int
) -> str:
    columns = contract.columns
    value = {column.meaning: f"value_{n}" for n, column in enumerate(columns) if column.meaning}
    delivered, before = [], 0
    for file in files:
        delivered.append(
            f"""
            select
                {text_literal(without_national_numbers(file.file_name))} as file_name,
                * replace (row_number + {before} as row_number)
            from ({file.select})
            """
        )
        before += file.rows
    parsed = national_numbers.parsed_sql(
        f"({' union all '.join(delivered)})", value["national_number"]
    )
    compared = [
        f"value_{n}"
        for n, column in enumerate(columns)
        if column.meaning not in (None, "programme_name")
    ]
    kept = [(n, column) for n, column in enumerate(columns) if column.meaning not in _PERSONAL]
    plain = [n for n, column in kept if column.meaning not in _FIGURES_DEPEND_ON]
    # in one list, so that the long statement is planned once; nearly no row needs it
    listed = ", ".join(f"value_{n}" for n in plain)
    needed = " or ".join(may_hold_national_sql(f"value_{n}") for n in plain)
    masked = f"""case
        when {needed} then list_transform([{listed}], lambda text: {masked_national_sql("text")})
    end"""
    texts = ",\n".join(
        f"case when masked is null then value_{n} else masked[{plain.index(n) + 1}] end "
        f"as {column.name}"
        if n in plain
        else f"{_counted_text_sql(f'value_{n}', column.meaning)} as {column.name}"
        for n, column in kept
    )
    client = f"'client:{contract.operator}:' || {value['client_number']}"
    shown = f"replace(text, '{UNDECODABLE}', '\ufffd')"
    return f"""
        select
            {text_literal(contract.operator)} as operator,
            {text_literal(reference_quarter)} as reference_quarter,
            {sequence}::bigint as sequence,
            file_name,
            row_number::bigint as row_number,
            line_number::bigint as line_number,
            unreadable_reason,
            case when unreadable_reason is not null then {masked_raw_sql(shown)} end as raw_text,
            case when unreadable_reason is null then national_number_status end
                as national_number_status,
            case
                when national_number_status = 'valid' then {national_key_sql("number_digits")}
            end as national_key,
            national_birth_date,
            national_sex,
            case
                when {value["client_number"]} is not null then {hmac_sql(client)}
            end as client_key,
            case when unreadable_reason is null then {content_sql(compared)} end as content_key,
            {texts}
        from (select *, {masked} as masked from ({parsed}))
    """


def _counted_text_sql(text: str, meaning: str | None) -> str:
    """SQL: the text of a column that figures depend on, without national numbers.

    Other runs of eleven digits stay: records that begin on one day are ordered by their
    identifiers, and hours are numbers.
    """
    masked = masked_national_sql(text, only_valid=True)
    if meaning == "hours":
        # digits on both sides of a decimal sign are one number and no separated ones
        is_plain = f"strlen({text}) >= 11 and regexp_full_match({text}, '{_PLAIN_HOURS}')"
        return f"case when {is_plain} then {text} else {masked} end"
    return masked
