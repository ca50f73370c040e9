"""An intake that is killed leaves nothing that the next one does not put right.

`python tests/python/killing.py --kills 50` does the same with whole runs.
"""

import os
from pathlib import Path

from killing import kill_and_compare

KILLS = int(os.environ.get("SYNERSTAT_TEST_KILLS", "4"))
SEED = int(os.environ.get("SYNERSTAT_TEST_SEED", "1"))


def test_an_intake_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    lines = list(kill_and_compare(tmp_path, "intake", KILLS, SEED))
    assert len(lines) > 1
