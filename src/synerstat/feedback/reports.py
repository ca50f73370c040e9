"""What a feedback report says, in no language yet: codes and figures, as the warehouse has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from synerstat.intake.details import Value, detail_text


class Verdict(StrEnum):
    """What became of the delivery, in one word."""

    FINE = "fine"
    WARNINGS = "warnings"
    REJECTED = "rejected"
    REFUSED = "refused"
    REPLACED = "replaced"


@dataclass(frozen=True)
class Refusal:
    """Why nothing of the delivery is used.

    `message` says in English what `detail` and `values` say in every language.
    """

    reason: str
    message: str
    file_name: str | None
    detail: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)

    def told(self, language: str) -> str:
        """What exactly was found, and what to do."""
        return detail_text(self.detail, self.values, language) if self.detail else self.message


@dataclass(frozen=True)
class DeliveredFile:
    """A file of the delivery; `size` in bytes."""

    name: str
    sha256: str
    size: int
    rows: int
    rows_unreadable: int


@dataclass(frozen=True)
class DeliveryFacts:
    """The delivery as it came in; `previous` is the operator's delivery before, as 2019Q3-1.

    `rows_counted` is None in a published report.
    """

    extracted_at: str
    previous: str | None
    contract_version: str | None
    manifest_sha256: str
    files_sha256: str
    extra_columns: str | None
    rows_delivered: int
    rows_unreadable: int
    rows_rejected: int
    rows_counted: int | None
    rows_with_warnings: int
    files: tuple[DeliveredFile, ...]

    @property
    def rows_left_out(self) -> int:
        """Rows that the operator has to mend."""
        return self.rows_unreadable + self.rows_rejected


@dataclass(frozen=True)
class Place:
    """How many rows ended in one disposition; `share` of the delivered rows, 0 to 1."""

    disposition: str
    rows: int
    share: float


@dataclass(frozen=True)
class SampleRow:
    """Where to look. `status`: new | persistent, None where the record can't be followed."""

    file_name: str
    line_number: int
    record_id: str | None
    status: str | None
    first_reference_quarter: str | None


@dataclass(frozen=True)
class TrendPoint:
    """A quarter's share of rows that break a rule; None in a delivery without rows."""

    reference_quarter: str
    rows: int
    share: float | None


@dataclass(frozen=True)
class RuleFinding:
    """One rule, or reason of unreadable rows, that rows break now or broke in the delivery before.

    `severity`: error | warning | unreadable. Shares lie between 0 and 1. The `records_` counts are
    records, all others rows. Participants are None where the effect is not computed, and records in
    a published report.
    """

    rule: str
    severity: str
    rows: int
    share: float | None
    previous_rows: int | None
    previous_share: float | None
    records_new: int | None
    records_persistent: int | None
    records_corrected: int | None
    records_gone: int | None
    first_reference_quarter: str | None
    oldest_age_in_quarters: int | None
    participants_without_rows: int | None
    participants_with_rows: int | None
    samples: tuple[SampleRow, ...] = ()
    trend: tuple[TrendPoint, ...] = ()

    @property
    def records_resolved(self) -> int:
        """Records that broke the rule in the delivery before and do so no longer."""
        return (self.records_corrected or 0) + (self.records_gone or 0)


@dataclass(frozen=True)
class CodeToMap:
    """A code that no mapping or list knows; `known_` dates are those at which one knows it."""

    rule: str
    source_code: str
    rows: int
    first_start_date: date | None
    last_start_date: date | None
    is_known_at_other_dates: bool
    known_from: date | None
    known_to: date | None


@dataclass(frozen=True)
class Identifiers:
    """How well the rows say who the person is; see the model quality_identifiers."""

    rows: int
    rows_with_national_number: int
    rows_without_national_number: int
    rows_with_invalid_national_number: int
    rows_without_client_number: int
    rows_identified_by_client: int
    rows_with_replaced_number: int
    persons: int
    persons_identified_nationally: int
    clients_with_several_numbers: int
    numbers_with_several_clients: int


@dataclass(frozen=True)
class VanishedRecord:
    """Where the last version of a record stands that is no longer delivered."""

    delivery: str
    file_name: str
    line_number: int
    record_id: str


@dataclass(frozen=True)
class Vanished:
    """Running records that the delivery lacks: how many, the first of them, and their end."""

    count: int
    last_held_day: date
    samples: tuple[VanishedRecord, ...]


@dataclass(frozen=True)
class Effect:
    """The headline figure, and at most how large it were with all rows that are left out."""

    participants: int
    participants_with_left_out: int


@dataclass(frozen=True)
class FeedbackReport:
    """Feedback on one delivery.

    `is_check`: made by the operator itself, before sending. `is_published`: what `published` gives.
    """

    operator: str
    reference_quarter: str
    sequence: int
    verdict: Verdict
    rule_set_version: str
    is_check: bool
    persons_are_invented: bool
    refusal: Refusal | None = None
    facts: DeliveryFacts | None = None
    places: tuple[Place, ...] = ()
    findings: tuple[RuleFinding, ...] = ()
    codes: tuple[CodeToMap, ...] = ()
    identifiers: Identifiers | None = None
    vanished: Vanished | None = None
    effect: Effect | None = None
    is_published: bool = False

    def published(self) -> "FeedbackReport":
        """The report as anybody may read it: the delivery, and how many rows break which rule.

        What counts records or persons is left out, because publications withhold such figures; so
        is what leads to single records, and what somebody wrote where a code is expected.
        """
        return replace(
            self,
            facts=self.facts and replace(self.facts, rows_counted=None),
            places=(),
            findings=tuple(
                replace(
                    finding,
                    records_new=None,
                    records_persistent=None,
                    records_corrected=None,
                    records_gone=None,
                    first_reference_quarter=None,
                    oldest_age_in_quarters=None,
                    participants_without_rows=None,
                    participants_with_rows=None,
                    samples=(),
                )
                for finding in self.findings
            ),
            codes=(),
            identifiers=None,
            vanished=None,
            effect=None,
            is_published=True,
        )

    @property
    def delivery(self) -> str:
        """The name of the delivery's folder, such as 2019Q4-1."""
        return f"{self.reference_quarter}-{self.sequence}"
