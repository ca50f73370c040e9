"""The whole way on the sample: deliveries in, publication out, nothing of a person left behind."""

import csv
import hashlib
import itertools
import json
import re
import shutil
from contextlib import nullcontext
from pathlib import Path

import duckdb
import lxml.html
import pytest
from running import ROOT, Sample, synerstat
from traces import delivered_numbers, left_texts, numbers_in

from synerstat.build import build
from synerstat.intake import run_intake
from synerstat.publish import publication
from synerstat.publish.data_sets import DATA_SETS
from synerstat.secret import SAMPLE_SECRET
from synerstat.site import pages

# SYNERJOB's published table for 2019: job-seekers trained by a partner (home area, host, persons)
PUBLISHED_MOBILITY = [
    ("BE336", "forem", 47),
    ("BE1", "forem", 327),
    ("BE2", "forem", 171),
    ("BE3X", "adg", 35),
    ("BE3X", "bruxelles_formation", 354),
    ("BE3X", "vdab", 32),
]


class Finished(Sample):
    """A finished run on the sample: its folders and what it printed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.said = [self.run("2018Q4"), self.run("2019Q4")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The sample, run for 2018Q4 and then for 2019Q4 in the same warehouse."""
    return Finished(tmp_path_factory.mktemp("run"))


def marts(warehouse: Path) -> dict[str, list[tuple]]:
    with duckdb.connect(str(warehouse / "synerstat.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables "
            "where table_schema = 'marts' order by table_name"
        ).fetchall()
        return {
            name: connection.execute(f"select * from marts.{name} order by all").fetchall()
            for (name,) in names
        }


def test_a_run_ends_with_a_publication_and_says_where(finished: Finished) -> None:
    for said, quarter in zip(finished.said, ("2018Q4", "2019Q4"), strict=True):
        assert said.returncode == 0, said.stderr
        assert str(finished.out / quarter / "v1") in said.stdout + said.stderr
    assert (finished.out / "latest").resolve() == (finished.out / "2019Q4" / "v1").resolve()


def test_a_build_that_continues_tests_all_but_the_seeds(finished: Finished) -> None:
    assert "Continuing the build before" not in finished.said[0].stdout
    assert "Continuing the build before" in finished.said[1].stdout
    results = json.loads((finished.warehouse / "target" / "run_results.json").read_text("utf-8"))
    made = {result["unique_id"].split(".")[2] for result in results["results"]}
    promised = {
        name
        for path in (ROOT / "models").rglob("*__models.yml")
        for name in re.findall(r"name: (rows_of_\w+)", path.read_text("utf-8"))
    }
    about_seeds = {"operators_are_the_same_everywhere", "rule_codes_are_the_same_everywhere"}
    compared = {path.stem for path in (ROOT / "tests" / "coherence").glob("*.sql")}
    assert len(promised) > 40
    assert (promised | compared) - made == about_seeds


def test_the_marts_are_the_marts_schema(finished: Finished) -> None:
    assert sorted(marts(finished.warehouse)) == [
        "mart_counting_bridge",
        "mart_delivery_accounting",
        "mart_delivery_findings",
        "mart_interregional_mobility",
        "mart_mirror_flows",
        "mart_participants_by_profile",
        "mart_participants_by_status",
        "mart_participants_by_training",
    ]


CUBES = {
    "mart_participants_by_training": "training_area, operator, training_type, delivery_mode",
    "mart_participants_by_profile": "training_area, sex, age_group, education_level",
    "mart_participants_by_status": "operator, training_type, labour_status, sex",
    "mart_interregional_mobility": "residence_area, operator",
}


@pytest.mark.parametrize(("mart", "dimensions"), CUBES.items())
def test_persons_are_those_that_counting_them_one_by_one_finds(
    finished: Finished, mart: str, dimensions: str
) -> None:
    """The short cuts of the cube against `count(distinct)` in every cell."""
    names = dimensions.split(", ")
    cells = ", ".join(f"coalesce({name}, '_T')" for name in names)
    job_seekers = "where labour_status = 'JSK'" if mart == "mart_interregional_mobility" else ""
    with duckdb.connect(str(finished.warehouse / "synerstat.duckdb"), read_only=True) as connection:
        naive = connection.execute(
            f"""
            select
                freq,
                time_period,
                {cells},
                count(distinct person_id),
                count(distinct case when is_entered = 1 then person_id end),
                count(distinct case when is_left = 1 then person_id end),
                count(distinct case when is_in_stock = 1 then person_id end),
                count(*),
                sum(is_entered),
                sum(is_left),
                round(sum(hours))
            from intermediate.int_participants__by_period
            inner join intermediate.int_periods using (period_number)
            {job_seekers}
            group by freq, time_period, cube ({dimensions})
            order by all
            """
        ).fetchall()
        assert naive == connection.execute(f"select * from marts.{mart} order by all").fetchall()


def test_codes_are_one_enumeration_and_sort_as_their_text(finished: Finished) -> None:
    # the dimensions of the data sets, and the operator that a record names
    coded = ["organiser", *{each.column for data_set in DATA_SETS for each in data_set.dimensions}]
    with duckdb.connect(str(finished.warehouse / "synerstat.duckdb"), read_only=True) as connection:
        types = connection.execute(
            "select distinct schema_name, data_type from duckdb_columns() "
            "where data_type like 'ENUM%' and column_name <> 'disposition' order by all"
        ).fetchall()
        dispositions = connection.execute(
            "select distinct data_type from duckdb_columns() where column_name = 'disposition' "
            "and schema_name = 'intermediate' "
            "and table_name <> 'int_records__left'"  # without rows in a build anew
        ).fetchall()
        listed = connection.execute(
            "select code from seeds.code_lists union select unnest(['_D', '_U', '_X', '_Z'])"
        ).fetchall()
        columns = connection.execute(
            "select table_name, column_name, starts_with(data_type, 'ENUM') from duckdb_columns() "
            "where regexp_matches(table_name, "
            "'^int_(records|clients|participations|persons|participants)__') "
            "and table_name <> 'int_participants__left' "  # without rows in a build anew
            "and list_contains($1, column_name)",
            [coded],
        ).fetchall()
    # outside, and in what Python reads, codes are text
    assert [schema for schema, _ in types] == ["intermediate", "staging"]
    assert len({kind for _, kind in types}) == 1
    codes = re.findall(r"'([^']*)'", types[0][1])
    assert codes == sorted(code for (code,) in listed)
    ((of_dispositions,),) = dispositions
    assert of_dispositions.startswith("ENUM")
    named = re.findall(r"'([^']*)'", of_dispositions)
    assert "counted" in named
    assert named == sorted(named)
    # an expression that turned a code into text would go on in text, right but slow
    assert ("int_participants__by_period", "sex", True) in columns
    assert [(table, column) for table, column, is_code in columns if not is_code] == []


@pytest.mark.parametrize("attribute", ["sex", "education_level", "residence_area"])
def test_a_persons_profile_is_the_first_known_value_of_their_records(
    finished: Finished, attribute: str
) -> None:
    """The short cut of `first_known_code` against a sorted list of each person's records."""
    with duckdb.connect(str(finished.warehouse / "synerstat.duckdb"), read_only=True) as connection:
        found = connection.execute(
            f"""
            with by_recency as (
                select
                    records.person_id,
                    periods.period_number,
                    list(cast(records.{attribute} as varchar) order by
                        records.start_date desc, records.open_end_date desc,
                        cast(records.operator as varchar), records.record_id, records.record_key
                    ) filter (where records.{attribute} <> '_U') as known
                from intermediate.int_records__spelled as records
                inner join intermediate.int_participations__merged as participations
                    using (participation_id)
                inner join intermediate.int_periods as periods
                    on records.start_date <= periods.period_end
                    and participations.start_date <= periods.period_end
                    and participations.open_end_date >= periods.period_start
                group by all
            )
            select
                count(*),
                count_if(coalesce(known[1], '_U') <> {attribute}),
                count_if(len(known) > 1)
            from by_recency
            full outer join intermediate.int_persons__by_period using (person_id, period_number)
            """
        ).fetchall()
    (persons, differing, with_a_choice), *_ = found
    assert differing == 0
    assert persons > with_a_choice > 100


@pytest.mark.parametrize(("home_area", "host", "persons"), PUBLISHED_MOBILITY)
def test_the_sample_gives_the_mobility_that_synerjob_published(
    finished: Finished, home_area: str, host: str, persons: int
) -> None:
    with duckdb.connect(str(finished.warehouse / "synerstat.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select participants_present from marts.mart_interregional_mobility "
            "where time_period = '2019' and residence_area = ? and operator = ?",
            [home_area, host],
        ).fetchall()
    assert found == [(persons,)]


def test_every_delivered_row_is_accounted_for(finished: Finished) -> None:
    delivered: dict[tuple[str, str, int], int] = {}
    for path in finished.deliveries.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text("utf-8"))
        key = (manifest["operator"], manifest["reference_quarter"], manifest["sequence"])
        delivered[key] = sum(file["rows"] for file in manifest["files"])
    accounted: dict[tuple[str, str, int], int] = {}
    for operator, quarter, sequence, _, rows in marts(finished.warehouse)[
        "mart_delivery_accounting"
    ]:
        accounted[operator, quarter, sequence] = (
            accounted.get((operator, quarter, sequence), 0) + rows
        )
    assert accounted == delivered


def test_checksums_cover_every_file_of_the_publication(finished: Finished) -> None:
    folder = finished.out / "2019Q4" / "v1"
    listed = dict(
        reversed(line.split("  ", 1)) for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    files = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert listed == files


def test_no_small_count_is_published(finished: Finished) -> None:
    people = {"PRESENT", "ENTRANTS", "LEAVERS", "STOCK", "MIRROR_HOME", "MIRROR_HOST"}
    for path in (finished.out / "2019Q4" / "v1" / "data").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        assert lines
        assert not [
            line
            for line in lines
            if line["indicator"] in people and line["obs_value"] in ("1", "2", "3")
        ]
        assert not [line for line in lines if line["indicator"] == "EXITS"]


def test_building_an_earlier_quarter_first_changes_nothing(
    finished: Finished, tmp_path: Path
) -> None:
    for quarter, earlier in (("2018Q4", None), ("2019Q4", finished.warehouse)):
        scratch = tmp_path / quarter
        shutil.copytree(finished.warehouse / "landing", scratch / "landing")
        built = synerstat("build", "--warehouse", scratch, "--quarter", quarter)
        assert built.returncode == 0, built.stderr
        if earlier:
            assert marts(scratch) == marts(earlier)
        else:
            # the vintage of 2018Q4 was published from a warehouse made from nothing, too
            again = synerstat(
                *(
                    "publish",
                    "--warehouse",
                    scratch,
                    "--quarter",
                    quarter,
                    "--out",
                    tmp_path / "out",
                )
            )
            assert again.returncode == 0, again.stderr
            first = finished.out / "2018Q4" / "v1" / "SHA256SUMS"
            assert (
                tmp_path / "out" / "2018Q4" / "v1" / "SHA256SUMS"
            ).read_text() == first.read_text()


def test_a_second_run_changes_nothing(finished: Finished) -> None:
    def state() -> dict[str, str]:
        kept = [*finished.out.rglob("*"), *(finished.warehouse / "landing").rglob("*")]
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in kept
            if path.is_file()
        }

    before, figures = state(), marts(finished.warehouse)
    assert finished.run("2019Q4").returncode == 0
    assert state() == before
    assert marts(finished.warehouse) == figures


# -------------------------------------------------------------------------------------------------
# a correction after the publication, and the same delivery checked by its operator


def corrected(prestations: bytes) -> bytes:
    """The file of le Forem with thirty records of October moved to September."""
    lines = prestations.decode("cp1252").splitlines(keepends=True)
    moved = [
        n for n, line in enumerate(lines) if re.search(";([0-3][0-9]-10-2019;){2}", line)
        and ";31-10-2019;" not in line
    ][:30]  # fmt: skip
    assert len(moved) == 30
    for n in moved:
        lines[n] = lines[n].replace("-10-2019;", "-09-2019;")
    return "".join(lines).encode("cp1252")


def figures(vintage: Path) -> dict[tuple[str, ...], tuple[int | None, bool]]:
    """All published figures: value, and whether it is shown."""
    with duckdb.connect() as connection:
        return {
            (path.stem, *map(str, row[:-2])): (row[-2], row[-1] == "F")
            for path in sorted((vintage / "data").glob("*.parquet"))
            for row in connection.execute(
                "select * exclude (vintage, obs_value, obs_status, conf_status), "
                f"obs_value, conf_status from '{path}' "
            ).fetchall()
        }


def test_a_correction_after_a_publication_changes_figures_and_says_so(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what they show is tested with the first vintage
    monkeypatch.setattr(pages, "write_site", lambda *_: None)
    monkeypatch.setattr(publication, "writing_formats", lambda *_: nullcontext())
    for name in ("deliveries", "publication"):
        shutil.copytree(finished.out.parent / name, tmp_path / name, symlinks=True)
    shutil.copytree(finished.warehouse / "landing", tmp_path / "warehouse" / "landing")
    warehouse, out = tmp_path / "warehouse", tmp_path / "publication"
    first = tmp_path / "deliveries" / "forem" / "2019Q4-1"
    again = first.with_name("2019Q4-2")
    again.mkdir()
    manifest = json.loads((first / "manifest.json").read_text("utf-8"))
    content = corrected((first / "prestations.csv").read_bytes())
    (again / "prestations.csv").write_bytes(content)
    manifest["sequence"] = 2
    manifest["files"][0]["sha256"] = hashlib.sha256(content).hexdigest()
    (again / "manifest.json").write_text(json.dumps(manifest), "utf-8")

    taken_in = run_intake(tmp_path / "deliveries", warehouse, ROOT / "contracts", SAMPLE_SECRET)
    assert [(each.operator, each.sequence) for each in taken_in.landed] == [("forem", 2)]
    assert build(ROOT, warehouse, "2019Q4").expectations.passed
    published = publication.publish(warehouse, "2019Q4", out)

    assert published.vintage == "2019Q4-v2"
    assert (out / "latest").resolve() == published.folder.resolve()
    before, after = figures(out / "2019Q4" / "v1"), figures(published.folder)
    assert before == figures(finished.out / "2019Q4" / "v1")
    with (published.folder / "revisions.csv").open(encoding="utf-8", newline="") as file:
        revisions = list(csv.DictReader(file))
    # le Forem's participants: fewer in the quarter, and the revision tells both figures
    (present,) = [
        row
        for row in revisions
        if (row["data_set"], row["time_period"], row["operator"], row["indicator"])
        == ("training", "2019-Q4", "forem", "PRESENT")
        and {row["training_area"], row["training_type"], row["delivery_mode"]} == {"_T"}
    ]
    key = ("training", "Q", "2019-Q4", "_T", "forem", "_T", "_T", "PRESENT")
    assert (int(present["old_value"]), int(present["new_value"])) == (before[key][0], after[key][0])
    assert int(present["difference"]) < 0
    assert present["cause"] == "corrected_record"
    # nothing else changed silently: every figure that is not the same has its revision
    nothing = (0, True)
    changed = [
        name
        for name in before | after
        if (old := before.get(name, nothing)) != (new := after.get(name, nothing))
        and (old[1] or new[1])
    ]
    assert len(revisions) == len(changed) > 100
    causes = {row["cause"] for row in revisions if row["old_value"] and row["new_value"]}
    assert causes == {"corrected_record"}
    assert {row["cause"] for row in revisions} <= {"corrected_record", "disclosure_control"}
    assert {row["previous_vintage"] for row in revisions} == {"2019Q4-v1"}


def test_an_operator_that_checks_its_delivery_is_told_the_same(
    finished: Finished, tmp_path: Path
) -> None:
    """All but what only the warehouse knows: earlier deliveries, and replaced numbers."""
    checked = synerstat(
        *("check", "--delivery", finished.deliveries / "forem" / "2019Q4-1", "--out", tmp_path)
    )
    assert checked.returncode == 3, checked.stderr
    folder = finished.warehouse / "quality" / "feedback" / "forem"
    own = json.loads((tmp_path / "forem-2019Q4-1.fr.json").read_text("utf-8"))
    told = json.loads((folder / "2019Q4-1.fr.json").read_text("utf-8"))
    for part in ("verdict", "verdict_text", "places", "codes", "effect", "rule_set_version"):
        assert own[part] == told[part], part
    assert own["facts"] | {"previous": None} == told["facts"] | {"previous": None}
    kept = ("rule", "severity", "rows", "share", "participants_with_rows")
    kept += ("participants_without_rows",)
    for findings in (own["findings"], told["findings"]):
        # a rule that was broken in the delivery before stands with no rows
        findings[:] = [finding for finding in findings if finding["rows"]]
        assert len(findings) > 5
    assert [{k: f[k] for k in kept} for f in own["findings"]] == [
        {k: f[k] for k in kept} for f in told["findings"]
    ]
    where = ("file_name", "line_number", "record_id")
    assert [[s[k] for k in where] for f in own["findings"] for s in f["samples"]] == [
        [s[k] for k in where] for f in told["findings"] for s in f["samples"]
    ]
    assert own["findings"][0]["rule"] in own["rules"]
    assert all(own["rules"][rule] == told["rules"][rule] for rule in own["rules"])
    listed = (tmp_path / "forem-2019Q4-1.quarantine.csv").read_bytes()
    assert listed == (folder / "2019Q4-1.quarantine.csv").read_bytes()


def test_a_publication_tells_of_deliveries_how_many_rows_break_which_rule(
    finished: Finished,
) -> None:
    told = finished.warehouse / "quality" / "feedback"
    published = finished.out / "latest" / "quality" / "feedback"
    names = {path.relative_to(told) for path in told.rglob("*.*")}
    kept = {path.relative_to(published) for path in published.rglob("*.*")}
    assert kept == {name for name in names if not name.name.endswith(".quarantine.csv")}
    for name in (each for each in kept if each.suffix == ".json"):
        whole, edition = (
            json.loads((folder / name).read_text("utf-8")) for folder in (told, published)
        )
        assert edition["is_published"]
        assert whole["effect"]
        assert edition["effect"] is edition["identifiers"] is None
        rows = [[each["rows"] for each in report["findings"]] for report in (whole, edition)]
        assert rows[0] == rows[1]
        records = {row["record_id"] for each in whole["findings"] for row in each["samples"]}
        for ending in (".json", ".csv", ".html"):
            text = (published / name).with_suffix(ending).read_text("utf-8")
            assert not [record for record in records if record and record in text]


# -------------------------------------------------------------------------------------------------
# nothing of a person is left behind


def test_no_national_number_is_left_anywhere(finished: Finished) -> None:
    numbers = delivered_numbers(finished.deliveries)
    assert len(numbers) > 1000
    for place, text in [
        *left_texts(finished.warehouse),
        *left_texts(finished.out),
        *(("output", said.stdout + said.stderr) for said in finished.said),
    ]:
        assert not numbers_in(text, numbers), f"a national number stands in {place}"


def test_the_secret_is_left_nowhere(finished: Finished) -> None:
    for folder in (finished.warehouse, finished.out):
        for path in folder.rglob("*"):
            if path.is_file():
                assert SAMPLE_SECRET.encode() not in path.read_bytes(), path
    for said in finished.said:
        assert SAMPLE_SECRET not in said.stdout + said.stderr


PAGES = ("en", "fr", "nl", "de")


def test_every_page_stands_in_every_language_and_asks_nothing_of_other_hosts(
    finished: Finished,
) -> None:
    site = finished.out / "latest" / "site"
    names = {language: {p.name for p in (site / language).glob("*.html")} for language in PAGES}
    assert len(names["en"]) > 15
    assert all(found == names["en"] for found in names.values())
    for language in PAGES:
        for path in sorted((site / language).glob("*.html")):
            page = lxml.html.fromstring(path.read_text("utf-8"))
            assert page.get("lang") == language
            assert page.findtext(".//title")
            assert "default-src 'none'" in page.xpath("//meta[@http-equiv]/@content")[0]
            assert sorted(page.xpath("//link[@hreflang]/@hreflang"))[:4] == sorted(PAGES)
            for address in page.xpath("//@src | //@href | //@action"):
                assert not re.match("(https?:)?//|javascript:", address), (path.name, address)
                target = address.split("#")[0].split("?")[0]
                if target and not target.startswith(("data:", "mailto:")):
                    assert (path.parent / target).exists(), (path.name, address)


@pytest.mark.parametrize("name", ["training", "profile", "status", "mobility", "mirror"])
def test_the_figures_for_machines_are_those_of_the_data_sets(finished: Finished, name: str) -> None:
    vintage = (finished.out / "latest").resolve()
    served: dict[tuple[str, ...], tuple[int | None, str]] = {}
    for path in sorted((vintage / "site" / "api" / "data" / name).glob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        codes = [content["dimension"][each]["category"]["index"] for each in content["id"]]
        for place, key in enumerate(itertools.product(*codes)):
            if str(place) in content["value"]:
                # a normal figure carries no flag
                flag = content["status"].get(str(place), "A")
                served[key] = (content["value"][str(place)], flag)
    with duckdb.connect() as connection:
        key = ", ".join(content["id"])
        rows = connection.execute(
            f"select {key}, obs_value, obs_status from '{vintage}/data/{name}.parquet'"
        ).fetchall()
    assert served == {row[:-2]: (row[-2], row[-1]) for row in rows}


def quality_report(finished: Finished) -> dict:
    return json.loads((finished.out / "latest/quality/quality-report.json").read_text("utf-8"))


def test_the_indicators_of_the_quality_report_are_those_of_the_marts(finished: Finished) -> None:
    """What the report shows is recomputed from the marts; what it withholds, from the model."""
    with duckdb.connect(str(finished.warehouse / "synerstat.duckdb"), read_only=True) as connection:

        def pairs(query: str) -> dict:
            return {key: value for key, *value in connection.execute(query).fetchall()}

        accounted = pairs(
            """
            select
                operator,
                sum(rows) filter (
                    disposition in (
                        'duplicate', 'cancelled', 'not_member', 'mirror', 'out_of_scope'
                    )
                ),
                sum(rows) filter (disposition in ('unreadable', 'rejected')),
                sum(rows)
            from marts.mart_delivery_accounting
            where reference_quarter = '2019Q4'
            group by operator
            """
        )
        model = pairs(
            """
            select
                operator,
                max(numerator) filter (indicator = 'A2'),
                max(numerator) filter (indicator = 'A4'),
                max(denominator)
            from quality.quality_report_indicators
            where
                indicator in ('A2', 'A4') and breakdown = '_T'
                and operator <> '_T' and time_period = '2019-Q4'
            group by operator
            """
        )
        bridge = pairs(
            """
            select time_period, participants_of_several_operators, participants_present
            from marts.mart_counting_bridge where operator = '_T' and freq = 'Q'
            """
        )
        flows = pairs(
            """
            select
                time_period || home_operator || ' ' || host_operator,
                reported_by_home,
                reported_by_host,
                asymmetry
            from marts.mart_mirror_flows where freq = 'Q'
            """
        )
    assert model == {key: [value or 0 for value in row] for key, row in accounted.items()}
    shown = [each for each in quality_report(finished)["indicators"] if each["value"] is not None]
    seen = set()
    for each in shown:
        numbers = [each["numerator"], each["denominator"]]
        seen.add(each["indicator"])
        if each["indicator"] == "A3":
            assert numbers == bridge[each["time_period"]]
        elif each["indicator"] == "CC1":
            flow = f"{each['time_period']}{each['operator']} {each['breakdown']}"
            assert [*numbers, each["value"]] == pytest.approx(flows[flow])
        if each["unit"] == "share" and numbers != [None, None]:
            assert each["value"] == pytest.approx(numbers[0] / numbers[1])
    assert seen == {"R1", "A2", "A3", "A4", "A5", "A7", "TP1", "TP3", "CC1", "CC2", "AC3"}


def test_the_quality_report_tells_nothing_that_the_data_sets_withhold(finished: Finished) -> None:
    report = quality_report(finished)
    for each in report["indicators"]:
        if each["conf_status"] == "C":
            assert (each["numerator"], each["denominator"], each["value"]) == (None, None, None)
        if each["unit"] == "share" and each["numerator"] is not None and each["indicator"] != "R1":
            assert each["numerator"] not in (1, 2, 3)
            assert each["denominator"] - each["numerator"] not in (1, 2, 3)
    with (finished.out / "latest/data/training.csv").open(encoding="utf-8", newline="") as file:
        published = {
            (row["operator"], row["training_type"], row["indicator"], row["time_period"]): row
            for row in csv.DictReader(file)
            if row["training_area"] == row["delivery_mode"] == "_T"
        }
    assert len(report["headlines"]) == sum(
        len(time) > 4 and kind == "_T" for _, kind, _, time in published
    )
    for each in report["headlines"]:
        key = (each["operator"], "_T", each["indicator"], each["time_period"])
        assert each["obs_value"] == (int(published[key]["obs_value"] or 0) or each["obs_value"])
        assert (each["obs_value"] is None) == (published[key]["obs_value"] == "")
    breaks = report["breaks"]
    assert {(each["operator"], each["change_date"]) for each in breaks} >= {
        ("vdab", "2018-09-01"),
        ("forem", "2019-05-01"),
    }
    for each in breaks:
        for when in ("before", "after"):
            period = each[f"period_{when}"]
            key = (each["operator"], each["training_type"], "PARTICIPATIONS", period)
            value = published.get(key, {"obs_value": ""})["obs_value"]
            assert each[f"participations_{when}"] == (int(value) if value else None)
    assert report["mergers"][0]["municipalities_changing_area"] == 0


def test_the_quality_report_measures_revisions(finished: Finished) -> None:
    revisions = quality_report(finished)["revisions"]
    assert revisions["previous_vintage"] == "2018Q4-v1"
    with (finished.out / "latest/revisions.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["difference"]]
    for size in revisions["sizes"]:
        changed = [
            abs(int(row["difference"]))
            for row in rows
            if (row["data_set"], row["indicator"]) == (size["data_set"], size["indicator"])
            # a cell that only one vintage holds is compared with zero, but has no revision
            and row["old_obs_status"]
            and row["new_obs_status"]
        ]
        assert size["cells_revised"] == len(changed)
        assert size["mean_absolute"] * size["cells"] == pytest.approx(sum(changed))
    assert revisions["large"] >= len(revisions["largest"]) > 0
    assert all(abs(each["share"]) > 0.1 for each in revisions["largest"])


@pytest.mark.parametrize("language", PAGES)
def test_the_quality_report_is_a_page_that_needs_nothing_else(
    finished: Finished, language: str
) -> None:
    folder = finished.out / "latest" / "quality"
    page = lxml.html.fromstring(
        (folder / f"quality-report.{language}.html").read_text("utf-8"),
    )
    assert page.get("lang") == language
    assert "default-src 'none'" in page.xpath("//meta[@http-equiv]/@content")[0]
    assert not page.xpath("//script | //@src | //@style | //img | //iframe")
    for address in page.xpath("//@href"):
        target, _, anchor = address.partition("#")
        assert target == "data:," or not target or (folder / target).exists(), address
        assert not anchor or page.xpath(f"//*[@id='{anchor}']"), address
    assert len(page.xpath("//h2/span[@class='number']")) == 19
    assert page.xpath("//h3/span[@class='badge']/text()") == [
        *("AC3", "R1", "A2", "A4", "A3", "A5", "TP1", "TP3", "CC1", "CC2", "A6", "A7")
    ]
    for table in page.xpath("//table"):
        assert table.findtext("caption")
        assert {each.get("scope") for each in table.xpath(".//th")} <= {"col", "row"}
    report = quality_report(finished)
    present = {
        each["operator"]: each["obs_value"]
        for each in report["headlines"]
        if (each["indicator"], each["time_period"]) == ("PRESENT", "2019-Q4")
    }
    first = page.xpath("(//table)[1]/tbody/tr/td[1]/text()")
    order = ("vdab", "forem", "bruxelles_formation", "adg", "_T")
    assert first == [str(present[operator]) for operator in order]
    common = next(
        each
        for each in report["indicators"]
        if (each["indicator"], each["time_period"]) == ("A3", "2019-Q4")
    )
    if common["value"] is not None:
        told = page.xpath("//h3[@id='A3']/following-sibling::p[2]")[0].text_content()
        assert told.startswith(f"{common['numerator']} ")


@pytest.mark.parametrize(
    ("data_set", "period", "cell"),
    [
        ("training", "2019-Q4", {}),
        ("training", "2019", {"operator": "vdab", "training_type": "IWT"}),
        ("profile", "2018-Q3", {"sex": "F", "age_group": "Y30T39"}),
        ("status", "2019-Q1", {"operator": "forem", "labour_status": "JSK"}),
        ("mobility", "2019", {"residence_area": "BE1", "operator": "forem"}),
        ("mirror", "2019", {"home_operator": "forem", "host_operator": "vdab"}),
    ],
)
def test_the_way_of_a_figure_leads_to_the_rows_of_its_deliveries(
    finished: Finished, data_set: str, period: str, cell: dict[str, str]
) -> None:
    named = [f"--cell={name}={code}" for name, code in cell.items()]
    said = synerstat(
        *("explain", "--warehouse", finished.warehouse, "--dataset", data_set),
        *("--period", period, *named, "--json"),
    )
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)["explain"]
    figures = {each["indicator"]: each for each in found["figures"]}
    with (finished.out / "2019Q4" / "v1" / "data" / f"{data_set}.csv").open(newline="") as file:
        published = {
            row["indicator"]: row["obs_value"]
            for row in csv.DictReader(file)
            if row["time_period"] == period
            and all(
                row[name] == cell.get(name, "_T")
                for name in row
                if name in found["cell"] and name not in ("freq", "time_period")
            )
        }
    shown = {name: each["published"] for name, each in figures.items()}
    assert {name: "" if each is None else str(each) for name, each in shown.items()} == published
    ways = {way["side"]: way for way in found["ways"]}
    if data_set == "mirror":
        assert ways["home"]["persons"] == figures["MIRROR_HOME"]["value"]
        assert ways["host"]["persons"] == figures["MIRROR_HOST"]["value"]
    else:
        assert ways[""]["persons"] == figures["PRESENT"]["value"]
        assert ways[""]["participations"] == figures["PARTICIPATIONS"]["value"]
    for way in ways.values():
        # one row of one delivery is the current version of a record
        assert sum(each["counted"] for each in way["deliveries"]) == way["records"] > 0
        assert all(len(each["files_sha256"]) == 64 for each in way["deliveries"])
        typed = [each["rows"] for each in way["mappings"] if each["attribute"] == "training_type"]
        assert sum(typed) == way["records"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--dataset", "trainings", "--period", "2019"), "There is no data set 'trainings'"),
        (("--dataset", "training", "--period", "2019Q5"), "is no period"),
        (("--dataset", "training", "--period", "2019", "--cell", "x=y"), "has no dimension x"),
        (("--dataset", "training", "--period", "2019", "--cell", "operator=x"), "adg, "),
        (("--dataset", "training", "--period", "2019", "--cell", "vdab"), "write operator=vdab"),
        (("--dataset", "training", "--period", "2031"), "no such cell"),
        (("--dataset", "mirror", "--period", "2019"), "home_operator and host_operator"),
    ],
)
def test_a_figure_that_is_not_there_is_told(
    finished: Finished, arguments: tuple[str, ...], reason: str
) -> None:
    said = synerstat("explain", "--warehouse", finished.warehouse, *arguments)
    assert said.returncode == 2
    assert reason in " ".join(said.stderr.replace("\u2502", " ").split())
