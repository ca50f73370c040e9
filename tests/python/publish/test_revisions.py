"""Revisions: what changed between two vintages, why, and what must not be told."""

import csv
import json
from pathlib import Path

import duckdb
import lxml.html
import pytest

import synerstat.warehouse as store
from synerstat.publish import publish

STATUS = "marts.mart_participants_by_status"
MOBILITY = "marts.mart_interregional_mobility"

# a delivery of 2019Q4 with the sequence 3, which replaces the one with the sequence 2
REDELIVERY = """
insert into seeds.training_deliveries
select * replace (3 as sequence, 'new' as files_sha256)
from seeds.training_deliveries where operator = 'forem' and sequence = 2;
update intermediate.int_deliveries__ranked set is_replaced = true;
insert into intermediate.int_deliveries__ranked values (2, 'forem', '2019Q4', 3, false);
update intermediate.int_records__versioned set disposition = 'superseded';
"""
AGAIN = """
insert into intermediate.int_records__versioned
select * replace (2 as record_key, 2 as delivery_number, 'counted' as disposition{})
from intermediate.int_records__versioned;
"""
# a record of a delivery that another one had replaced before the first vintage
REPLACED_BEFORE = """
insert into intermediate.int_deliveries__ranked values (3, 'forem', '2019Q4', 1, true);
insert into intermediate.int_records__versioned
select * replace (9 as record_key, 3 as delivery_number, 'r9' as record_id)
from intermediate.int_records__versioned where record_key = 1;
"""
CORRECTED = AGAIN.format(", date '2019-10-15' as start_date")
LATE = AGAIN.format("") + AGAIN.format(", 'r2' as record_id").replace(
    "records__versioned;", "records__versioned where record_key = 1;"
)


def change(warehouse: Path, *statements: str) -> None:
    with duckdb.connect(str(store.Warehouse(warehouse).database)) as connection:
        for statement in statements:
            connection.execute(statement)


def revisions(folder: Path) -> list[dict[str, str]]:
    with (folder / "revisions.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def published(warehouse: Path, tmp_path: Path) -> Path:
    """The first vintage, with a cell of le Forem; the warehouse is beside it."""
    change(warehouse, f"update {STATUS} set operator = 'forem'")
    out = tmp_path / "out"
    publish(warehouse, "2019Q4", out)
    return out


def test_the_first_vintage_has_no_revisions(published: Path) -> None:
    assert revisions(published / "latest") == []
    assert (
        json.loads((published / "latest" / "provenance.json").read_text("utf-8"))[
            "previous_vintage"
        ]
        is None
    )


@pytest.mark.parametrize(
    ("deliveries", "cause"),
    [
        (REDELIVERY + CORRECTED, "corrected_record"),
        (REDELIVERY + LATE, "late_record"),
        (REDELIVERY, "removed_record"),
        (REDELIVERY + AGAIN.format(""), "other"),
        (REDELIVERY + AGAIN.format("") + REPLACED_BEFORE, "other"),
        (
            "update seeds.crosswalk_training_type set operator = 'forem', target_code = 'IWT'",
            "changed_nomenclature",
        ),
    ],
)
def test_a_changed_figure_is_a_revision_with_its_cause(
    warehouse: Path, published: Path, deliveries: str, cause: str
) -> None:
    change(warehouse, f"update {STATUS} set participants_present = 9", deliveries)
    publication = publish(warehouse, "2019Q4", published)
    assert publication.vintage == "2019Q4-v2"
    (row,) = revisions(publication.folder)
    assert (row["data_set"], row["operator"], row["indicator"]) == ("status", "forem", "PRESENT")
    assert row["previous_vintage"] == "2019Q4-v1"
    assert (row["old_value"], row["new_value"], row["difference"]) == ("6", "9", "3")
    assert (row["share"], row["cause"]) == ("0.5", cause)
    # a second run compares with the same vintage as the first, and changes nothing
    assert not publish(warehouse, "2019Q4", published).is_new


@pytest.mark.parametrize("stays", ["replaced before", "nothing"])
def test_a_delivery_that_is_gone_has_taken_its_records_away(
    warehouse: Path, tmp_path: Path, stays: str
) -> None:
    change(warehouse, f"update {STATUS} set operator = 'forem'", REDELIVERY + LATE)
    publish(warehouse, "2019Q4", tmp_path / "out")
    gone = "operator = 'forem'" + (" and sequence = 3" if stays == "replaced before" else "")
    change(
        warehouse,
        f"update {STATUS} set participants_present = 5",
        f"delete from seeds.training_deliveries where {gone}",
        f"delete from intermediate.int_deliveries__ranked where {gone}",
        "update intermediate.int_deliveries__ranked set is_replaced = false",
        "delete from intermediate.int_records__versioned where delivery_number not in "
        "(select delivery_number from intermediate.int_deliveries__ranked)",
    )
    (row,) = revisions(publish(warehouse, "2019Q4", tmp_path / "out").folder)
    assert (row["difference"], row["cause"]) == ("-1", "removed_record")


@pytest.mark.parametrize("fate", ["is_cancelled", "is_rejected"])
@pytest.mark.parametrize("again", [True, False], ids=["delivered again", "delivered no more"])
def test_a_record_that_did_not_count_before_and_does_not_now_is_no_cause(
    warehouse: Path, published: Path, fate: str, again: bool
) -> None:
    change(
        warehouse,
        f"update {STATUS} set participants_present = 9",
        REDELIVERY + (AGAIN.format("") if again else ""),
    )
    change(warehouse, f"update intermediate.int_records__versioned set {fate} = true")
    (row,) = revisions(publish(warehouse, "2019Q4", published).folder)
    assert row["cause"] == "other"


@pytest.mark.parametrize(("key", "cause"), [(2, "removed_record"), (1, "corrected_record")])
def test_a_record_that_is_cancelled_or_no_longer_is_a_cause(
    warehouse: Path, published: Path, key: int, cause: str
) -> None:
    change(
        warehouse,
        f"update {STATUS} set participants_present = 9",
        REDELIVERY + AGAIN.format(""),
    )
    change(
        warehouse,
        "update intermediate.int_records__versioned set is_cancelled = true "
        f"where record_key = {key}",
    )
    (row,) = revisions(publish(warehouse, "2019Q4", published).folder)
    assert row["cause"] == cause


def test_replaced_identifiers_are_a_cause(warehouse: Path, published: Path) -> None:
    replacements = store.Warehouse(warehouse).replacements
    replacements.parent.mkdir()
    duckdb.execute("copy (select 'old' as old_key, 'kk' as new_key) to '" + str(replacements) + "'")
    state = store.Warehouse(warehouse).build_state
    noted = json.loads(state.read_text("utf-8"))
    noted["inputs_sha256"] = store.inputs_digest(warehouse)
    state.write_text(json.dumps(noted), "utf-8")
    change(warehouse, f"update {STATUS} set participants_present = 5")
    (row,) = revisions(publish(warehouse, "2019Q4", published).folder)
    assert (row["difference"], row["cause"]) == ("-1", "identifier_replacement")


def test_withheld_values_never_leak(warehouse: Path, published: Path) -> None:
    # from shown to withheld: the fact that it is withheld is published, the values are not
    change(warehouse, f"update {STATUS} set participants_present = 2")
    rows = revisions(publish(warehouse, "2019Q4", published).folder)
    assert {row["indicator"] for row in rows} == {"PRESENT", "PARTICIPATIONS", "HOURS"}
    for row in rows:
        assert row["cause"] == "disclosure_control"
        assert {row[name] for name in ("old_value", "new_value", "difference", "share")} == {""}
    # withheld before and after: not even that it changed
    change(warehouse, f"update {STATUS} set participants_present = 3, participants_entered = 7")
    rows = revisions(publish(warehouse, "2019Q4", published).folder)
    assert [row["indicator"] for row in rows] == ["ENTRANTS"]


def test_cells_that_come_and_go_are_compared_with_zero(warehouse: Path, published: Path) -> None:
    change(warehouse, f"update {STATUS} set sex = 'M'")
    rows = revisions(publish(warehouse, "2019Q4", published).folder)
    present = {row["sex"]: row for row in rows if row["indicator"] == "PRESENT"}
    assert (present["F"]["old_value"], present["F"]["new_value"]) == ("6", "0")
    assert (present["M"]["old_value"], present["M"]["new_value"]) == ("0", "6")
    assert present["M"]["share"] == ""


def test_the_first_vintage_of_a_quarter_is_compared_with_the_quarter_before(
    warehouse: Path, published: Path
) -> None:
    (published / "2019Q4").rename(published / "2019Q3")
    change(warehouse, f"update {STATUS} set participants_present = 9")
    rows = revisions(publish(warehouse, "2019Q4", published).folder)
    assert [row["difference"] for row in rows] == ["3"]


@pytest.mark.parametrize(("persons", "warned"), [(22, 0), (23, 1)])
def test_a_large_revision_is_told(
    warehouse: Path, tmp_path: Path, persons: int, warned: int
) -> None:
    """20 persons become 22, which is 10 %, or 23; of the cell next to it, of 6 persons, nothing."""
    change(warehouse, f"update {MOBILITY} set participants_present = 20")
    first = publish(warehouse, "2019Q4", tmp_path / "out")
    change(
        warehouse,
        f"update {MOBILITY} set participants_present = {persons}",
        f"update {STATUS} set participants_present = 9",
    )
    second = publish(warehouse, "2019Q4", tmp_path / "out")
    assert first.warnings == ()
    assert len(second.warnings) == warned
    for warning in second.warnings:
        assert "1 published figure was revised by more than 10%" in warning
        assert "mobility, freq=Q, time_period=2019-Q4, operator=vdab, residence_area=ABR" in warning
        assert "PRESENT 20 is now 23 (+15.0%" in warning
        page = lxml.html.parse(second.folder / "quality" / "quality-report.fr.html")
        shown = page.xpath("//table[caption='Révisions les plus fortes']/tbody/tr/*[1]")
        assert [" ".join(each.text_content().split()) for each in shown] == [
            "Mobilité interrégionale des demandeurs d'emploi, T4 2019 · Opérateur : fr vdab · "
            "Lieu de résidence : fr ABR · Participants présents (personnes)"
        ]
