"""Feedback for operators: what became of a delivery and what to mend, in their language."""

from synerstat.feedback.checking import DeliveryCheck, check_delivery
from synerstat.feedback.reports import FeedbackReport, Verdict
from synerstat.feedback.writing import (
    FEEDBACK_MODELS,
    WrittenFeedback,
    write_feedback,
    write_report,
)

__all__ = [
    "FEEDBACK_MODELS",
    "DeliveryCheck",
    "FeedbackReport",
    "Verdict",
    "WrittenFeedback",
    "check_delivery",
    "write_feedback",
    "write_report",
]
