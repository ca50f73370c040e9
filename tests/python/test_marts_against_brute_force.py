"""The marts agree with a brute-force count of the rules, on invented histories, built at once and
step by step.
"""

import csv
import os
import shutil
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oracle import Geography, OracleResult, count
from worlds import World, worlds

from synerstat.build import build_models
from synerstat.intake import run_intake

ROOT = Path(__file__).parents[2]
SECRET = "a-secret-for-the-tests-of-this-project"
DIMENSIONS = (
    "training_type",
    "delivery_mode",
    "sex",
    "labour_status",
    "education_level",
    "organiser",
)
EXAMPLES = int(os.environ.get("SYNERSTAT_TEST_EXAMPLES", "12"))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that holds the seeds, for all worlds; each world empties the landing first."""
    warehouse = tmp_path_factory.mktemp("seeded")
    build_models(ROOT, warehouse, "2019Q1", command="seed")
    return warehouse


def rules_count(deliveries: Path, quarter: str) -> OracleResult:
    geography = Geography(
        _column("municipalities", "refnis_code"), _column("post_codes", "post_code")
    )
    crosswalks = {name: ROOT / "seeds/crosswalk" / f"crosswalk_{name}.csv" for name in DIMENSIONS}
    return count(deliveries, quarter, geography, crosswalks)


def _column(seed: str, key: str) -> dict[str, str]:
    with (ROOT / "seeds/geography" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return {line[key]: line["area_code"] for line in csv.DictReader(file)}


def mart_cells(warehouse: Path, mart: str, key_length: int) -> dict[tuple, tuple]:
    with duckdb.connect(str(warehouse / "synerstat.duckdb"), read_only=True) as connection:
        rows = connection.execute(f"select * from marts.{mart}").fetchall()
    cells = {row[:key_length]: row[key_length:] for row in rows}
    assert len(cells) == len(rows), f"{mart} has rows that share their key"
    return cells


def differences(warehouse: Path, expected: OracleResult) -> list[str]:
    found = []
    for mart, wanted in expected.marts.items():
        key_length = KEY_LENGTHS[mart]
        got = mart_cells(warehouse, mart, key_length)
        for key in sorted({*wanted, *got}, key=str):
            if not agree(mart, wanted.get(key), got.get(key)):
                found.append(f"{mart} {key}: rules {wanted.get(key)}, mart {got.get(key)}")
    return found


KEY_LENGTHS = {
    "mart_participants_by_training": 6,
    "mart_participants_by_profile": 6,
    "mart_participants_by_status": 6,
    "mart_interregional_mobility": 4,
    "mart_mirror_flows": 4,
    "mart_delivery_accounting": 4,
    "mart_delivery_findings": 5,
}


def agree(mart: str, wanted: tuple | None, got: tuple | None) -> bool:
    """Equal; hours may be rounded the other way where thirds of hours meet a half."""
    if wanted is None or got is None or mart not in list(KEY_LENGTHS)[:4]:
        if wanted is None or got is None:
            return wanted == got
        return all(
            w == pytest.approx(g) if w is not None else g is None
            for w, g in zip(wanted, got, strict=True)
        )
    return wanted[:-1] == got[:-1] and abs(wanted[-1] - got[-1]) <= 1


def build_world(
    deliveries: Path, warehouse: Path, quarter: str, *, continued: bool = False
) -> None:
    if not continued:
        shutil.rmtree(warehouse / "landing", ignore_errors=True)
    run_intake(deliveries, warehouse, ROOT / "contracts", SECRET)
    build_models(
        ROOT,
        warehouse,
        quarter,
        command="run",
        select="+path:models/marts",
        continued=continued,
    )


SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    # a build a step: shrinking a failure would take longer than reading it
    phases=[Phase.generate],
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)


@SETTINGS
@given(world=worlds())
def test_marts_agree_with_the_rules_counted_by_brute_force(
    world: World,
    warehouse: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("world")
    try:
        world.write(folder)
        build_world(folder, warehouse, "2019Q1")
        expected = rules_count(folder, "2019Q1")
        assert not expected.refused
        assert differences(warehouse, expected) == []
    finally:
        shutil.rmtree(folder)


# the builds after which deliveries come in, and their reference quarters; a delivery of a quarter
# that a build does not read yet only lies there
STEPS = ("2018Q2", "2018Q4", "2019Q1", "2019Q1")


@settings(SETTINGS, max_examples=max(EXAMPLES // 3, 1))
@given(world=worlds(), data=st.data())
def test_a_build_that_continues_agrees_with_the_rules_too(
    world: World,
    data: st.DataObject,
    warehouse: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Deliveries come in any order, an earlier quarter's after a later one's among them."""
    whole, arrived = tmp_path_factory.mktemp("world"), tmp_path_factory.mktemp("arrived")
    try:
        world.write(whole)
        folders = sorted(path.parent for path in whole.glob("*/*/manifest.json"))
        arrivals = [data.draw(st.integers(0, len(STEPS) - 1)) for _ in folders]
        # identifier replacements that came later would ask for a whole build
        for file in whole.glob("*.csv"):
            shutil.copy(file, arrived)
        for step, quarter in enumerate(STEPS):
            # without any delivery the sample stands in, and no build continues one of the sample
            continued = any(arrived.glob("*/*/manifest.json"))
            for folder, arrival in zip(folders, arrivals, strict=True):
                if arrival == step:
                    shutil.copytree(folder, arrived / folder.relative_to(whole))
            build_world(arrived, warehouse, quarter, continued=continued)
        assert differences(warehouse, rules_count(whole, STEPS[-1])) == []
    finally:
        shutil.rmtree(whole)
        shutil.rmtree(arrived)
