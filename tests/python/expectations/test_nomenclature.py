"""Unknown codes get proposals, and another crosswalk shows what it changes; nothing is applied."""

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

import synerstat.warehouse as store
from synerstat.build import project_variables
from synerstat.cli import app
from synerstat.errors import UsageError
from synerstat.nomenclature import diff, suggest

CROSSWALKS = "seeds/crosswalk/crosswalk_{}.csv"


@pytest.fixture
def warehouse(built: Path, tmp_path: Path, project: Path) -> Path:
    """A copy of the built warehouse that says of what it was built."""
    copy = tmp_path / "warehouse"
    copy.mkdir()
    shutil.copy(built / "synerstat.duckdb", copy)
    variables = project_variables(project)
    variables.pop("reference_quarter")
    state = store.BuildState("2019Q4", "", True, "1", "", "1", "", "", "1", "2", variables)
    store.write_build_state(copy, replace(state, built_by=store.built_by(copy)))
    return copy


def plant(warehouse: Path, *codes: tuple[str, str, str, int]) -> None:
    with duckdb.connect(str(warehouse / "synerstat.duckdb")) as connection:
        connection.execute("delete from quality.quality_source_codes where unmapped_rows > 0")
        connection.executemany(
            "insert into quality.quality_source_codes values (?, ?, ?, null, '2019Q4', ?, ?)",
            [(*code, code[-1]) for code in codes],
        )


@pytest.mark.slow
def test_unknown_codes_get_proposals_with_a_score(warehouse: Path, tmp_path: Path) -> None:
    plant(
        warehouse,
        ("vdab", "training_type", "TAAL2", 7),
        ("forem", "labour_status", "Q9", 3),
        ("adg", "sex", "=HYPERLINK", 1),
    )
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "operator,dimension,source_code,label\nforem,labour_status,q9,Demandeur d'emploi\n"
    )
    found = {each.source_code: each for each in suggest(warehouse, labels=labels)}
    assert found["TAAL2"].suggested_code == "TRV_LAN"
    assert found["TAAL2"].matched == "vdab: TAAL Taalopleiding"
    assert found["TAAL2"].score == 89
    assert found["TAAL2"].rows == 7
    assert found["Q9"].suggested_code == "JSK"
    assert found["=HYPERLINK"].suggested_code == ""
    assert found["=HYPERLINK"].score is None

    before = (warehouse / "synerstat.duckdb").read_bytes()
    result = CliRunner().invoke(app, ["nomenclature", "suggest", "--warehouse", str(warehouse)])
    assert result.exit_code == 0
    rows = {row["source_code"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    # no spreadsheet takes it for a formula
    assert set(rows) == {"TAAL2", "Q9", "'=HYPERLINK"}
    assert "nothing was applied" in result.stderr
    assert (warehouse / "synerstat.duckdb").read_bytes() == before


@pytest.mark.slow
def test_another_crosswalk_shows_what_it_changes(
    warehouse: Path, tmp_path: Path, project: Path
) -> None:
    proposed = tmp_path / "crosswalk_labour_status.csv"
    text = (project / CROSSWALKS.format("labour_status")).read_text("utf-8")
    # employees of VDAB become others
    assert "vdab,WN,EMP," in text
    proposed.write_text(text.replace("vdab,WN,EMP,", "vdab,WN,OTH,"), "utf-8")
    before = (warehouse / "synerstat.duckdb").read_bytes()
    changed = diff(project, warehouse, proposed)
    assert (warehouse / "synerstat.duckdb").read_bytes() == before
    assert {each.data_set for each in changed} == {"status"}
    key = (
        "freq=A, time_period=2019, operator=vdab, training_type=_T, labour_status={}, sex=_T"
    ).format
    with duckdb.connect(str(warehouse / "synerstat.duckdb"), read_only=True) as connection:
        employed, other = (
            connection.execute(
                "select coalesce(sum(participations_present), 0) from "
                "marts.mart_participants_by_status where time_period = '2019' and sex = '_T' and "
                "operator = 'vdab' and training_type = '_T' and labour_status = ?",
                [code],
            ).fetchall()[0][0]
            for code in ("EMP", "OTH")
        )
    figures = {(each.key, each.indicator): each for each in changed}
    gone = figures[key("EMP"), "PARTICIPATIONS"]
    assert (gone.before, gone.after) == (employed, None)
    assert figures[key("OTH"), "PARTICIPATIONS"].after == employed + other
    # the total stays
    assert not any("labour_status=_T" in each.key for each in changed)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ("vdab,M,M,,,Man,\nvdab,m,F,2019-01-01,,Man,", "two mappings on the same day"),
        ("vdab,M,NOPE,,,Man,", "NOPE is in no code list"),
        ("vdab,M,M,31/12/2019,,Man,", "a date that is none"),
        ("vdab,,M,,,Man,", "no operator, code or target"),
        ("", "it has no rows"),
        ("vdab,M,M", "Line: 2 Original Line: vdab,M,M Expected Number of Columns: 7 Found: 3"),
    ],
)
@pytest.mark.slow
def test_an_unsound_crosswalk_is_refused(
    warehouse: Path, tmp_path: Path, project: Path, rows: str, what: str
) -> None:
    proposed = tmp_path / "crosswalk_sex.csv"
    heading = "operator,source_code,target_code,valid_from,valid_to,source_label,note"
    proposed.write_text(f"{heading}\n{rows}\n")
    with pytest.raises(UsageError, match=what):
        diff(project, warehouse, proposed)


@pytest.mark.slow
def test_a_file_that_names_no_crosswalk_is_refused(
    warehouse: Path, tmp_path: Path, project: Path
) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="--dimension"):
        diff(project, warehouse, tmp_path / "mine.csv")
    with pytest.raises(UsageError, match=r"lacks the columns operator.* It needs the columns"):
        diff(project, warehouse, tmp_path / "mine.csv", dimension="sex")


@pytest.mark.slow
def test_columns_that_are_missing_are_named(warehouse: Path, tmp_path: Path, project: Path) -> None:
    (tmp_path / "crosswalk_sex.csv").write_text(
        "operator,code,target_code,valid_from,valid_to,source_label\nvdab,M,M,,,Man\n"
    )
    with pytest.raises(UsageError, match=r"lacks the columns source_code, note\.") as told:
        diff(project, warehouse, tmp_path / "crosswalk_sex.csv")
    assert "Binder" not in str(told.value)
    (tmp_path / "labels.csv").write_text("operator,dimension,code,text\nvdab,sex,M,Man\n")
    with pytest.raises(UsageError, match=r"lacks the columns source_code, label\.") as told:
        suggest(warehouse, labels=tmp_path / "labels.csv")
    assert "Binder" not in str(told.value)


@pytest.mark.slow
def test_labels_of_no_operator_or_dimension_are_told(warehouse: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "Operator,dimension,source_code,label\n"
        "vdab,sex,M,Man\nvdap,sex,M,Man\nvdap,sex,V,Vrouw\nvdab,gender,M,Man\n,sex,M,Man\n"
    )
    told = list[str]()
    suggest(warehouse, labels=labels, progress=told.append)
    (message,) = told
    assert "sex (1), vdab gender (1), vdap sex (2). Operators are" in message
    labels.write_text("operator,dimension,source_code,label\nvdab,sex,M,Man\n")
    suggest(warehouse, labels=labels, progress=told.append)
    assert len(told) == 1
