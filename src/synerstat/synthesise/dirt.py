"""The dirt of real life, each kind with a rate of its own."""

from dataclasses import dataclass, fields, replace
from typing import Self

from synerstat.errors import UsageError


@dataclass(frozen=True)
class Dirt:
    """How often each kind of dirt occurs, from 0 (never) to 1 (always): a share of rows unless
    said otherwise.

    Raises UsageError when a rate lies outside 0 to 1. None of it makes a delivery refused, but
    `refusals`.
    """

    late_records: float = 0.0
    """Records that miss their first delivery and come with the next one."""
    corrections: float = 0.0
    """Records delivered with a wrong end and hours, and again, right, a quarter later."""
    vanished_records: float = 0.0
    """Running records that later deliveries no longer hold."""
    cancelled_records: float = 0.0
    """Records marked as cancelled."""
    organised_by_others: float = 0.0
    """Participations that a body gives that is none of the operators."""
    mirrors: float = 0.0
    """Share of the participations away from home that the home operator reports too."""
    mirror_differences: float = 0.0
    """Share of the mirrors whose dates differ from the organiser's."""
    replaced_sequences: float = 0.0
    """Share of the deliveries that have a forerunner with fewer rows, replaced by a higher
    sequence.
    """
    duplicates: float = 0.0
    """Rows that stand in their delivery twice."""
    conflicting_identifiers: float = 0.0
    """Rows whose record identifier stands in the delivery again, with other content."""
    missing_record_ids: float = 0.0
    """Rows without a record identifier."""
    persons_without_number: float = 0.0
    """Share of the persons who have no national number at all."""
    missing_national_numbers: float = 0.0
    """Rows that leave out a national number that exists."""
    invalid_national_numbers: float = 0.0
    """Rows with a mistyped national number."""
    missing_client_numbers: float = 0.0
    """Rows without a client number, but with a national number."""
    missing_persons: float = 0.0
    """Rows with neither number."""
    identifier_replacements: float = 0.0
    """Share of the persons with a BIS number who get a register number."""
    invalid_dates: float = 0.0
    """Rows whose start or end is no date."""
    missing_starts: float = 0.0
    """Rows without a start."""
    end_before_start: float = 0.0
    """Rows that end before they start."""
    start_after_quarter: float = 0.0
    """Rows delivered a quarter too early."""
    implausible_birth_dates: float = 0.0
    """Rows with a birth date that is no date, or of a child or a centenarian."""
    birth_date_mismatches: float = 0.0
    """Rows whose birth date differs from the one in the national number."""
    unmapped_sex: float = 0.0
    """Rows with a sex that no crosswalk knows."""
    unmapped_education_level: float = 0.0
    """Rows with an education level that no crosswalk knows."""
    unmapped_labour_status: float = 0.0
    """Rows with a labour status that no crosswalk knows."""
    unmapped_delivery_mode: float = 0.0
    """Rows with a delivery mode that no crosswalk knows."""
    unmapped_training_type: float = 0.0
    """Rows with a training type that is unknown, or not valid on the start date."""
    missing_training_types: float = 0.0
    """Rows without a training type."""
    unmapped_organiser: float = 0.0
    """Rows with an organiser that no crosswalk knows."""
    unknown_residence: float = 0.0
    """Rows with a residence that stands in no list."""
    foreign_residence: float = 0.0
    """Rows of persons living abroad."""
    unknown_training_place: float = 0.0
    """Rows with a place of training that stands in no list."""
    missing_programme_codes: float = 0.0
    """Rows without a programme code."""
    invalid_hours: float = 0.0
    """Rows whose hours are no number, or negative."""
    sloppy_text: float = 0.0
    """Rows with blanks around codes, codes in lower case, or separators in the national number: all
    harmless.
    """
    unreadable_rows: float = 0.0
    """Rows with too many or too few fields, broken quoting or bytes of no character; in CSV files
    only.
    """
    layout_variations: float = 0.0
    """Share of the deliveries with columns in another order, other capitals, extra columns or every
    value quoted.
    """
    refusals: bool = False
    """Add a delivery for each reason to refuse one, and folders that are no deliveries."""

    def __post_init__(self) -> None:
        for name in self.kinds():
            rate = getattr(self, name)
            if not 0 <= rate <= 1:
                raise UsageError(
                    f"The rate of {name} is {rate}. Give a share between 0 and 1, such as 0.01."
                )

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """The names of all kinds that have a rate."""
        return tuple(f.name for f in fields(cls) if f.name != "refusals")

    @classmethod
    def none(cls) -> Self:
        """Clean deliveries, without mirrors and without bodies that are no operators."""
        return cls()

    @classmethod
    def all(cls) -> "Dirt":
        """Every kind but refusals, about as often as in real life."""
        return replace(ALL_KINDS)


ALL_KINDS = Dirt(
    late_records=0.03,
    corrections=0.03,
    vanished_records=0.004,
    cancelled_records=0.015,
    organised_by_others=0.04,
    mirrors=0.88,
    mirror_differences=0.12,
    replaced_sequences=0.08,
    duplicates=0.003,
    conflicting_identifiers=0.001,
    missing_record_ids=0.0005,
    persons_without_number=0.025,
    missing_national_numbers=0.01,
    invalid_national_numbers=0.005,
    missing_client_numbers=0.005,
    missing_persons=0.0005,
    identifier_replacements=0.15,
    invalid_dates=0.0015,
    missing_starts=0.0005,
    end_before_start=0.0015,
    start_after_quarter=0.001,
    implausible_birth_dates=0.002,
    birth_date_mismatches=0.003,
    unmapped_sex=0.001,
    unmapped_education_level=0.004,
    unmapped_labour_status=0.002,
    unmapped_delivery_mode=0.003,
    unmapped_training_type=0.001,
    missing_training_types=0.0003,
    unmapped_organiser=0.0007,
    unknown_residence=0.006,
    foreign_residence=0.008,
    unknown_training_place=0.004,
    missing_programme_codes=0.004,
    invalid_hours=0.002,
    sloppy_text=0.01,
    unreadable_rows=0.0005,
    layout_variations=0.15,
)
