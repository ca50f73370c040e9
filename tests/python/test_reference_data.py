"""What must hold of the reference lists, whoever renews them."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
DIMENSIONS = (
    "training_type",
    "delivery_mode",
    "sex",
    "labour_status",
    "education_level",
    "organiser",
)
OPERATORS = sorted(path.name.split(".")[0] for path in (ROOT / "contracts").glob("*.odcs.yaml"))


def read_seed(name: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / "seeds" / name, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def municipalities() -> pd.DataFrame:
    return read_seed("geography/municipalities.csv")


@pytest.fixture(scope="module")
def mergers() -> pd.DataFrame:
    return read_seed("geography/municipality_mergers.csv")


def valid_on(municipalities: pd.DataFrame, day: str) -> pd.DataFrame:
    ends = municipalities["valid_to"].replace("", "9999-12-31")
    return municipalities[(municipalities["valid_from"] <= day) & (ends >= day)]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2018-01-01", {"BE1": 19, "BE2": 308, "BE336": 9, "BE3X": 253}),
        ("2018-12-31", {"BE1": 19, "BE2": 308, "BE336": 9, "BE3X": 253}),
        ("2019-01-01", {"BE1": 19, "BE2": 300, "BE336": 9, "BE3X": 253}),
        ("2024-12-31", {"BE1": 19, "BE2": 300, "BE336": 9, "BE3X": 253}),
        ("2025-01-01", {"BE1": 19, "BE2": 285, "BE336": 9, "BE3X": 252}),
    ],
)
def test_municipalities_are_as_many_as_statbel_counts(
    municipalities: pd.DataFrame, day: str, expected: dict[str, int]
) -> None:
    assert valid_on(municipalities, day)["area_code"].value_counts().to_dict() == expected


def test_german_speaking_community_is_its_nine_municipalities(municipalities: pd.DataFrame) -> None:
    german_speaking = municipalities[municipalities["area_code"] == "BE336"]
    assert german_speaking["refnis_code"].tolist() == [
        "63001", "63012", "63013", "63023", "63040", "63048", "63061", "63067", "63087",
    ]  # fmt: skip


def test_code_kept_through_a_merger_stays_valid(
    municipalities: pd.DataFrame, mergers: pd.DataFrame
) -> None:
    kept = mergers[mergers["old_refnis_code"] == mergers["new_refnis_code"]]
    assert kept["old_refnis_code"].tolist() == ["11002"]
    antwerp = municipalities[municipalities["refnis_code"] == "11002"].iloc[0]
    assert (antwerp["valid_from"], antwerp["valid_to"]) == ("1970-01-01", "")


def test_codes_end_on_the_day_before_their_change(
    municipalities: pd.DataFrame, mergers: pd.DataFrame
) -> None:
    given_up = mergers[mergers["old_refnis_code"] != mergers["new_refnis_code"]]
    ends = municipalities.set_index("refnis_code")["valid_to"]
    starts = municipalities.set_index("refnis_code")["valid_from"]
    day_before = {"2019-01-01": "2018-12-31", "2025-01-01": "2024-12-31"}
    assert (
        given_up["old_refnis_code"].map(ends) == given_up["effective_date"].map(day_before)
    ).all()
    new = given_up[given_up["new_refnis_code"] != "11002"]
    assert (new["new_refnis_code"].map(starts) == new["effective_date"]).all()
    assert set(ends[ends != ""].index) == set(given_up["old_refnis_code"])


def test_no_change_crosses_an_area(municipalities: pd.DataFrame, mergers: pd.DataFrame) -> None:
    area = municipalities.set_index("refnis_code")["area_code"]
    assert (mergers["old_refnis_code"].map(area) == mergers["new_refnis_code"].map(area)).all()


def test_area_agrees_with_nuts(municipalities: pd.DataFrame) -> None:
    area, nuts3 = municipalities["area_code"], municipalities["nuts3_code"]
    assert (area.str[:3] == nuts3.str[:3]).all()
    assert ((area == "BE336") == (nuts3 == "BE336")).all()


def test_post_codes_have_the_area_of_a_municipality_of_today(municipalities: pd.DataFrame) -> None:
    post_codes = read_seed("geography/post_codes.csv")
    today = municipalities[municipalities["valid_to"] == ""].set_index("refnis_code")["area_code"]
    assert post_codes["post_code"].is_unique
    assert (post_codes["refnis_code"].map(today) == post_codes["area_code"]).all()
    assert set(post_codes["refnis_code"]) <= set(today.index)


@pytest.mark.parametrize(
    ("post_code", "refnis_code"), [("1040", "21004"), ("1050", "21004"), ("1804", "23088")]
)
def test_shared_post_code_goes_to_the_lowest_refnis_code(post_code: str, refnis_code: str) -> None:
    post_codes = read_seed("geography/post_codes.csv").set_index("post_code")
    assert post_codes.loc[post_code, "refnis_code"] == refnis_code


def test_home_areas_are_one_for_each_operator() -> None:
    home = read_seed("geography/operator_home_areas.csv").set_index("operator")["area_code"]
    known = {"vdab": "BE2", "forem": "BE3X", "bruxelles_formation": "BE1", "adg": "BE336"}
    assert sorted(home.index) == OPERATORS
    assert {operator: home[operator] for operator in known} == known


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_operator_has_codes_in_every_crosswalk(dimension: str) -> None:
    crosswalk = read_seed(f"crosswalk/crosswalk_{dimension}.csv")
    assert sorted(crosswalk["operator"].unique()) == OPERATORS


@pytest.mark.parametrize("dimension", ["training_type", "organiser"])
def test_every_code_out_of_scope_says_why(dimension: str) -> None:
    crosswalk = read_seed(f"crosswalk/crosswalk_{dimension}.csv")
    out_of_scope = crosswalk[crosswalk["target_code"] == "_X"]
    assert out_of_scope["note"].str.contains("Out of scope").all()


@pytest.mark.parametrize(
    ("code", "day", "expected"),
    [
        ("PFI", "2019-04-30", 1),
        ("PFI", "2019-05-01", 0),
        ("CFI", "2019-04-30", 0),
        ("CFI", "2019-05-01", 1),
        ("CFI", "2024-09-30", 1),
        ("PFI", "2024-09-30", 0),
        ("PFI", "2024-10-01", 1),
        ("CFI", "2024-10-01", 0),
    ],
)
def test_le_forems_individual_training_has_one_name_on_each_day(
    code: str, day: str, expected: int
) -> None:
    crosswalk = read_seed("crosswalk/crosswalk_training_type.csv")
    rows = crosswalk[(crosswalk["operator"] == "forem") & (crosswalk["source_code"] == code)]
    bounds = rows.assign(valid_to=rows["valid_to"].replace("", "9999-12-31"))
    assert ((bounds["valid_from"] <= day) & (bounds["valid_to"] >= day)).sum() == expected


def build_geography() -> ModuleType:
    path = ROOT / "tools" / "build_geography.py"
    spec = importlib.util.spec_from_file_location("build_geography", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small_source(tmp_path: Path) -> Path:
    """Four municipalities in the form of the official lists, one re-coded, two merged in 2019."""
    source = tmp_path / "source"
    source.mkdir()
    refnis = [
        "LVL_REFNIS;CD_REFNIS;CD_SUP_REFNIS;TX_REFNIS_DE;TX_REFNIS_FR;TX_REFNIS_NL;DT_VLDT_START;DT_VLDT_END",
        "1;02000;-;Fl;Fl;Vl;01/01/1970;31/12/9999",
        "1;03000;-;Wa;Wa;Wa;01/01/1970;31/12/9999",
        "2;10000;02000;P;P;P;01/01/1970;31/12/9999",
        "2;60000;03000;P;Province de Liège;P;01/01/1970;31/12/9999",
        "3;12000;10000;D;D;D;01/01/1970;31/12/9999",
        "3;63000;60000;D;D;D;01/01/1970;31/12/9999",
        "4;12030;12000;Puurs;Puurs;Puurs;01/01/1970;31/12/9999",
        "4;12034;12000;Sint-Amands;Sint-Amands;Sint-Amands;01/01/1970;31/12/9999",
        "4;12099;12000;Alt;Vieux;Oud;01/01/1970;31/12/1976",
        "4;63023;63000;Eupen;Eupen;Eupen;01/01/1970;31/12/9999",
    ]
    (source / "TU_COM_REFNIS_2018.csv").write_bytes("\r\n".join(refnis).encode("cp1252"))
    (source / "nis_changes_2019.csv").write_text(
        "cd_refnis_old,cd_refnis_new,nature\n12030,12041,FUSION\n12034,12041,FUSION\n"
    )
    (source / "municipalities.json").write_text(
        json.dumps(
            [
                {"id": "12041", "name": {"fr": "Puurs", "nl": "Puurs"}, "region": "02000"},
                {"id": "63023", "name": {"fr": "Eupen", "nl": "Eupen"}, "region": "03000"},
            ]
        )
    )
    (source / "postal-codes.json").write_text(
        json.dumps(
            [
                {"postalCode": "4700", "municipality": "63023"},
                {"postalCode": "2870", "municipality": "63023"},
                {"postalCode": "2870", "municipality": "12041"},
            ]
        )
    )
    (source / "nuts3_ref_2021.csv").write_text(
        "cd_nuts3,cd_refnis_arr\nBE212,12000\nBE335,63000\nBE336,63000\n"
    )
    return source


def test_rebuilding_the_geography_gives_the_same_bytes(small_source: Path, tmp_path: Path) -> None:
    tool = build_geography()
    for out in ("first", "second"):
        assert tool.main(["--source", str(small_source), "--out", str(tmp_path / out)]) == 0
    for name in ("municipalities.csv", "municipality_mergers.csv", "post_codes.csv"):
        first = (tmp_path / "first" / name).read_bytes()
        assert first == (tmp_path / "second" / name).read_bytes()
    assert (tmp_path / "first" / "municipalities.csv").read_text(encoding="utf-8").splitlines() == [
        "refnis_code,valid_from,valid_to,name_fr,name_nl,name_de,district_code,region_code,nuts3_code,area_code",
        "12030,1970-01-01,2018-12-31,Puurs,Puurs,Puurs,12000,02000,BE212,BE2",
        "12034,1970-01-01,2018-12-31,Sint-Amands,Sint-Amands,Sint-Amands,12000,02000,BE212,BE2",
        "12041,2019-01-01,,Puurs,Puurs,Puurs,12000,02000,BE212,BE2",
        "63023,1970-01-01,,Eupen,Eupen,Eupen,63000,03000,BE336,BE336",
    ]
    assert (tmp_path / "first" / "post_codes.csv").read_text().splitlines() == [
        "post_code,refnis_code,area_code",
        "2870,12041,BE2",
        "4700,63023,BE336",
    ]


def test_lists_that_disagree_write_nothing(
    small_source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (small_source / "nis_changes_2019.csv").write_text(
        "cd_refnis_old,cd_refnis_new,nature\n12030,12041,FUSION\n"
    )
    out = tmp_path / "out"
    assert build_geography().main(["--source", str(small_source), "--out", str(out)]) == 1
    assert "12034" in capsys.readouterr().err
    assert not out.exists()
