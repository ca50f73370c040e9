"""What intake hands back."""

from dataclasses import dataclass
from enum import StrEnum

from synerstat.intake.details import Value, detail_text
from synerstat.warehouse import RefusedDelivery


class RefusalReason(StrEnum):
    """Why a delivery is refused whole, in the order in which the checks are made."""

    NO_MANIFEST = "no_manifest"
    BAD_MANIFEST = "bad_manifest"
    UNSAFE_PATH = "unsafe_path"
    FILE_MISSING = "file_missing"
    CHECKSUM_MISMATCH = "checksum_mismatch"
    UNREADABLE_FILE = "unreadable_file"
    EMPTY_FILE = "empty_file"
    MISSING_COLUMN = "missing_column"
    ROW_COUNT_MISMATCH = "row_count_mismatch"


class RefusedError(Exception):
    """Ends the work on one delivery; becomes a `RefusedDelivery`, never leaves intake.

    `detail` and `values` are those of `details.detail_text`.
    """

    def __init__(
        self, reason: RefusalReason, detail: str, file_name: str | None = None, **values: Value
    ) -> None:
        super().__init__(detail_text(detail, values))
        self.reason = reason
        self.detail = detail
        self.values = values
        self.file_name = file_name


class UnreadableFileError(Exception):
    """The file can't be read as what its name says; a `RefusedError` once its name is known."""

    def __init__(self, detail: str, **values: Value) -> None:
        super().__init__(detail_text(detail, values))
        self.detail = detail
        self.values = values


class NoticeKind(StrEnum):
    """What is reported without refusing anything."""

    UNKNOWN_OPERATOR = "unknown_operator"
    ODD_FOLDER = "odd_folder"
    UNNAMED_FILE = "unnamed_file"
    EXTRA_COLUMNS = "extra_columns"
    LANDED_ANEW = "landed_anew"
    LANDED_COPY_DAMAGED = "landed_copy_damaged"
    LANDED_COPY_REMOVED = "landed_copy_removed"
    DELIVERED_NO_LONGER = "delivered_no_longer"
    LANDED_WITH_OTHER_CONTRACT = "landed_with_other_contract"
    REPLACEMENT_UNREADABLE = "replacement_unreadable"
    REPLACEMENT_INVALID_NUMBER = "replacement_invalid_number"
    REPLACEMENT_CONFLICT = "replacement_conflict"
    REPLACEMENT_CYCLE = "replacement_cycle"


@dataclass(frozen=True)
class Notice:
    """Something that somebody should look at; the run goes on. Holds no person's number."""

    kind: NoticeKind
    message: str
    operator: str | None = None
    folder: str | None = None
    file_name: str | None = None


@dataclass(frozen=True)
class AcceptedDelivery:
    """A delivery whose rows are in the landing; both counts are rows, blank lines left out."""

    operator: str
    reference_quarter: str
    sequence: int
    rows: int
    unreadable_rows: int


@dataclass(frozen=True)
class IntakeResult:
    """What one intake did.

    `landed` were written now, `unchanged` stood in the landing already. `rows` and
    `unreadable_rows` are sums over both.
    """

    landed: tuple[AcceptedDelivery, ...]
    unchanged: tuple[AcceptedDelivery, ...]
    refused: tuple[RefusedDelivery, ...]
    notices: tuple[Notice, ...]
    rows: int
    unreadable_rows: int
