"""Spark as the engine, tested without Spark: what it needs, and where landing lies."""

import importlib.util
from pathlib import Path

import pytest

from synerstat import spark
from synerstat.build import build
from synerstat.errors import UsageError

ROOT = Path(__file__).parents[2]


def land(folder: Path, *, operator: str = "forem") -> Path:
    """A landing folder with one delivery, as far as names go."""
    delivery = folder / operator / "2019Q4-1"
    delivery.mkdir(parents=True, exist_ok=True)
    for name in ("records.parquet", "delivery.parquet", "source.json"):
        (delivery / name).write_bytes(name.encode())
    (folder / "refusals.parquet").write_bytes(b"refusals")
    return folder


def java(folder: Path, version: str) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    (folder / "bin" / "java").chmod(0o755)


def test_without_pyspark_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="make spark"):
        spark.require_spark("3GB")


@pytest.mark.parametrize(("version", "told"), [("11.0.2", "Java 11"), ("1.8.0_292", "Java 8")])
def test_an_old_java_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, told: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    java(tmp_path, version)
    with pytest.raises(UsageError, match=told):
        spark.require_spark("3GB")


def test_java_17_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    java(tmp_path, "17.0.15")
    spark.require_spark("3GB")


def test_without_java_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="no Java was found"):
        spark.require_spark("3GB")


def test_a_fraction_of_memory_is_refused() -> None:
    with pytest.raises(UsageError, match="whole amounts"):
        spark.require_spark("1.5GB")


def test_the_warehouses_own_landing_is_listed(tmp_path: Path) -> None:
    land(tmp_path / "landing")
    assert spark.landing_variables(tmp_path, None) == {
        "landing_path": str(tmp_path / "landing"),
        "landed_files": [
            "forem/2019Q4-1/delivery.parquet",
            "forem/2019Q4-1/records.parquet",
            "refusals.parquet",
        ],
    }


def test_nothing_landed_is_an_empty_list(tmp_path: Path) -> None:
    assert spark.landing_variables(tmp_path, None)["landed_files"] == []


def test_of_a_landing_elsewhere_only_small_files_are_copied(tmp_path: Path) -> None:
    away = land(tmp_path / "away")
    variables = spark.landing_variables(tmp_path / "warehouse", away.as_uri() + "/")
    assert variables["landing_path"] == away.as_uri()
    assert "forem/2019Q4-1/records.parquet" in variables["landed_files"]
    copied = tmp_path / "warehouse" / "landing"
    assert (copied / "forem" / "2019Q4-1" / "delivery.parquet").exists()
    assert (copied / "refusals.parquet").read_bytes() == b"refusals"
    assert not list(copied.rglob("records.parquet"))


def test_what_is_gone_elsewhere_is_gone_in_the_copy(tmp_path: Path) -> None:
    away = land(land(tmp_path / "away"), operator="vdab")
    spark.landing_variables(tmp_path / "warehouse", away.as_uri())
    for file in (away / "vdab" / "2019Q4-1").iterdir():
        file.unlink()
    spark.landing_variables(tmp_path / "warehouse", away.as_uri())
    assert not (tmp_path / "warehouse" / "landing" / "vdab").exists()


def test_records_of_its_own_are_not_mixed_with_others(tmp_path: Path) -> None:
    away = land(tmp_path / "away")
    own = land(tmp_path / "warehouse" / "landing")
    with pytest.raises(UsageError, match="of its own"):
        spark.landing_variables(tmp_path / "warehouse", away.as_uri())
    assert (own / "forem" / "2019Q4-1" / "records.parquet").exists()


@pytest.mark.parametrize("landing", ["gopher://there", "away"])
def test_a_landing_that_cannot_be_read_is_wrong_usage(tmp_path: Path, landing: str) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        spark.landing_variables(tmp_path / "warehouse", landing)
    assert not (tmp_path / "warehouse" / "landing").exists()


def test_an_empty_landing_elsewhere_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    with pytest.raises(UsageError, match="No delivery has landed"):
        spark.landing_variables(tmp_path / "warehouse", (tmp_path / "away").as_uri())


def test_duckdb_does_not_take_records_that_lie_elsewhere_for_none(tmp_path: Path) -> None:
    away = land(tmp_path / "away")
    spark.landing_variables(tmp_path / "warehouse", away.as_uri())
    for landing in (None, away.as_uri()):
        with pytest.raises(UsageError, match="--target spark"):
            build(ROOT, tmp_path / "warehouse", "2019Q4", landing=landing)
    with pytest.raises(UsageError, match="lie in"):
        spark.landing_variables(tmp_path / "warehouse", None)
