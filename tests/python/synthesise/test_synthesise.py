"""Invented deliveries: clean ones are clean, dirty ones hold every kind of dirt."""

import csv
import dataclasses
import hashlib
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from oracle import Geography, OracleResult, count
from oracle.reading import read_folder, read_replacement_rows
from stdnum.be import bis, nn

from synerstat.errors import UsageError
from synerstat.synthesise import Dirt, SynthesisResult, synthesise

PROJECT = Path(__file__).resolve().parents[3]
SEEDS = PROJECT / "seeds"
FOLDERS = {"contracts": PROJECT / "contracts", "seeds": SEEDS}
DIMENSIONS = (
    *("training_type", "delivery_mode", "sex", "labour_status", "education_level", "organiser"),
)


def seed_column(name: str, key: str, value: str) -> dict[str, str]:
    with (SEEDS / "geography" / name).open(encoding="utf-8", newline="") as file:
        return {row[key]: row[value] for row in csv.DictReader(file)}


def counted(deliveries: Path, quarter: str) -> OracleResult:
    geography = Geography(
        seed_column("municipalities.csv", "refnis_code", "area_code"),
        seed_column("post_codes.csv", "post_code", "area_code"),
    )
    crosswalks = {d: SEEDS / "crosswalk" / f"crosswalk_{d}.csv" for d in DIMENSIONS}
    return count(deliveries, quarter, geography, crosswalks)


def rows_by(result: OracleResult, mart: str, position: int) -> Counter[str]:
    rows: Counter[str] = Counter()
    for key, measures in result.marts[mart].items():
        rows[key[position]] += measures[0]
    return rows


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> SynthesisResult:
    out = tmp_path_factory.mktemp("clean") / "deliveries"
    return synthesise(out, 250, "2018Q3", "2019Q2", seed=5, dirt=Dirt.none(), **FOLDERS)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> SynthesisResult:
    out = tmp_path_factory.mktemp("dirty") / "deliveries"
    rates = dict.fromkeys(Dirt.kinds(), 0.04)
    rates |= {"mirrors": 0.9, "mirror_differences": 0.5, "replaced_sequences": 0.4}
    rates |= {"layout_variations": 0.5, "identifier_replacements": 0.8, "vanished_records": 0.2}
    return synthesise(out, 600, "2018Q3", "2019Q2", seed=5, dirt=Dirt(**rates), **FOLDERS)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        synthesise(tmp_path / name, 150, "2018Q1", "2019Q4", seed=seed, **FOLDERS)

    assert fingerprint(tmp_path / "first") == fingerprint(tmp_path / "again")
    assert fingerprint(tmp_path / "first") != fingerprint(tmp_path / "other")


@pytest.mark.parametrize("world", ["clean", "dirty"])
def test_manifests_say_what_the_files_hold(world: str, request: pytest.FixtureRequest) -> None:
    result: SynthesisResult = request.getfixturevalue(world)
    read, refused, left_alone = read_folder(result.out)

    assert not refused
    assert not left_alone
    rows = {(d.operator, d.reference_quarter, d.sequence): len(d.rows) for d in read}
    assert rows == {
        (d.operator, d.reference_quarter, d.sequence): d.rows for d in result.deliveries
    }
    assert sum(rows.values()) == result.rows
    assert {d.operator for d in result.deliveries} == {
        path.name.split(".")[0] for path in (PROJECT / "contracts").iterdir()
    }


def test_extractions_bear_the_offset_of_brussels(clean: SynthesisResult) -> None:
    for path in clean.out.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text("utf-8"))
        moment = datetime.fromisoformat(manifest["extracted_at"])
        in_brussels = moment.astimezone(ZoneInfo("Europe/Brussels"))
        assert moment.utcoffset() == in_brussels.utcoffset()
        year, quarter = map(int, manifest["reference_quarter"].split("Q"))
        following = datetime(year + quarter // 4, quarter % 4 * 3 + 1, 1, tzinfo=moment.tzinfo)
        assert 15 <= (moment - following).days <= 30


def test_clean_deliveries_break_no_rule(clean: SynthesisResult) -> None:
    result = counted(clean.out, "2019Q2")

    assert not any(clean.dirt.values())
    assert not +rows_by(result, "mart_delivery_findings", 3)
    dispositions = rows_by(result, "mart_delivery_accounting", 3)
    assert set(dispositions) <= {"counted", "superseded", "out_of_scope", "before_coverage"}
    assert dispositions["counted"] > 300


def test_every_kind_of_dirt_occurs_when_switched_on(dirty: SynthesisResult) -> None:
    assert [kind for kind in Dirt.kinds() if not dirty.dirt[kind]] == []
    assert dirty.identifier_replacements == dirty.dirt["identifier_replacements"] > 0


def test_dirt_shows_in_the_rules_and_dispositions(dirty: SynthesisResult) -> None:
    result = counted(dirty.out, "2019Q2")

    findings = rows_by(result, "mart_delivery_findings", 3)
    with (SEEDS / "quality" / "quality_rules.csv").open(encoding="utf-8", newline="") as file:
        rules = [row["rule"] for row in csv.DictReader(file)]
    assert [rule for rule in rules if not findings[rule]] == []
    dispositions = rows_by(result, "mart_delivery_accounting", 3)
    expected = {"unreadable", "superseded", "duplicate", "rejected", "cancelled", "not_member"}
    assert expected | {"mirror", "out_of_scope", "counted"} <= set(dispositions)
    assert dispositions["unreadable"] >= dirty.dirt["unreadable_rows"]


@pytest.mark.parametrize(
    "kind", ["duplicates", "missing_starts", "unmapped_sex", "cancelled_records"]
)
def test_one_kind_of_dirt_comes_alone(kind: str, tmp_path: Path) -> None:
    dirt = dataclasses.replace(Dirt.none(), **{kind: 0.2})
    result = synthesise(tmp_path, 60, "2019Q1", "2019Q2", dirt=dirt, **FOLDERS)

    assert [name for name, rows in result.dirt.items() if rows] == [kind]


def test_national_numbers_are_valid_to_the_check_digits(clean: SynthesisResult) -> None:
    read, _, _ = read_folder(clean.out)
    numbers = {row["national_number"] for delivery in read for row in delivery.rows if row}
    numbers.discard("")

    assert len(numbers) > 200
    assert [number for number in numbers if not (nn.is_valid(number) or bis.is_valid(number))] == []
    assert any(bis.is_valid(number) for number in numbers)


def test_a_person_has_one_number_and_one_birth_date(clean: SynthesisResult) -> None:
    read, _, _ = read_folder(clean.out)
    births: dict[str, set[str]] = {}
    for delivery in read:
        for row in delivery.rows:
            assert row is not None
            key = f"{delivery.operator} {row['client_number']}"
            births.setdefault(key, set()).add(f"{row['national_number']} {row['birth_date']}")
    assert {len(values) for values in births.values()} == {1}


def test_replaced_numbers_are_numbers_of_the_deliveries(dirty: SynthesisResult) -> None:
    pairs = read_replacement_rows(dirty.out / "identifier_replacements.csv")

    assert len(pairs) == dirty.identifier_replacements
    assert all(bis.is_valid(old) and nn.is_valid(new) for old, new in pairs)


def test_each_reason_to_refuse_a_delivery_is_met_once(tmp_path: Path) -> None:
    dirt = dataclasses.replace(Dirt.none(), refusals=True)
    result = synthesise(tmp_path, 60, "2019Q1", "2019Q2", dirt=dirt, **FOLDERS)

    read, refused, left_alone = read_folder(tmp_path)
    assert sorted(refusal.reason for refusal in refused) == sorted(result.refused)
    assert len(result.refused) == 9
    assert len(read) == len(result.deliveries)
    assert left_alone


def test_training_stops_in_the_spring_of_2020(tmp_path: Path) -> None:
    synthesise(tmp_path, 600, "2019Q2", "2020Q2", dirt=Dirt.none(), **FOLDERS)
    mart = counted(tmp_path, "2020Q2").marts["mart_participants_by_training"]

    entries = {q: mart["Q", q, "_T", "_T", "_T", "_T"][5] for q in ("2019-Q2", "2020-Q2")}
    assert 0.2 < entries["2020-Q2"] / entries["2019-Q2"] < 0.5
    remote = {
        q: mart["Q", q, "_T", "_T", "_T", "DIS"][5] / entries[q] for q in ("2019-Q2", "2020-Q2")
    }
    assert remote["2020-Q2"] > 2 * remote["2019-Q2"]


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Swap the two"):
        synthesise(tmp_path, 10, "2019Q2", "2019Q1", **FOLDERS)
    with pytest.raises(UsageError, match="no quarter"):
        synthesise(tmp_path, 10, "2019", **FOLDERS)
    with pytest.raises(UsageError, match="one person or more"):
        synthesise(tmp_path, 0, **FOLDERS)
    with pytest.raises(UsageError, match="between 0 and 1"):
        Dirt(duplicates=2)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UsageError, match="not empty"):
        synthesise(tmp_path, 10, **FOLDERS)
    assert (tmp_path / "mine.txt").exists()
