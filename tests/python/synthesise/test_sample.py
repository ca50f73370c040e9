"""The sample: mobility as published, every kind of dirt, and within the thresholds of quality."""

import csv
import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from oracle import Geography, OracleResult, count

from synerstat.synthesise import Dirt, SynthesisResult, write_sample
from synerstat.synthesise.sample import OTHER_FLOWS, PUBLISHED_FLOWS

PROJECT = Path(__file__).resolve().parents[3]
SEEDS = PROJECT / "seeds"
FOLDERS = {"contracts": PROJECT / "contracts", "seeds": SEEDS}
QUARTERS = [f"{year}-Q{quarter}" for year in (2018, 2019) for quarter in (1, 2, 3, 4)]
OPERATORS = sorted(path.name.split(".")[0] for path in FOLDERS["contracts"].iterdir())
TRAINING_TYPES = ("VOC", "TRV_LAN", "TRV_ICT", "INT", "TRY", "IWT", "ALT")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SynthesisResult:
    return write_sample(tmp_path_factory.mktemp("sample") / "deliveries", **FOLDERS)


@pytest.fixture(scope="module")
def figures(sample: SynthesisResult) -> OracleResult:
    def column(name: str, key: str) -> dict[str, str]:
        with (SEEDS / "geography" / name).open(encoding="utf-8", newline="") as file:
            return {row[key]: row["area_code"] for row in csv.DictReader(file)}

    geography = Geography(
        column("municipalities.csv", "refnis_code"), column("post_codes.csv", "post_code")
    )
    crosswalks = {
        path.stem.removeprefix("crosswalk_"): path for path in (SEEDS / "crosswalk").glob("*.csv")
    }
    return count(sample.out, "2019Q4", geography, crosswalks)


def test_mobility_of_2019_is_the_published_one(figures: OracleResult) -> None:
    mobility = figures.marts["mart_interregional_mobility"]

    # SYNERJOB's table for 2019, written again so that a slip in the sample shows
    published = {
        ("BE336", "forem"): 47,
        ("BE1", "forem"): 327,
        ("BE2", "forem"): 171,
        ("BE3X", "adg"): 35,
        ("BE3X", "bruxelles_formation"): 354,
        ("BE3X", "vdab"): 32,
    }
    assert {flow: mobility["A", "2019", *flow][0] for flow in published} == published
    assert {(flow.area, flow.operator): flow.persons for flow in PUBLISHED_FLOWS} == published
    for flow in OTHER_FLOWS:
        assert mobility["A", "2019", flow.area, flow.operator][0] == flow.persons


def test_home_operators_report_most_of_it(figures: OracleResult) -> None:
    mirror = figures.marts["mart_mirror_flows"]

    for key, (home, host, _) in mirror.items():
        if key[1] == "2019" and host >= 20:
            knows = key[2:] != ("bruxelles_formation", "vdab")
            assert (0.7 * host < home < host) if knows else home < host / 4


def test_each_operator_has_each_training_type_in_each_quarter(figures: OracleResult) -> None:
    mart = figures.marts["mart_participants_by_training"]

    missing = [
        (quarter, operator, training_type)
        for quarter in QUARTERS
        for operator in OPERATORS
        for training_type in TRAINING_TYPES
        if ("Q", quarter, "_T", operator, training_type, "_T") not in mart
    ]
    assert missing == []


def test_the_sample_is_small_and_holds_every_kind_of_dirt(sample: SynthesisResult) -> None:
    assert 5_000 <= sample.rows <= 7_500
    assert [kind for kind in Dirt.kinds() if not sample.dirt[kind]] == []
    assert not sample.refused
    files = {name.split(".", 1)[1] for d in sample.deliveries for name in d.files}
    assert files == {"csv", "csv.gz", "xlsx", "parquet"}


def test_dirt_stays_below_the_thresholds(sample: SynthesisResult, figures: OracleResult) -> None:
    rows: Counter[str] = Counter()
    for delivery in sample.deliveries:
        rows[delivery.operator] += delivery.rows
    share: Counter[tuple[str, str]] = Counter()
    for (operator, _, _, rule, _), (found,) in figures.marts["mart_delivery_findings"].items():
        share[operator, rule] += found / rows[operator]

    for (operator, rule), value in share.items():
        if rule.startswith("unmapped_"):
            assert value < 0.015, (operator, rule)
        if rule == "unknown_residence":
            assert value < 0.04, operator
    for operator in OPERATORS:
        numbers = ("missing_national_number", "invalid_national_number")
        assert sum(share[operator, rule] for rule in numbers) < 0.08


@pytest.mark.slow
def test_the_seeds_are_what_intake_makes_of_the_sample(tmp_path: Path) -> None:
    tool = load_tool()
    tool.write_seeds(tmp_path / "work", tmp_path / "seeds")

    made = {path.name: path.read_bytes() for path in (tmp_path / "seeds").iterdir()}
    kept = {path.name: path.read_bytes() for path in (SEEDS / "operators").glob("*.csv")}
    assert made.keys() == kept.keys()
    stale = [name for name in made if made[name] != kept[name]]
    assert stale == [], "run `python tools/build_sample.py`"


def load_tool() -> ModuleType:
    path = PROJECT / "tools" / "build_sample.py"
    specification = importlib.util.spec_from_file_location("build_sample", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
