"""A small warehouse, as a build leaves it: marts of invented cells, nothing landed."""

import shutil
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pytest

import synerstat.warehouse as store
from synerstat.build import build_models, project_variables
from synerstat.crosswalks import ATTRIBUTES
from synerstat.publish import publication
from synerstat.publish.data_sets import DATA_SETS
from synerstat.site import pages

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def without_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages are tested with the whole sample; here they would only cost time."""
    monkeypatch.setattr(pages, "write_site", lambda *_: None)


MEASURES = (
    "participants_present, participants_entered, participants_left, participants_stock, "
    "participations_present, participations_entered, participations_left, training_hours"
)


def measures(present: int, entered: int, hours: int = 100) -> str:
    return f"{present}, {entered}, 0, {present}, {present * 2}, {entered * 2}, 0, {hours}"


MARTS = {
    "mart_participants_by_training": [
        f"'Q', '2019-Q4', 'BE1', 'forem', 'VOC', 'F2F', {measures(3, 0)}",
        f"'Q', '2019-Q4', 'BE1', '_T', 'VOC', '_T', {measures(4, 3)}",
        f"'Q', '2019-Q1', 'BE1', '_T', '_T', '_T', {measures(9, 5)}",
        f"'Q', '2018-Q4', 'BE1', '_T', '_T', '_T', {measures(9, 4)}",
        f"'A', '2019', 'BE1', '_T', '_T', '_T', {measures(20, 9)}",
        f"'A', '2018', 'BE1', '_T', '_T', '_T', {measures(20, 9)}",
    ],
    "mart_participants_by_profile": [
        f"'Q', '2019-Q4', 'BE1', '_O', '_U', '_N', {measures(1, 1)}",
        f"'Q', '2019-Q4', '_T', '_T', '_T', '_T', {measures(8, 5)}",
    ],
    "mart_participants_by_status": [
        f"'Q', '2019-Q4', 'adg', 'IWT', 'JSK', 'F', {measures(6, 6)}",
    ],
    "mart_interregional_mobility": [
        f"'Q', '2019-Q4', 'ABR', 'vdab', {measures(5, 0)}",
    ],
    "mart_mirror_flows": [
        "'Q', '2019-Q4', 'vdab', 'forem', 30, 10, 1.0",
        "'Q', '2019-Q4', 'vdab', 'adg', 0, 0, null",
        "'Q', '2019-Q4', 'adg', 'vdab', 2, 12, -1.4285",
        "'Q', '2019-Q4', 'forem', 'adg', 0, 7, -2.0",
    ],
}

# one record of le Forem, delivered in 2019Q4-2, and the tables that tell which one counts
RECORDS = """
create schema intermediate;
create table intermediate.int_periods as
select
    unnest(['2019-Q4', '2019']) as time_period,
    unnest([date '2019-10-01', date '2019-01-01']) as period_start,
    date '2019-12-31' as period_end;
create table intermediate.int_deliveries__ranked as
select
    1 as delivery_number, 'forem' as operator, '2019Q4' as reference_quarter, 2 as sequence,
    false as is_replaced;
create table intermediate.int_records__versioned as
select
    1 as record_key, 1 as delivery_number, 'forem' as operator, 'r1' as record_id,
    date '2019-12-31' as quarter_end, 'kk' as person_national_key, 'cc' as client_key,
    'IWT' as training_type, 'P' as programme_code, '_Z' as delivery_mode,
    'JSK' as labour_status, 'forem' as organiser, 'BE1' as training_area,
    'BE1' as residence_area, 'F' as sex, '_N' as education_level,
    date '1990-01-01' as birth_date, 10 as hours, date '2019-11-01' as start_date,
    date '2019-11-30' as end_date, false as is_closed_by_absence, 'counted' as disposition,
    true as is_judged, false as is_rejected, false as is_cancelled;
-- the verdicts and the values stand beside the versions in one table here
create view intermediate.int_records__judged as
select * from intermediate.int_records__versioned;
"""

# what the quality report reads beside the data sets; its figures are tested with the sample
QUALITY = """
create schema quality;
create table quality.quality_report_indicators as
select
    'TP1' as indicator, 'last' as breakdown, '_T' as operator, '2019-Q4' as time_period,
    null::bigint as numerator, null::bigint as denominator, 20.0::double as value, 'days' as unit,
    false as is_small;
create table quality.quality_merged_municipalities as
select
    date '2019-01-01' as effective_date, 'forem' as operator, 2::bigint as former_municipalities,
    0::bigint as municipalities_changing_area, 3::bigint as rows_with_former_code;
create table quality.quality_coherence_checks as
select
    'accounting' as question, 'every_row_accounted_for' as check_name, 'blocking' as severity,
    4::bigint as cells_checked, 0::bigint as cells_failed, 0::bigint as cells_declared;
create table quality.quality_declared_deviations as
select
    'mirror_agrees_roughly' as check_name, 'forem' as whose_data, 'Known.' as reason,
    date '2029-12-31' as valid_until;
"""

CODE_LISTS = {
    "OPERATOR": ["vdab", "forem", "bruxelles_formation", "adg"],
    "TRAINING_TYPE": ["VOC", "TRV_LAN", "IWT"],
    "DELIVERY_MODE": ["F2F", "_Z"],
    "SEX": ["F", "M", "_O"],
    "AGE_GROUP": ["Y_LT25", "Y25T29", "Y_GE55"],
    "EDUCATION_LEVEL": ["ED0-2", "_N"],
    "LABOUR_STATUS": ["JSK", "OTH"],
    "AREA": ["BE1", "ABR"],
    "ANY": ["_U", "_T"],
}


def write_database(warehouse: Path) -> None:
    database = store.Warehouse(warehouse).database
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema marts; create schema seeds")
        connection.execute(
            "create table seeds.operator_home_areas as select * from (values ('vdab', 'BE2'), "
            "('forem', 'BE3X'), ('bruxelles_formation', 'BE1'), ('adg', 'BE336')) "
            "as areas(operator, area_code)"
        )
        for data_set in DATA_SETS:
            columns = ", ".join(dimension.column for dimension in data_set.dimensions)
            figures = (
                "reported_by_home, reported_by_host, asymmetry"
                if data_set.name == "mirror"
                else MEASURES
            )
            rows = ", ".join(f"({row})" for row in MARTS[data_set.mart])
            connection.execute(
                f"create table marts.{data_set.mart} as "
                f"select * from (values {rows}) as cells({columns}, {figures})"
            )
        codes = ", ".join(
            f"('{code_list}', '{code}', 'en {code}', 'fr {code}', '=nl {code}', 'de, {code}')"
            for code_list, codes in CODE_LISTS.items()
            for code in codes
        )
        connection.execute(
            f"create table seeds.code_lists as select * from (values {codes}) "
            "as codes(code_list, code, label_en, label_fr, label_nl, label_de)"
        )
        for name in ATTRIBUTES:
            connection.execute(
                f"create table seeds.crosswalk_{name} as select 'vdab' as operator, "
                "'A' as source_code, 'B' as target_code, null::date as valid_from, "
                "null::date as valid_to"
            )
        connection.execute(RECORDS)
        connection.execute(QUALITY)
        connection.execute(
            "create table seeds.series_breaks as "
            "select 'vdab' as operator, 'VOC' as training_type, "
            "'Q' as freq, '2018-Q4' as time_period, date '2018-09-01' as valid_from, "
            "'en' as text_en, 'fr' as text_fr, 'nl' as text_nl, 'de' as text_de"
        )
        connection.execute(
            """
            create table seeds.training_deliveries as
            select
                unnest(['vdab', 'forem', 'forem', 'adg']) as operator,
                unnest(['2019Q4', '2019Q4', '2019Q4', '2020Q1']) as reference_quarter,
                unnest([1, 1, 2, 1]) as sequence,
                '2020-01-20T07:30:00+01:00' as extracted_at_text,
                1 as file_count,
                10 as row_count,
                'aa' as manifest_sha256,
                'bb' as files_sha256,
                null::varchar as contract_version
            """
        )


@pytest.fixture(autouse=True)
def only_plain_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The further formats have tests of their own and take most of a publication's time."""
    monkeypatch.setattr(publication, "writing_formats", lambda *_: nullcontext())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The publication models over the invented marts, built once."""
    folder = tmp_path_factory.mktemp("built")
    write_database(folder)
    build_models(ROOT, folder, "2019Q4", command="run", select="path:models/publication")
    return folder


@pytest.fixture
def warehouse(tmp_path: Path, built: Path) -> Path:
    """A warehouse built for 2019Q4 that may be published."""
    folder = tmp_path / "warehouse"
    folder.mkdir()
    for file in (store.Warehouse(built).database, *built.glob("*.parquet")):
        shutil.copyfile(file, folder / file.name)
    with duckdb.connect(str(store.Warehouse(folder).database)) as connection:
        # views name the files of disclosure control by their full path
        moved = connection.execute(
            "select replace(sql, ?, ?) from duckdb_views() where contains(sql, ?)",
            [str(built), str(folder), str(built)],
        ).fetchall()
        for (sql,) in moved:
            connection.execute(sql.replace("CREATE VIEW", "create or replace view"))
    store.write_build_state(
        folder,
        store.BuildState(
            reference_quarter="2019Q4",
            inputs_sha256=store.inputs_digest(folder),
            invented_persons=True,
            code_version="0.1.0",
            code_sha256="cc",
            rule_set_version="0.1.0",
            models_sha256="dd",
            nomenclature_sha256="ee",
            dbt_version="1.11",
            duckdb_version="2.0",
            variables={**project_variables(ROOT), "disclosure_threshold": 4},
        ),
    )
    store.write_expectations(folder, "2019Q4", store.ExpectationsResult(passed=True))
    return folder
