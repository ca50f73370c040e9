"""Writes the rows of a delivery that are left out, for the operator that delivered them."""

from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.csv as pc

from synerstat.contracts import DeliveryContract
from synerstat.feedback.reports import FeedbackReport

ENDING: Final = ".quarantine.csv"
_BATCH_ROWS: Final = 50_000
# what a spreadsheet takes for a formula, after what it may skip before it looks for one
_FORMULA: Final = r"^[\s\x00-\x1f\x7f]*[=+\-@\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]"


def write_quarantine(
    database: Path, report: FeedbackReport, contract: DeliveryContract, path: Path
) -> bool:
    """Write the rejected and unreadable rows of the report's delivery; False where there are none.

    One line each: file, line, record, why, and the delivered values under the operator's own column
    names, the national number and the client number masked; the text of a row that could not be
    taken apart. With semicolons and a byte order mark, and no cell can be taken for a formula.
    """
    if report.facts is None or not report.facts.rows_left_out:
        return False
    selected = ",\n".join(
        f"{_harmless(value)} as {_name(name)}" for name, value in _columns(contract).items()
    )
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.sql(
            f"""
            select {selected}
            from quality.quality_quarantine
            where operator = $operator
                and reference_quarter = $quarter
                and sequence = $sequence
            order by row_number
            """,
            params={
                "operator": report.operator,
                "quarter": report.reference_quarter,
                "sequence": report.sequence,
            },
        ).to_arrow_reader(_BATCH_ROWS)
        assert rows is not None
        options = pc.WriteOptions(delimiter=";", quoting_style="all_valid")
        with path.open("wb") as target:
            target.write("\ufeff".encode())
            with pc.CSVWriter(target, rows.schema, write_options=options) as writer:
                for batch in rows:
                    writer.write_table(pa.Table.from_batches([batch]))
    return True


def _columns(contract: DeliveryContract) -> dict[str, str]:
    """Names of the columns and the SQL of their values, in order."""
    columns = {
        "file": "file_name",
        "line": "cast(line_number as varchar)",
        "record_id": "record_id",
        "disposition": "disposition",
        "why": "coalesce(unreadable_reason, rules)",
    }
    masked = {
        "national_number": "case national_number_status when 'valid' then 'masked'"
        " when 'invalid' then 'masked (invalid)' end",
        "client_number": "case when client_key is not null then 'masked' end",
    }
    for column in contract.columns:
        # names of ours come first, so one of the contract may be the same
        name = column.name if column.name not in columns else f"delivered_{column.name}"
        own = f"json_extract_string(delivered_values, '$.\"{column.name}\"')"
        columns[name] = masked.get(column.meaning or "", own)
    columns["unreadable_text"] = "raw_text"
    return columns


def _harmless(value: str) -> str:
    return f"case when regexp_matches({value}, '{_FORMULA}') then '''' || {value} else {value} end"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
