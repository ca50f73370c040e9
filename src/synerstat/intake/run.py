"""One intake over a deliveries folder."""

import copy
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from synerstat.contracts import DeliveryContract, load_contracts
from synerstat.errors import IntakeError
from synerstat.intake.deliveries import prepare_delivery, stamps
from synerstat.intake.landing import (
    FORMAT_VERSION,
    REFUSALS,
    REPLACEMENTS,
    Landed,
    Landing,
    Source,
    accepted,
)
from synerstat.intake.limits import IntakeLimits
from synerstat.intake.manifest import (
    FOLDER,
    NAME,
    Manifest,
    parse_manifest,
    printable,
    read_manifest_bytes,
)
from synerstat.intake.pseudonyms import Secret
from synerstat.intake.replacements import (
    FILE_NAME,
    UnusableReplacementsError,
    write_replacements,
)
from synerstat.intake.results import (
    AcceptedDelivery,
    IntakeResult,
    Notice,
    NoticeKind,
    RefusalReason,
    RefusedError,
)
from synerstat.intake.typed_files import Readers
from synerstat.masking import without_national_numbers, without_numbers
from synerstat.warehouse import RefusedDelivery

REFUSALS_SCHEMA: Final = pa.schema(
    [
        ("operator", pa.string()),
        ("folder", pa.string()),
        ("reference_quarter", pa.string()),
        ("sequence", pa.int64()),
        ("reason", pa.string()),
        ("message", pa.string()),
        ("file_name", pa.string()),
        ("detail", pa.string()),
        ("detail_values", pa.string()),
    ]
)

# of the files that no manifest names
_NAMES_SHOWN: Final = 20

Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Folder:
    """A delivery folder with a proper name."""

    path: Path
    contract: DeliveryContract
    reference_quarter: str
    sequence: int

    @property
    def operator(self) -> str:
        return self.contract.operator

    @property
    def name(self) -> str:
        return self.path.name


@dataclass
class _Found:
    landed: list[AcceptedDelivery] = field(default_factory=list)
    unchanged: list[AcceptedDelivery] = field(default_factory=list)
    refused: list[RefusedDelivery] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def add(self, other: "_Found") -> None:
        self.landed += other.landed
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.notices += other.notices


def run_intake(
    deliveries: Path,
    warehouse: Path,
    contracts: Path,
    secret: str,
    progress: Progress | None = None,
    *,
    limits: IntakeLimits | None = None,
) -> IntakeResult:
    """Read, check and pseudonymise what is new in `deliveries`; land it in the warehouse.

    `contracts` is the folder of delivery contracts; its files say which operators there are.
    A delivery that stands in the landing unchanged is left alone; a changed one is checked anew and
    lands again, or leaves the landing where it is refused now. One whose folder is gone stays.
    The caller sees to it that no other process writes to the warehouse.

    Raises ContractError, SecretMismatchError, and IntakeError where intake itself fails.
    """
    if not secret:
        raise IntakeError("The secret for the person keys is empty. Set one.")
    if not deliveries.is_dir():
        raise IntakeError(f"The deliveries folder {deliveries} does not exist. Check the path.")
    known = {contract.operator: contract for contract in load_contracts(contracts)}
    landing = Landing(warehouse)
    keys = Secret(secret)
    landing.claim(keys.fingerprint())
    with landing.private_work_folder() as work:
        intake = _Intake(
            landing, keys, limits or IntakeLimits(), work, progress or (lambda _message: None)
        )
        try:
            return intake.run(deliveries, known)
        except duckdb.Error as error:
            # such a message may quote values
            kind = type(error).__name__
            raise IntakeError(
                f"The work on {intake.at_work_on} failed ({kind}: "
                f"{without_numbers(str(error).splitlines()[0])[:300]}). "
                "Check free memory and disk space, then run it again."
            ) from None
        except OSError as error:
            fault = error.strerror or type(error).__name__
            raise IntakeError(
                f"The work on {intake.at_work_on} failed ({fault}). "
                "Check free disk space and access rights, then run it again."
            ) from None
        finally:
            intake.connection.close()


class _Intake:
    def __init__(
        self,
        landing: Landing,
        secret: Secret,
        limits: IntakeLimits,
        work: Path,
        progress: Progress,
    ) -> None:
        self._landing = landing
        self._secret = secret
        self._limits = limits
        self._work = work
        self._progress = progress
        self._found = _Found()
        self._readers = Readers()
        self.at_work_on = "the deliveries"
        self.connection = duckdb.connect(
            config={
                "temp_directory": str(work / "spill"),
                "memory_limit": limits.memory,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": True,
            }
        )

    def run(self, deliveries: Path, contracts: dict[str, DeliveryContract]) -> IntakeResult:
        found = self._found
        folders = self._scan(deliveries, contracts)
        # one delivery keeps one processor busy, so several are taken in side by side; what was
        # found is put together in their order
        with ThreadPoolExecutor(self._limits.deliveries_at_once) as pool:
            try:
                parts = pool.map(self._take_in_apart, folders)
                for folder in folders:
                    self.at_work_on = f"{folder.operator}/{folder.name}"
                    found.add(next(parts))
            finally:
                # where this did not come to its end, nobody waits for a file that is being read
                pool.shutdown(wait=False, cancel_futures=True)
                self._readers.end()
        self.at_work_on = "the deliveries"
        self._judge_absent({(f.operator, f.name) for f in folders}, contracts)
        self.at_work_on = FILE_NAME
        self._replacements(deliveries / FILE_NAME)
        self._write_refusals()
        both = [*found.landed, *found.unchanged]
        return IntakeResult(
            landed=tuple(found.landed),
            unchanged=tuple(found.unchanged),
            refused=tuple(found.refused),
            notices=tuple(found.notices),
            rows=sum(delivery.rows for delivery in both),
            unreadable_rows=sum(delivery.unreadable_rows for delivery in both),
        )

    def _scan(self, deliveries: Path, contracts: dict[str, DeliveryContract]) -> list[_Folder]:
        folders = []
        for entry in sorted(deliveries.iterdir()):
            if not entry.is_dir():
                if entry.name != FILE_NAME:
                    self._unnamed(entry)
                continue
            contract = contracts.get(entry.name)
            if contract is None:
                self._notice(
                    NoticeKind.UNKNOWN_OPERATOR,
                    "belongs to no operator with a contract and is left alone",
                    entry,
                    folder=entry.name,
                )
                continue
            for inner in sorted(entry.iterdir()):
                if not inner.is_dir():
                    self._unnamed(inner, contract.operator)
                elif match := FOLDER.fullmatch(inner.name):
                    folders.append(_Folder(inner, contract, match[1], int(match[2])))
                else:
                    self._notice(
                        NoticeKind.ODD_FOLDER,
                        "is not named <quarter>-<sequence>, as 2019Q4-1, and is left alone",
                        inner,
                        operator=contract.operator,
                        folder=inner.name,
                    )
        return sorted(folders, key=lambda f: (f.operator, f.reference_quarter, f.sequence))

    def _take_in_apart(self, folder: _Folder) -> _Found:
        """Take in one delivery with a connection, a work folder and findings of its own."""
        apart = copy.copy(self)
        apart._found = _Found()
        apart._work = self._work / f"{folder.operator}-{folder.name}"
        apart._work.mkdir()
        apart.connection = self.connection.cursor()
        try:
            apart._take_in(folder)
        finally:
            apart.connection.close()
            self._landing.discard(apart._work)
        return apart._found

    def _take_in(self, folder: _Folder) -> None:
        known = self._landing.landed(folder.operator, folder.name)
        # what was cut off since is read again
        stands = known
        if known is not None and not self._landing.is_whole(folder.operator, folder.name, known):
            stands = None
        try:
            content = read_manifest_bytes(folder.path, self._limits)
            manifest = parse_manifest(
                content, folder.operator, folder.reference_quarter, folder.sequence, self._limits
            )
            self._report_unnamed_files(folder, manifest)
            sha256 = hashlib.sha256(content).hexdigest()
            if stands is not None and stands.source == self._source(folder, manifest, sha256):
                self._found.unchanged.append(accepted(folder.operator, folder.name, stands))
                self._report_extra_columns(folder, stands)
                return
            self._progress(f"Reading {folder.operator}/{folder.name}")
            landed = self._land(folder, manifest, sha256)
        except RefusedError as refusal:
            self._refuse(folder, refusal)
            return
        self._found.landed.append(accepted(folder.operator, folder.name, landed))
        if known is not None and stands is None:
            self._notice(
                NoticeKind.LANDED_COPY_DAMAGED,
                "had landed, but its files in the landing were damaged since, so it landed anew",
                folder.path,
                operator=folder.operator,
                folder=folder.name,
            )
        if known is not None and known.source.content() != landed.source.content():
            self._notice(
                NoticeKind.LANDED_ANEW,
                f"was changed after it had landed, and landed anew: {known.rows:,} rows before, "
                f"{landed.rows:,} now. The next build counts these. Deliver a correction as a "
                "higher sequence, so that what was used before stays on record",
                folder.path,
                operator=folder.operator,
                folder=folder.name,
            )
        self._report_extra_columns(folder, landed)
        self._progress(f"Landed {folder.operator}/{folder.name}: {landed.rows:,} rows")

    def _source(self, folder: _Folder, manifest: Manifest, sha256: str) -> Source | None:
        stamped = stamps(folder.path, manifest)
        if stamped is None:
            return None
        return Source(FORMAT_VERSION, folder.contract.fingerprint, sha256, stamped)

    def _land(self, folder: _Folder, manifest: Manifest, sha256: str) -> Landed:
        prepared = self._work / "prepared"
        between = self._work / "delivery"
        between.mkdir()
        try:
            landed = prepare_delivery(
                self.connection,
                folder.path,
                manifest,
                sha256,
                folder.contract,
                self._secret,
                self._limits,
                self._readers,
                between,
                prepared,
            )
            self._landing.install(prepared, folder.operator, folder.name, landed)
        finally:
            self._landing.discard(between)
            self._landing.discard(prepared)
        return landed

    def _refuse(self, folder: _Folder, refusal: RefusedError) -> None:
        name = refusal.file_name
        refused = RefusedDelivery(
            operator=folder.operator,
            folder=folder.name,
            reference_quarter=folder.reference_quarter,
            sequence=folder.sequence,
            reason=refusal.reason.value,
            message=without_national_numbers(str(refusal)),
            file_name=None if name is None else without_national_numbers(printable(name)),
            detail=refusal.detail,
            detail_values=json.dumps(
                {
                    name: without_national_numbers(value) if isinstance(value, str) else value
                    for name, value in refusal.values.items()
                },
                ensure_ascii=False,
                sort_keys=True,
            ),
        )
        self._found.refused.append(refused)
        self._progress(f"Refused {folder.operator}/{folder.name}: {refused.reason}")
        if self._landing.remove(folder.operator, folder.name):
            self._notice(
                NoticeKind.LANDED_COPY_REMOVED,
                "had landed, was changed and is refused now, so it was taken out of the landing",
                folder.path,
                operator=folder.operator,
                folder=folder.name,
            )

    def _report_unnamed_files(self, folder: _Folder, manifest: Manifest) -> None:
        named = {NAME, *(file.name for file in manifest.files)}
        unnamed = sorted(entry for entry in folder.path.iterdir() if entry.name not in named)
        for entry in unnamed[:_NAMES_SHOWN]:
            self._unnamed(entry, folder.operator, folder.name)
        if (more := len(unnamed) - _NAMES_SHOWN) > 0:
            self._notice(
                NoticeKind.UNNAMED_FILE,
                f"holds {more:,} more files that are named in no manifest and are left alone",
                folder.path,
                operator=folder.operator,
                folder=folder.name,
            )

    def _report_extra_columns(self, folder: _Folder, landed: Landed) -> None:
        for file_name, names in landed.extra_columns:
            self._found.notices.append(
                Notice(
                    NoticeKind.EXTRA_COLUMNS,
                    f"{folder.operator}/{folder.name}/{file_name}: columns of no contract are "
                    f"ignored: {', '.join(names)}.",
                    folder.operator,
                    folder.name,
                    file_name,
                )
            )

    def _unnamed(self, entry: Path, operator: str | None = None, folder: str | None = None) -> None:
        self._notice(
            NoticeKind.UNNAMED_FILE,
            "is named in no manifest and is left alone",
            entry,
            operator=operator,
            folder=folder,
            file_name=entry.name,
        )

    def _notice(
        self,
        kind: NoticeKind,
        what: str,
        path: Path,
        operator: str | None = None,
        folder: str | None = None,
        file_name: str | None = None,
    ) -> None:
        parts = [operator, folder if folder != path.name else None, path.name]
        shown = _shown("/".join(part for part in parts if part is not None))
        self._found.notices.append(
            Notice(
                kind,
                f"{shown} {what}.",
                operator,
                None if folder is None else _shown(folder),
                None if file_name is None else _shown(file_name),
            )
        )

    def _judge_absent(
        self, present: set[tuple[str, str]], contracts: dict[str, DeliveryContract]
    ) -> None:
        """What has landed earlier and is delivered no longer stays, but it can't be landed anew."""
        gone = [each for each in self._landing.folders() if each not in present]
        if gone:
            shown = ", ".join("/".join(each) for each in gone[:_NAMES_SHOWN])
            more = len(gone) - _NAMES_SHOWN
            self._found.notices.append(
                Notice(
                    NoticeKind.DELIVERED_NO_LONGER,
                    "Landed before and not among these deliveries, counted all the same: "
                    f"{_shown(shown)}{f' and {more:,} more' if more > 0 else ''}.",
                )
            )
        for operator, name in gone:
            landed, contract = self._landing.landed(operator, name), contracts.get(operator)
            if landed is not None and not self._landing.is_whole(operator, name, landed):
                kind, what = NoticeKind.LANDED_COPY_DAMAGED, "is damaged in the landing"
            elif (
                landed is None
                or contract is None
                or landed.source.format_version != FORMAT_VERSION
                or landed.source.contract_fingerprint != contract.fingerprint
            ):
                kind, what = NoticeKind.LANDED_WITH_OTHER_CONTRACT, "landed under another contract"
            else:
                continue
            self._notice(
                kind,
                f"{what} and is delivered no longer; put its folder back to land it anew",
                self._landing.folder(operator, name),
                operator=operator,
                folder=name,
            )

    def _replacements(self, path: Path) -> None:
        prepared = self._work / REPLACEMENTS
        try:
            if path.is_symlink() or (path.exists() and not path.is_file()):
                raise UnusableReplacementsError("It is not a plain file.")
            notices = write_replacements(
                self.connection,
                path if path.exists() else None,
                self._secret,
                self._limits,
                self._work,
                prepared,
            )
        except UnusableReplacementsError as error:
            # the run goes on with what was known before, but must not look complete
            self._found.refused.append(
                RefusedDelivery(
                    operator="",
                    folder=FILE_NAME,
                    reference_quarter=None,
                    sequence=None,
                    reason=RefusalReason.UNREADABLE_FILE.value,
                    message=str(error),
                    file_name=FILE_NAME,
                )
            )
            if (self._landing.root / REPLACEMENTS).exists():
                return
            notices = write_replacements(
                self.connection, None, self._secret, self._limits, self._work, prepared
            )
        self._found.notices.extend(notices)
        self._landing.install_file(prepared, REPLACEMENTS)

    def _write_refusals(self) -> None:
        prepared = self._work / REFUSALS
        rows = [
            {name: getattr(refused, name) for name in REFUSALS_SCHEMA.names}
            for refused in self._found.refused
        ]
        pq.write_table(pa.Table.from_pylist(rows, schema=REFUSALS_SCHEMA), prepared)
        self._landing.install_file(prepared, REFUSALS)


def _shown(name: str) -> str:
    return without_national_numbers(printable(name))
