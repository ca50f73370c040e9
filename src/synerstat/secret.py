"""The secret behind the person keys: where it comes from, and what it has to be like."""

from itertools import pairwise
from typing import Final

SECRET_VARIABLE: Final = "SYNERSTAT_PERSON_KEY_SECRET"
# Documented: the persons of the sample are invented, so their keys protect nobody.
SAMPLE_SECRET: Final = "synerstat-sample-secret-not-for-real-deliveries"
_LEAST_CHARACTERS: Final = 12
_LEAST_DIFFERENT: Final = 5


def weakness(secret: str) -> str | None:
    """Why a secret protects nobody; None where nothing speaks against it.

    Whoever has the landing can try secrets as fast as a machine can hash, and needs one national
    number to know that one fits.
    """
    if len(secret) < _LEAST_CHARACTERS:
        return f"it has fewer than {_LEAST_CHARACTERS} characters"
    folded = secret.casefold()
    if len(set(folded)) < _LEAST_DIFFERENT:
        return f"it is made of fewer than {_LEAST_DIFFERENT} different characters"
    period = (folded + folded).find(folded, 1)
    if period < min(len(folded), _LEAST_CHARACTERS):
        return "it is a short text repeated"
    steps = {ord(b) - ord(a) for a, b in pairwise(folded)}
    if steps in ({1}, {-1}):
        return "its characters simply follow each other"
    return None
