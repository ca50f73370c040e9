"""What has landed stays, changes and goes with what is delivered."""

import hashlib
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from threading import Barrier
from typing import Any

import duckdb
import pytest
from intake.making import CONTRACT, CONTRACTS, Place, csv_bytes, parquet, reasons, row

from synerstat.contracts import load_contracts
from synerstat.errors import ContractError, IntakeError, SecretMismatchError, UsageError
from synerstat.intake import IntakeLimits, NoticeKind, limits_from
from synerstat.intake import landing as landing_module
from synerstat.warehouse import delivery_digests, inputs_digest


def snapshot(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path.relative_to(folder)): (
            path.read_bytes(),
            path.stat().st_mtime_ns,
            path.stat().st_ino,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_records_have_the_columns_of_the_landing_in_order(place: Place) -> None:
    place.deliver_rows("bruxelles_formation", [row("bruxelles_formation")])
    place.intake()
    path = place.landed("bruxelles_formation") / "records.parquet"
    with duckdb.connect() as connection:
        columns = connection.execute(
            "select column_name, column_type from (describe select * from read_parquet(?))",
            [str(path)],
        ).fetchall()
    fixed = [
        ("operator", "VARCHAR"),
        ("reference_quarter", "VARCHAR"),
        ("sequence", "BIGINT"),
        ("file_name", "VARCHAR"),
        ("row_number", "BIGINT"),
        ("line_number", "BIGINT"),
        ("unreadable_reason", "VARCHAR"),
        ("raw_text", "VARCHAR"),
        ("national_number_status", "VARCHAR"),
        ("national_key", "VARCHAR"),
        ("national_birth_date", "DATE"),
        ("national_sex", "VARCHAR"),
        ("client_key", "VARCHAR"),
        ("content_key", "VARCHAR"),
    ]
    contract = [
        (column.name, "VARCHAR")
        for column in CONTRACT["bruxelles_formation"].columns
        if column.meaning not in ("national_number", "client_number")
    ]
    assert columns == fixed + contract


def test_a_delivery_is_described_in_one_row(place: Place) -> None:
    place.deliver_rows("vdab", [row("vdab")] * 3, "2019Q1-12")
    place.intake()
    (described,) = parquet(place.landed("vdab", "2019Q1-12") / "delivery.parquet")
    assert str(described.pop("extracted_at")) == "2019-04-20 07:00:00"
    assert len(described.pop("manifest_sha256")) == len(described.pop("files_sha256")) == 64
    assert described == {
        "operator": "vdab",
        "reference_quarter": "2019Q1",
        "sequence": 12,
        "extracted_at_text": "2019-04-20T08:00:00+01:00",
        "file_count": 1,
        "row_count": 3,
        "extra_columns": None,
        "contract_version": CONTRACT["vdab"].version,
    }


def test_a_second_run_over_the_same_input_changes_nothing(place: Place) -> None:
    place.deliver_rows("vdab", [row("vdab")])
    place.deliver("forem", {"a.csv": (csv_bytes("forem", []), 9)})
    first = place.intake()
    before = snapshot(place.warehouse)
    second = place.intake()
    assert snapshot(place.warehouse) == before
    assert (len(first.landed), len(first.unchanged)) == (1, 0)
    assert (second.landed, second.unchanged) == ((), first.landed)
    assert (second.rows, second.refused) == (first.rows, first.refused)


def test_the_same_input_gives_the_same_bytes(place: Place) -> None:
    rows = [row("vdab", record_id=f"R-{n}", client_number=f"C-{n % 7}") for n in range(3000)]
    place.deliver_rows("vdab", rows)
    place.intake()
    first = (place.landed("vdab") / "records.parquet").read_bytes()
    place.warehouse = place.warehouse.with_name("another")
    place.intake()
    assert (place.landed("vdab") / "records.parquet").read_bytes() == first


def test_a_changed_delivery_lands_anew(place: Place) -> None:
    place.deliver_rows("vdab", [row("vdab", record_id="R-1")])
    place.intake()
    place.deliver_rows("vdab", [row("vdab", record_id="R-2")])
    result = place.intake()
    assert [d.operator for d in result.landed] == ["vdab"]
    assert place.values("vdab", "record_id") == ["R-2"]


def test_a_landed_delivery_that_is_a_link_is_replaced(place: Place) -> None:
    place.deliver_rows("vdab", [row("vdab")])
    place.intake()
    elsewhere = place.landed("vdab").rename(place.warehouse / "elsewhere")
    place.landed("vdab").symlink_to(elsewhere)
    place.deliver_rows("vdab", [row("vdab", record_id="R-2")])
    assert len(place.intake().landed) == 1
    assert place.values("vdab", "record_id") == ["R-2"]
    assert (elsewhere / "records.parquet").exists()


def test_changed_deliveries_are_taken_out_side_by_side(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("2019Q1-1", "2019Q2-1"):
        place.deliver_rows("vdab", [row("vdab")], folder)
    place.intake()
    both_are_being_discarded = Barrier(2, timeout=60)
    discard = landing_module.Landing.discard

    def discard_together(folder: Path) -> None:
        if folder.name.startswith("discarded-"):
            both_are_being_discarded.wait()
        discard(folder)

    landing = landing_module.Landing(place.warehouse)
    monkeypatch.setattr(landing, "discard", discard_together)
    landing.work.mkdir()
    with ThreadPoolExecutor(2) as threads:
        removed = threads.map(landing.remove, ("vdab", "vdab"), ("2019Q1-1", "2019Q2-1"))
        assert list(removed) == [True, True]
    assert not landing.folders()
    assert not any(landing.work.iterdir())


def test_a_changed_delivery_that_is_refused_leaves_the_landing(place: Place) -> None:
    folder = place.deliver_rows("vdab", [row("vdab")])
    place.intake()
    (folder / "a.csv").write_bytes(b"changed")
    result = place.intake()
    assert reasons(result) == ["checksum_mismatch"]
    assert [n.kind for n in result.notices] == [NoticeKind.LANDED_COPY_REMOVED]
    assert not place.landed("vdab").exists()
    assert len(parquet(place.warehouse / "landing" / "refusals.parquet")) == 1


def test_a_refusal_is_forgotten_once_it_is_mended(place: Place) -> None:
    place.deliver("vdab", {"a.csv": (csv_bytes("vdab", []), 5)})
    place.intake()
    place.deliver("vdab", {"a.csv": (csv_bytes("vdab", []), 0)})
    assert reasons(place.intake()) == []
    assert parquet(place.warehouse / "landing" / "refusals.parquet") == []


def test_a_delivery_whose_folder_is_gone_stays_landed(place: Place) -> None:
    folder = place.deliver_rows("vdab", [row("vdab")])
    place.intake()
    shutil.rmtree(folder)
    assert [n.kind for n in place.intake().notices] == [NoticeKind.DELIVERED_NO_LONGER]
    assert len(place.records("vdab")) == 1


@pytest.mark.parametrize("name", ["records.parquet", "files.parquet", "delivery.parquet"])
def test_a_landed_file_that_was_cut_off_lands_anew(place: Place, name: str) -> None:
    place.deliver_rows("vdab", [row("vdab")])
    gone = place.deliver_rows("forem", [row("forem")])
    place.intake()
    before = {path.name: path.read_bytes() for path in place.landed("vdab").iterdir()}
    shutil.rmtree(gone)
    for operator in ("vdab", "forem"):
        (place.landed(operator) / name).write_bytes(before[name][:100])
    result = place.intake()
    assert {path.name: path.read_bytes() for path in place.landed("vdab").iterdir()} == before
    assert [each.operator for each in result.landed] == ["vdab"]
    told = [
        (notice.operator, notice.message)
        for notice in result.notices
        if notice.kind is NoticeKind.LANDED_COPY_DAMAGED
    ]
    assert [operator for operator, _ in told] == ["vdab", "forem"]
    assert "landed anew" in told[0][1]
    assert "put its folder back" in told[1][1]
    assert place.intake().unchanged == result.landed


def test_a_delivery_that_landed_before_sizes_were_noted_stays(place: Place) -> None:
    place.deliver_rows("vdab", [row("vdab")])
    place.intake()
    source = place.landed("vdab") / "source.json"
    noted = json.loads(source.read_text("utf-8"))
    del noted["sizes"]
    source.write_text(json.dumps(noted), "utf-8")
    assert len(place.intake().unchanged) == 1


def test_another_secret_is_an_error_once_something_has_landed(place: Place) -> None:
    place.intake("first")
    place.deliver_rows("vdab", [row("vdab")])
    place.intake("second")
    before = snapshot(place.warehouse)
    with pytest.raises(SecretMismatchError):
        place.intake("third")
    assert snapshot(place.warehouse) == before


def test_an_empty_secret_is_an_error(place: Place) -> None:
    with pytest.raises(IntakeError):
        place.intake("")


def test_a_changed_contract_or_format_lands_everything_anew(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.contracts = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, place.contracts)
    place.deliver_rows("vdab", [row("vdab")])
    gone = place.deliver_rows("vdab", [row("vdab")], "2019Q2-1")
    place.intake()
    shutil.rmtree(gone)
    path = place.contracts / "vdab.odcs.yaml"
    path.write_text(path.read_text("utf-8").replace("version: 1.0.0", "version: 1.0.1"), "utf-8")
    result = place.intake()
    assert len(result.landed) == 1
    assert [n.kind for n in result.notices] == [
        NoticeKind.DELIVERED_NO_LONGER,
        NoticeKind.LANDED_WITH_OTHER_CONTRACT,
    ]
    assert "counted all the same: vdab/2019Q2-1." in result.notices[0].message
    for module in ("run", "deliveries"):
        monkeypatch.setattr(f"synerstat.intake.{module}.FORMAT_VERSION", 99)
    assert landing_module.FORMAT_VERSION != 99
    assert len(place.intake().landed) == 1


def test_a_delivery_that_was_read_otherwise_is_no_longer_the_one_that_was_built(
    place: Place, tmp_path: Path
) -> None:
    """Else a build would go on from rows of the contract before, and they be published."""
    place.contracts = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, place.contracts)
    place.deliver_rows("vdab", [row("vdab")])
    place.deliver_rows("forem", [row("forem")])
    place.intake()
    before, inputs = delivery_digests(place.warehouse), inputs_digest(place.warehouse)
    assert not place.intake().landed
    assert (delivery_digests(place.warehouse), inputs_digest(place.warehouse)) == (before, inputs)
    path = place.contracts / "vdab.odcs.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("- ANN\n", "- GEANNULEERD\n"), "utf-8")
    assert path.read_text("utf-8") != text
    assert len(place.intake().landed) == 1
    after = delivery_digests(place.warehouse)
    assert {name for name in after if after[name] != before[name]} == {"vdab/2019Q1-1"}
    assert inputs_digest(place.warehouse) != inputs
    # another secret, in a landing that was emptied, gives other keys
    shutil.rmtree(place.warehouse / "landing")
    place.intake("another-secret-for-the-tests")
    assert not delivery_digests(place.warehouse).items() & after.items()


def test_a_fifth_operator_is_one_more_contract(place: Place, tmp_path: Path) -> None:
    place.contracts = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, place.contracts)
    text = (CONTRACTS / "vdab.odcs.yaml").read_text("utf-8").replace("value: vdab", "value: fifth")
    (place.contracts / "fifth.odcs.yaml").write_text(text, "utf-8")
    folder = place.deliver_rows("vdab", [row("vdab")])
    shutil.copytree(folder, place.deliveries / "fifth" / "2019Q1-1")
    manifest = place.deliveries / "fifth" / "2019Q1-1" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"vdab"', '"fifth"'))
    assert [d.operator for d in place.intake().landed] == ["fifth", "vdab"]


def test_the_work_folder_is_for_the_owner_only(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def look(folder: Path, *_: Any) -> None:
        seen.append((place.warehouse / ".intake-work").stat().st_mode & 0o777)

    monkeypatch.setattr("synerstat.intake.deliveries.stamps", look)
    place.deliver_rows("vdab", [row("vdab")])
    place.intake()
    assert seen == [0o700]
    assert not (place.warehouse / ".intake-work").exists()


def test_deliveries_that_do_not_exist_are_an_error(place: Place) -> None:
    place.deliveries.rmdir()
    with pytest.raises(IntakeError):
        place.intake(limits=IntakeLimits())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: vdab", "value: other"),
        ("value: record_id", "value: nonsense"),
        ("value: utf-8", "value: utf-16"),
        ("value: dd/MM/yyyy", "value: d/M/yy"),
        ("name: insz", "name: record number"),
        ("name: insz", "name: national_key"),
        ("name: insz", "name: klantnummer"),
        ("value: ;", "value: ;;"),
        ("logicalType: number", "logicalType: boolean"),
        ("apiVersion", "{"),
    ],
)
def test_an_unusable_contract_is_named(tmp_path: Path, old: str, new: str) -> None:
    text = (CONTRACTS / "vdab.odcs.yaml").read_text("utf-8")
    assert old in text
    (tmp_path / "vdab.odcs.yaml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ContractError, match=r"vdab\.odcs\.yaml"):
        load_contracts(tmp_path)


def test_a_folder_without_contracts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContractError):
        load_contracts(tmp_path)


def test_contracts_give_cancelled_values_and_lengths() -> None:
    forem = CONTRACT["forem"]
    assert forem.column("cancelled").cancelled_values == ("ANN",)
    assert forem.column("national_number").padded_length == 11
    assert forem.column("residence").padded_length == 5
    assert (forem.delimiter, forem.codec, forem.decimal_sign) == (";", "cp1252", ",")
    assert [c.name for c in forem.columns if c.meaning is None] == ["no_contrat"]


def test_a_delivery_that_was_changed_after_it_landed_is_told(place: Place) -> None:
    folder = place.deliver_rows("vdab", [row("vdab")])
    place.intake()
    (folder / "a.csv").touch()
    assert place.intake().notices == ()
    place.deliver_rows("vdab", [row("vdab"), row("vdab", record_id="R-2")])
    (notice,) = place.intake().notices
    assert notice.kind is NoticeKind.LANDED_ANEW
    assert "1 rows before, 2 now" in notice.message
    assert place.intake().notices == ()


def test_files_are_told_with_their_checksums(place: Place) -> None:
    content = {
        name: csv_bytes("vdab", [row("vdab")] * count) for name, count in (("b", 2), ("a", 0))
    }
    place.deliver("vdab", {f"{n}.csv": (c, c.count(b"\n") - 1) for n, c in content.items()})
    place.intake()
    told = parquet(place.landed("vdab") / "files.parquet")
    assert [(file["file_name"], file["row_count"]) for file in told] == [("b.csv", 2), ("a.csv", 0)]
    for file, delivered in zip(told, content.values(), strict=True):
        assert file["sha256"] == hashlib.sha256(delivered).hexdigest()
        assert file["size"] == len(delivered)


def test_many_files_that_no_manifest_names_are_told_in_short(place: Place) -> None:
    folder = place.deliver_rows("vdab", [row("vdab")])
    for number in range(50):
        (folder / f"other-{number}.txt").touch()
    messages = [notice.message for notice in place.intake().notices]
    assert len(messages) == 21
    assert "30 more files" in messages[-1]


def test_limits_can_be_set_by_name() -> None:
    assert limits_from(["columns=7", "memory=1GB"]) == IntakeLimits(columns=7, memory="1GB")
    for wrong in ("colums=7", "columns=many", "columns"):
        with pytest.raises(UsageError, match="limit"):
            limits_from([wrong])


def test_every_limit_stands_in_the_documentation_as_it_is() -> None:
    text = (CONTRACTS.parent / "docs" / "deliveries.md").read_text("utf-8")
    for field in fields(IntakeLimits):
        shown = f"{field.default:,}" if isinstance(field.default, int) else field.default
        assert re.search(rf"^\| `{field.name}` \| {shown} \|", text, re.MULTILINE), field.name
