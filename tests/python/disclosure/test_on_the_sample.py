"""The sample published with full disclosure control, and an attacker of its own."""

import json
from pathlib import Path

import duckdb
import numpy as np
from disclosure.attacker import Attacker, small_counts
from running import Sample


def test_full_disclosure_control_stands_an_attacker_on_the_sample(tmp_path: Path) -> None:
    """The figures of all periods protect each other; an attacker of its own sees one quarter."""
    sample = Sample(tmp_path)
    said = sample.run("2019Q4", "--disclosure-control", "full")
    assert said.returncode == 0, said.stderr
    vintage = sample.out / "2019Q4" / "v1"
    audited = json.loads((vintage / "quality" / "disclosure_audit.json").read_text("utf-8"))
    assert audited["passed"] is True
    assert audited["exposed"] == 0
    assert audited["small_counts"] > 10_000
    assert audited["interval"]["smallest"] >= 4
    notes = (vintage / "README.md").read_text("utf-8")
    assert "nor bounded more closely than 4" in notes
    assert "$" not in notes
    published, given = {}, {}
    with duckdb.connect(str(sample.warehouse / "synerstat.duckdb"), read_only=True) as connection:
        for name in ("training", "profile", "status", "mobility", "mirror"):
            published[name] = connection.sql(
                "from read_parquet($path) where time_period = '2019-Q3'",
                params={"path": str(vintage / "data" / f"{name}.parquet")},
            ).to_arrow_table()
            given[name] = connection.sql(
                f"from intermediate.int_{name}__figures where time_period = '2019-Q3'"
            ).to_arrow_table()
    attacker = Attacker(published)
    keys = small_counts(given)
    assert len(keys) > 1000
    for place in np.random.default_rng(0).choice(len(keys), 12, replace=False):
        least, most = attacker.interval(keys[place])
        assert most - least >= 4, keys[place]
