"""Rebuild the sample seeds from the sample deliveries, as intake lands them.

    python tools/build_sample.py [--out seeds/operators] [--keep DIR]

Writes the sample deliveries (`synerstat synthesise --sample`), runs intake on them with the
documented throw-away secret, and writes what has landed as CSV: one file of training records per
operator, the deliveries, and the identifier replacements. The same code always gives the same
bytes. `--keep` leaves the deliveries and the landing in a folder, to look at.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb

from synerstat.contracts import load_contracts
from synerstat.intake import run_intake
from synerstat.secret import SAMPLE_SECRET
from synerstat.synthesise import write_sample

PROJECT = Path(__file__).resolve().parent.parent


class SampleRefusedError(Exception):
    """Intake refused a delivery of the sample: mend the generator or intake first."""


def write_seeds(work: Path, out: Path) -> dict[str, int]:
    """Write the seeds; the rows of each file. Raises SampleRefusedError where intake refuses
    something.
    """
    contracts = PROJECT / "contracts"
    write_sample(work / "deliveries", contracts=contracts, seeds=PROJECT / "seeds")
    result = run_intake(work / "deliveries", work / "warehouse", contracts, SAMPLE_SECRET)
    if result.refused:
        raise SampleRefusedError("\n".join(refused.message for refused in result.refused))

    landing = work / "warehouse" / "landing"
    relations = {
        f"{contract.operator}_training_records": (
            f"{landing}/{contract.operator}/*/records.parquet",
            "reference_quarter, sequence, row_number",
        )
        for contract in load_contracts(contracts)
    }
    relations["training_deliveries"] = (
        f"{landing}/*/*/delivery.parquet",
        "operator, reference_quarter, sequence",
    )
    relations["training_delivery_files"] = (
        f"{landing}/*/*/files.parquet",
        "operator, reference_quarter, sequence, file_number",
    )
    relations["identifier_replacements"] = (
        f"{landing}/identifier_replacements.parquet",
        "old_key",
    )
    out.mkdir(parents=True, exist_ok=True)
    rows = {}
    with duckdb.connect() as connection:
        for name, (files, order) in relations.items():
            written = connection.execute(
                f"copy (select * from read_parquet('{files}') order by {order}) "
                f"to '{out / name}.csv' (format csv, header)"
            ).fetchone()
            rows[name] = int(written[0]) if written else 0
    return rows


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=PROJECT / "seeds" / "operators")
    parser.add_argument("--keep", type=Path, help="leave deliveries and landing in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows = write_seeds(arguments.keep or Path(temporary), arguments.out)
    for name, count in rows.items():
        sys.stdout.write(f"{name}.csv: {count} rows\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
