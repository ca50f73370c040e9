"""Files in: reads, checks and pseudonymises deliveries, and lands them as Parquet."""

from synerstat.intake.limits import IntakeLimits, limits_from
from synerstat.intake.results import (
    AcceptedDelivery,
    IntakeResult,
    Notice,
    NoticeKind,
    RefusalReason,
)
from synerstat.intake.run import run_intake

__all__ = [
    "AcceptedDelivery",
    "IntakeLimits",
    "IntakeResult",
    "Notice",
    "NoticeKind",
    "RefusalReason",
    "limits_from",
    "run_intake",
]
