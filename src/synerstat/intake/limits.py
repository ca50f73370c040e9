"""How much intake takes from one delivery before it refuses."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from synerstat.errors import UsageError


@dataclass(frozen=True)
class IntakeLimits:
    """Bounds that no honest delivery comes near; a breach is a refusal, never a crash.

    Sizes are in bytes. A manifest beyond its limits is a `bad_manifest`, a data file an
    `unreadable_file`.
    """

    manifest_bytes: int = 1_000_000
    manifest_depth: int = 20
    manifest_files: int = 1_000
    file_bytes: int = 20_000_000_000
    """One data file as delivered."""
    decompressed_bytes: int = 60_000_000_000
    """One .csv.gz when unpacked."""
    compression_ratio: int = 200
    """Unpacked size by packed size; looked at beyond `ratio_free_bytes` only."""
    ratio_free_bytes: int = 64_000_000
    header_bytes: int = 1_000_000
    gzip_members: int = 1_000_000
    """Parts that a .csv.gz was put together from."""
    columns: int = 2_000
    file_rows: int = 100_000_000
    """Rows or lines of one file."""
    line_bytes: int = 16_000_000
    """One physical line of a text file."""
    row_bytes: int = 10_000
    """One row. A longer one is unreadable."""
    workbook_bytes: int = 2_000_000_000
    """An .xlsx when unpacked."""
    workbook_rows: int = 1_048_576
    reader_memory_bytes: int = 3_000_000_000
    """For the process that reads an .xlsx or .parquet file."""
    reader_seconds: int = 1_800
    """As long may reading an .xlsx or .parquet file take."""
    chunk_bytes: int = 8_000_000
    """Text files are streamed in pieces of this size."""
    memory: str = "2GB"
    """For DuckDB; beyond it the private work folder is used."""
    deliveries_at_once: int = 2
    """Deliveries taken in side by side; memory is shared by all of them."""


def limits_from(settings: Iterable[str]) -> IntakeLimits:
    """The limits with some of them set otherwise, each as `name=value`.

    Raises UsageError where there is no such limit, or the value is none.
    """
    kinds = {field.name: field.type for field in fields(IntakeLimits)}
    values: dict[str, int | str] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in kinds:
            raise UsageError(f"There is no limit {name!r}. The limits are: {', '.join(kinds)}.")
        if kinds[name] is str:
            values[name] = value
        elif value.replace("_", "").isdecimal():
            values[name] = int(value)
        else:
            raise UsageError(f"The limit {name} must be a whole number, not {value!r}.")
    return IntakeLimits(**values)  # type: ignore[arg-type]
