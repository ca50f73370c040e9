"""Checks one delivery and writes what lands of it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from synerstat.contracts import DeliveryContract
from synerstat.intake.columns import match_columns
from synerstat.intake.landing import (
    DELIVERY,
    FILES,
    FORMAT_VERSION,
    RECORDS,
    FileStamp,
    Landed,
    Source,
)
from synerstat.intake.limits import IntakeLimits
from synerstat.intake.manifest import Manifest, ManifestFile, data_file
from synerstat.intake.pseudonyms import Secret
from synerstat.intake.records import FileRows, values_select, write_records
from synerstat.intake.results import RefusalReason, RefusedError, UnreadableFileError
from synerstat.intake.text_files import TextDialect, sha256_of, stream_text_file
from synerstat.intake.text_rows import fields_sql, logical_rows, read_header
from synerstat.intake.typed_files import Readers, TypedFile
from synerstat.masking import without_national_numbers

ENDINGS: Final = (".csv", ".csv.gz", ".xlsx", ".parquet")

DELIVERY_SCHEMA: Final = pa.schema(
    [
        ("operator", pa.string()),
        ("reference_quarter", pa.string()),
        ("sequence", pa.int64()),
        ("extracted_at", pa.timestamp("us")),
        ("extracted_at_text", pa.string()),
        ("file_count", pa.int64()),
        ("row_count", pa.int64()),
        ("manifest_sha256", pa.string()),
        ("files_sha256", pa.string()),
        ("extra_columns", pa.string()),
        ("contract_version", pa.string()),
    ]
)

FILES_SCHEMA: Final = pa.schema(
    [
        ("operator", pa.string()),
        ("reference_quarter", pa.string()),
        ("sequence", pa.int64()),
        ("file_number", pa.int64()),
        ("file_name", pa.string()),
        ("sha256", pa.string()),
        ("size", pa.int64()),
        ("row_count", pa.int64()),
    ]
)


@dataclass(frozen=True)
class _CheckedFile:
    rows: FileRows
    extra_columns: tuple[str, ...]


def stamps(folder: Path, manifest: Manifest) -> tuple[FileStamp, ...] | None:
    """Stamps of the data files in the manifest's order; None where one is not as it should be."""
    found = []
    for file in manifest.files:
        try:
            status = data_file(folder, file.name).stat()
        except (RefusedError, OSError):
            return None
        found.append(
            FileStamp(
                without_national_numbers(file.name),
                file.sha256,
                status.st_size,
                status.st_mtime_ns,
            )
        )
    return tuple(found)


def prepare_delivery(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    manifest: Manifest,
    manifest_sha256: str,
    contract: DeliveryContract,
    secret: Secret,
    limits: IntakeLimits,
    readers: Readers,
    work: Path,
    prepared: Path,
) -> Landed:
    """Check every data file, then write the records, the files and the delivery to `prepared`.

    `work` is an empty folder for what is needed in between; persons' numbers stand in it.
    Raises RefusedError with the first reason that applies, file by file in the manifest's order.
    """
    stamped = stamps(folder, manifest)
    files = [
        _check_file(connection, folder, file, contract, limits, readers, work / str(number))
        for number, file in enumerate(manifest.files)
    ]
    # the checksum of a typed file is of another reading than its values
    if stamped is None or stamps(folder, manifest) != stamped:
        raise RefusedError(RefusalReason.CHECKSUM_MISMATCH, "changed_meanwhile")
    source = Source(FORMAT_VERSION, contract.fingerprint, manifest_sha256, stamped)
    prepared.mkdir()
    unreadable = write_records(
        connection,
        [file.rows for file in files],
        contract,
        manifest.reference_quarter,
        manifest.sequence,
        secret,
        prepared / RECORDS,
    )
    rows = sum(file.rows.rows for file in files)
    extra = tuple(
        (without_national_numbers(file.rows.file_name), file.extra_columns)
        for file in files
        if file.extra_columns
    )
    _write_files(manifest, source.files, prepared / FILES)
    _write_delivery(manifest, manifest_sha256, contract, rows, extra, prepared / DELIVERY)
    return Landed(source, rows, unreadable, extra)


def _check_file(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    file: ManifestFile,
    contract: DeliveryContract,
    limits: IntakeLimits,
    readers: Readers,
    work: Path,
) -> _CheckedFile:
    path = data_file(folder, file.name)
    work.mkdir()
    try:
        _check_access(path)
        checked = _read_file(connection, path, file, contract, limits, readers, work)
    except UnreadableFileError as error:
        raise RefusedError(
            RefusalReason.UNREADABLE_FILE, error.detail, file.name, **error.values
        ) from None
    if checked.rows.rows != file.rows:
        raise RefusedError(
            RefusalReason.ROW_COUNT_MISMATCH,
            "rows_differ",
            file.name,
            announced=file.rows,
            found=checked.rows.rows,
        )
    return checked


def _read_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file: ManifestFile,
    contract: DeliveryContract,
    limits: IntakeLimits,
    readers: Readers,
    work: Path,
) -> _CheckedFile:
    name = file.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return _read_text(connection, path, file, contract, limits, work)
    _check_sum(sha256_of(path, limits.chunk_bytes), file)
    if not name.endswith(ENDINGS):
        raise UnreadableFileError("unknown_ending", endings=", ".join(ENDINGS))
    if path.stat().st_size > limits.file_bytes:
        raise UnreadableFileError("file_too_large", most=limits.file_bytes)
    request = TypedFile(path, file, contract, limits, work)
    rows, match = readers.read(request)
    select = values_select(
        request.values, len(contract.columns), contract.delimiter, limits.row_bytes
    )
    return _CheckedFile(FileRows(file.name, rows, select), _shown(match.extra))


def _read_text(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file: ManifestFile,
    contract: DeliveryContract,
    limits: IntakeLimits,
    work: Path,
) -> _CheckedFile:
    dialect = TextDialect(contract.delimiter, contract.codec, contract.byte_order_mark_allowed)
    sha256, lines = stream_text_file(path, work / "lines.parquet", dialect, limits)
    _check_sum(sha256, file)
    if isinstance(lines, UnreadableFileError):
        raise lines
    header = read_header(lines, contract.delimiter) if lines.head_line else None
    if not lines.head_line:
        raise RefusedError(RefusalReason.EMPTY_FILE, "no_header", file.name)
    if header is None:
        raise RefusedError(RefusalReason.MISSING_COLUMN, "header_broken", file.name)
    match = match_columns(header.names, contract, file.name, limits.columns)
    rows = logical_rows(
        connection, lines, header, contract.delimiter, limits.row_bytes, work / "rows.parquet"
    )
    select = fields_sql(
        lines, rows, header, list(match.positions), contract.delimiter, limits.row_bytes
    )
    return _CheckedFile(FileRows(file.name, rows.rows, select), _shown(match.extra))


def _check_access(path: Path) -> None:
    # apart from the reading, where the fault may lie with the disk that is written to
    try:
        path.open("rb").close()
    except OSError:
        raise UnreadableFileError("no_access") from None


def _check_sum(sha256: str, file: ManifestFile) -> None:
    if sha256 != file.sha256:
        raise RefusedError(RefusalReason.CHECKSUM_MISMATCH, "checksum_differs", file.name)


def _shown(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(without_national_numbers(name) for name in names)


def _write_files(manifest: Manifest, stamped: tuple[FileStamp, ...], target: Path) -> None:
    rows = [
        {
            "operator": manifest.operator,
            "reference_quarter": manifest.reference_quarter,
            "sequence": manifest.sequence,
            "file_number": number,
            "file_name": stamp.name,
            "sha256": stamp.sha256,
            "size": stamp.size,
            "row_count": file.rows,
        }
        for number, (stamp, file) in enumerate(zip(stamped, manifest.files, strict=True), start=1)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=FILES_SCHEMA), target)


def _write_delivery(
    manifest: Manifest,
    manifest_sha256: str,
    contract: DeliveryContract,
    rows: int,
    extra: tuple[tuple[str, tuple[str, ...]], ...],
    target: Path,
) -> None:
    described = "\n".join(f"{file.name}:{file.sha256}" for file in manifest.files)
    ignored = dict.fromkeys(name for _, names in extra for name in names)
    row = {
        "operator": manifest.operator,
        "reference_quarter": manifest.reference_quarter,
        "sequence": manifest.sequence,
        "extracted_at": manifest.extracted_at.replace(tzinfo=None),
        "extracted_at_text": manifest.extracted_at_text,
        "file_count": len(manifest.files),
        "row_count": rows,
        "manifest_sha256": manifest_sha256,
        "files_sha256": hashlib.sha256(described.encode()).hexdigest(),
        "extra_columns": ",".join(ignored) or None,
        "contract_version": contract.version,
    }
    pq.write_table(pa.Table.from_pylist([row], schema=DELIVERY_SCHEMA), target)
