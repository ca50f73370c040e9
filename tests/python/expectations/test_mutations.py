"""Faults in deliveries and mappings are caught by the check named for them, and by nothing else.

One fault for each check that no fault in the marts shows; `mutations.py`, run by hand, plants all.
"""

from collections.abc import Iterator

import pytest
from expectations.mutations import FAULTS, Fault, Replay, clean_history
from expectations.planting import PLANTS

pytestmark = pytest.mark.slow
PLANTED = {plant.check for plant in PLANTS}
FIRST_OF_CHECK = {fault.check: fault for fault in reversed(FAULTS) if fault.check not in PLANTED}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    """Invented deliveries of two years, built and ready for faults."""
    with clean_history(tmp_path_factory.mktemp("history"), persons=4000, seed=1) as replay:
        yield replay


def test_nothing_fires_on_clean_deliveries(history: Replay) -> None:
    assert history.broken_after() == []


@pytest.mark.parametrize(
    "fault", FIRST_OF_CHECK.values(), ids=lambda fault: fault.name.replace(" ", "_")
)
def test_a_fault_is_caught_by_the_check_named_for_it(history: Replay, fault: Fault) -> None:
    caught = {(check, whose) for check, _, whose in history.broken_after(*fault.statements)}
    assert (fault.check, fault.operator) in caught
