"""Whether the marts of a peer are those of the warehouse, cell by cell."""

from pathlib import Path

import duckdb
from common import MARTS

SHOWN = 5


def export(warehouse: Path, folder: Path) -> None:
    """Write the marts of a warehouse's database in the form in which peers write theirs."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for mart in MARTS:
            connection.table(f"marts.{mart}").write_parquet(str(folder / f"{mart}.parquet"))


def differences(warehouse: Path, peer: Path) -> list[str]:
    """What is not the same: rows that only one of the two has. Empty where every cell agrees.

    `warehouse`: its database; `peer`: the folder of the peer's Parquet files. Everything must be
    equal, whole hours and the asymmetry to its last bit among it.
    """
    found = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for mart in MARTS:
            columns = connection.table(f"marts.{mart}").columns
            names = ", ".join(f'"{column}"' for column in columns)
            sides = {
                "warehouse": f"select {names} from marts.{mart}",
                "peer": f"select {names} from read_parquet('{peer / mart}.parquet')",
            }
            for side, other in (("warehouse", "peer"), ("peer", "warehouse")):
                rows = connection.execute(
                    f"({sides[side]}) except all ({sides[other]}) order by all"
                ).fetchall()
                if rows:
                    shown = "; ".join(str(row) for row in rows[:SHOWN])
                    found.append(f"{mart}: {len(rows)} rows only of the {side}: {shown}")
    return found
