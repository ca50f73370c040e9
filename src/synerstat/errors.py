"""Errors with a name. Each message says what happened and what to do about it."""


class SynerstatError(Exception):
    """Any error that this package raises on purpose."""


class UsageError(SynerstatError):
    """What was asked for does not fit what is there: a wrong folder, quarter, order of commands."""


class WarehouseBusyError(SynerstatError):
    """Another run is writing to the same warehouse or publication folder."""


class BuildFailedError(SynerstatError):
    """A model could not be built: the fault is in the project, its configuration or the machine."""


class DamagedError(SynerstatError):
    """A file of the warehouse is cut off or no such file at all; it can be made anew."""


class ChecksFailedError(SynerstatError):
    """The models were built, but tests on the data failed: the figures do not hold together."""


class PublicationWithheldError(SynerstatError):
    """The warehouse is sound, but a rule forbids to publish it as it stands."""


class PublicationError(SynerstatError):
    """The publication could not be written, or does not agree with itself."""


class ContractError(SynerstatError):
    """A delivery contract can't be read or contradicts itself."""


class IntakeError(SynerstatError):
    """Intake itself failed; no delivery is to blame."""


class SecretMismatchError(IntakeError):
    """What has landed was pseudonymised with another secret, so keys would not match."""


class FeedbackError(SynerstatError):
    """A feedback report can't be made: a text is missing, or the delivery can't be told apart."""


class EndedFromOutsideError(SynerstatError):
    """A process that worked beside this one was killed."""
