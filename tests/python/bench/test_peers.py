"""The benchmark's peers come to the warehouse's figures, cell by cell. Nothing is timed."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from worlds import World, worlds

from synerstat.build import build_models
from synerstat.intake import run_intake

ROOT = Path(__file__).parents[3]
SECRET = "a-secret-for-the-tests-of-this-project"
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "peers")]

from common import RULES  # noqa: E402
from comparing import differences, export  # noqa: E402
from run import LAST, PEERS, run_peer  # noqa: E402

WORLDS = 60
# all but the sample
SEEDS = " ".join(
    f"path:seeds/{folder}" for folder in ("crosswalk", "geography", "nomenclature", "quality")
)


def many_worlds() -> World:
    """The persons of many small worlds, which live on the edges of the rules, in one."""
    together = World()
    found: list[World] = []

    @settings(
        max_examples=WORLDS,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(world=worlds())
    def draw(world: World) -> None:
        found.append(world)

    draw()
    for number, world in enumerate(found):
        for delivery, rows in world.deliveries.items():
            together.deliveries.setdefault(delivery, []).extend(
                replace(
                    row,
                    record_id=row.record_id and f"{row.record_id}-{number}",
                    client=row.client and f"{row.client}-{number}",
                )
                for row in rows
            )
        together.replacements += world.replacements
    return together


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with the marts of many worlds. Not to be changed."""
    folder = tmp_path_factory.mktemp("bench")
    many_worlds().write(folder / "deliveries")
    warehouse = folder / "warehouse"
    run_intake(folder / "deliveries", warehouse, ROOT / "contracts", SECRET)
    build_models(ROOT, warehouse, LAST, command="seed", select=SEEDS)
    build_models(ROOT, warehouse, LAST, command="run", select="+path:models/marts")
    return warehouse


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_comes_to_the_figures_of_the_warehouse(
    peer: str, built: Path, tmp_path: Path
) -> None:
    taken, _ = run_peer(peer, built / "landing", tmp_path / peer)
    assert taken.is_done, (tmp_path / peer / "log.txt").read_text()
    assert differences(built / "synerstat.duckdb", tmp_path / peer) == []


@pytest.mark.slow
def test_most_places_and_all_rules_stand_in_the_history_that_is_compared(built: Path) -> None:
    with duckdb.connect(str(built / "synerstat.duckdb"), read_only=True) as connection:
        places, rules = (
            connection.execute(f"select count(distinct {column}) from marts.{mart}").fetchall()
            for column, mart in (
                ("disposition", "mart_delivery_accounting"),
                ("rule", "mart_delivery_findings"),
            )
        )
    # all but rows that can't be read, and those of participations that ended before the coverage
    assert places[0][0] >= 8
    assert rules[0][0] == len(RULES)


@pytest.mark.slow
def test_one_different_cell_is_found(built: Path, tmp_path: Path) -> None:
    export(built / "synerstat.duckdb", tmp_path)
    assert differences(built / "synerstat.duckdb", tmp_path) == []
    mart = tmp_path / "mart_participants_by_status.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"create table changed as select * replace (training_hours + (time_period = '2018' "
            f"and concat(operator, training_type, labour_status, sex) = '_T_T_T_T')::int "
            f"as training_hours) from read_parquet('{mart}')"
        )
        connection.execute(f"copy changed to '{mart}'")
    found = differences(built / "synerstat.duckdb", tmp_path)
    assert len(found) == 2
    assert all("mart_participants_by_status: 1 rows" in each for each in found)
    shutil.rmtree(tmp_path)
