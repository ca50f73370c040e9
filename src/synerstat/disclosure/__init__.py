"""Statistical disclosure control: what is withheld, and the proof that it is enough."""

from synerstat.disclosure.audit import AuditResult, audit
from synerstat.disclosure.suppression import Pattern, UnprotectableError, protect
from synerstat.disclosure.tables import InconsistentFiguresError

__all__ = [
    "AuditResult",
    "InconsistentFiguresError",
    "Pattern",
    "UnprotectableError",
    "audit",
    "protect",
]
