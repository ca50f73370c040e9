import csv
import hashlib
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

import synerstat.warehouse as store
from synerstat.disclosure import UnprotectableError
from synerstat.errors import PublicationError, PublicationWithheldError, UsageError
from synerstat.publish import publication as module
from synerstat.publish import publish

DATA_SETS = ("training", "profile", "status", "mobility", "mirror")
VALUES = ("obs_value", "obs_status", "conf_status", "vintage")
Figure = tuple[str, str, str]


def figures(folder: Path, data_set: str) -> dict[tuple[str, ...], Figure]:
    with (folder / "data" / f"{data_set}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        tuple(value for name, value in row.items() if name not in VALUES): (
            row["obs_value"],
            row["obs_status"],
            row["conf_status"],
        )
        for row in rows
    }


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def landed_refusal(warehouse: Path) -> None:
    landing = store.Warehouse(warehouse).landing
    landing.mkdir()
    duckdb.execute(
        f"""
        copy (
            select 'forem' as operator, '2019Q4-9' as folder, '2019Q4' as reference_quarter,
                9 as sequence, 'checksum_mismatch' as reason, 'differs' as message,
                'a.csv' as file_name
        ) to '{landing / "refusals.parquet"}'
        """
    )


def change_a_figure(warehouse: Path) -> None:
    with duckdb.connect(str(store.Warehouse(warehouse).database)) as connection:
        connection.execute("update marts.mart_participants_by_status set participants_present = 7")


def test_counts_of_one_to_three_persons_are_withheld_with_what_rests_on_them(
    warehouse: Path, tmp_path: Path
) -> None:
    published = figures(publish(warehouse, "2019Q4", tmp_path / "out").folder, "training")
    three_present = ("Q", "2019-Q4", "BE1", "forem", "VOC", "F2F")
    withheld = ("", "Q", "C")
    assert published[*three_present, "PRESENT"] == withheld
    assert published[*three_present, "STOCK"] == withheld
    assert published[*three_present, "PARTICIPATIONS"] == withheld
    assert published[*three_present, "HOURS"] == withheld
    assert published[*three_present, "ENTRANTS"] == ("0", "P", "F")
    assert published[*three_present, "ENTRIES"] == ("0", "P", "F")
    three_entered = ("Q", "2019-Q4", "BE1", "_T", "VOC", "_T")
    assert published[*three_entered, "PRESENT"] == ("4", "P", "F")
    assert published[*three_entered, "PARTICIPATIONS"] == ("8", "P", "F")
    assert published[*three_entered, "HOURS"] == ("100", "P", "F")
    assert published[*three_entered, "ENTRANTS"] == withheld
    assert published[*three_entered, "ENTRIES"] == withheld


def test_exits_are_never_published(warehouse: Path, tmp_path: Path) -> None:
    folder = publish(warehouse, "2019Q4", tmp_path / "out").folder
    assert not any(b"EXITS" in content for content in contents(folder).values())


def test_the_last_four_quarters_and_their_years_are_provisional(
    warehouse: Path, tmp_path: Path
) -> None:
    published = figures(publish(warehouse, "2019Q4", tmp_path / "out").folder, "training")
    cell = ("BE1", "_T", "_T", "_T", "PRESENT")
    assert published["Q", "2019-Q1", *cell] == ("9", "P", "F")
    assert published["Q", "2018-Q4", *cell] == ("9", "A", "F")
    assert published["A", "2019", *cell] == ("20", "P", "F")
    assert published["A", "2018", *cell] == ("20", "A", "F")


def test_an_asymmetry_is_shown_only_where_both_figures_are(warehouse: Path, tmp_path: Path) -> None:
    published = figures(publish(warehouse, "2019Q4", tmp_path / "out").folder, "mirror")
    period = ("Q", "2019-Q4")
    assert published[*period, "vdab", "forem", "MIRROR_HOME"] == ("30", "P", "F")
    assert published[*period, "vdab", "forem", "MIRROR_HOST"] == ("10", "P", "F")
    assert published[*period, "vdab", "forem", "MIRROR_ASYMMETRY"] == ("100", "P", "F")
    assert published[*period, "vdab", "adg", "MIRROR_HOME"] == ("0", "P", "F")
    assert published[*period, "vdab", "adg", "MIRROR_ASYMMETRY"] == ("", "M", "F")
    assert published[*period, "adg", "vdab", "MIRROR_HOME"] == ("", "Q", "C")
    assert published[*period, "adg", "vdab", "MIRROR_HOST"] == ("12", "P", "F")
    assert published[*period, "adg", "vdab", "MIRROR_ASYMMETRY"] == ("", "Q", "C")
    assert published[*period, "forem", "adg", "MIRROR_ASYMMETRY"] == ("-200", "P", "F")


def test_data_sets_are_sorted_and_the_same_in_csv_and_parquet(
    warehouse: Path, tmp_path: Path
) -> None:
    folder = publish(warehouse, "2019Q4", tmp_path / "out").folder
    for data_set in DATA_SETS:
        path = folder / "data" / f"{data_set}.csv"
        raw = path.read_bytes()
        assert b"\r" not in raw
        assert raw.endswith(b"\n")
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert header[-4:] == list(VALUES)
        keys = [tuple(row[:-4]) for row in rows]
        assert keys == sorted(set(keys))
        parquet = duckdb.sql(f"from '{path.with_suffix('.parquet')}'")
        types = dict(zip(parquet.columns, parquet.types, strict=True))
        assert types.pop("obs_value") == "BIGINT"
        assert set(map(str, types.values())) == {"VARCHAR"}
        assert [
            ["" if value is None else str(value) for value in row] for row in parquet.fetchall()
        ] == rows


def test_code_lists_hold_labels_in_four_languages_in_their_own_order(
    warehouse: Path, tmp_path: Path
) -> None:
    folder = publish(warehouse, "2019Q4", tmp_path / "out").folder / "codelists"
    with (folder / "age_group.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["code", "label_en", "label_fr", "label_nl", "label_de"]
    assert [row[0] for row in rows[1:]] == ["Y_LT25", "Y25T29", "Y_GE55", "_U", "_T"]
    assert rows[1] == ["Y_LT25", "en Y_LT25", "fr Y_LT25", "'=nl Y_LT25", "de, Y_LT25"]
    with (folder / "operator.csv").open(newline="", encoding="utf-8") as file:
        assert [row[0] for row in csv.reader(file)][-2:] == ["adg", "_T"]
    lists = {path.stem for path in folder.iterdir()}
    assert {"indicator", "freq", "obs_status", "conf_status", "data_set", "area"} <= lists
    assert "any" not in lists


def test_provenance_tells_deliveries_rules_and_counts(warehouse: Path, tmp_path: Path) -> None:
    folder = publish(warehouse, "2019Q4", tmp_path / "out").folder
    provenance = json.loads((folder / "provenance.json").read_text("utf-8"))
    assert provenance["vintage"] == "2019Q4-v1"
    assert [
        (each["operator"], each["sequence"], each["is_replaced"])
        for each in provenance["deliveries"]
    ] == [("forem", 1, True), ("forem", 2, False), ("vdab", 1, False)]
    assert provenance["data_sets"]["mirror"] == {"cells": 12, "withheld": 2}
    assert provenance["rule_set"]["variables"]["spell_gap_days"] == 30
    assert provenance["persons_are_invented"]


def test_notes_say_what_is_withheld_and_that_the_persons_are_invented(
    warehouse: Path, tmp_path: Path
) -> None:
    folder = publish(warehouse, "2019Q4", tmp_path / "out").folder
    notes = (folder / "README.md").read_text("utf-8")
    assert "A figure that rests on 1 to 3 persons is withheld" in notes
    assert "invented" in notes
    assert "$" not in notes


def test_checksums_cover_every_file(warehouse: Path, tmp_path: Path) -> None:
    folder = publish(warehouse, "2019Q4", tmp_path / "out").folder
    lines = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = contents(folder)
    del files["SHA256SUMS"]
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_two_publications_of_one_warehouse_are_the_same_to_the_byte(
    warehouse: Path, tmp_path: Path
) -> None:
    first = publish(warehouse, "2019Q4", tmp_path / "a", threads=1)
    second = publish(warehouse, "2019Q4", tmp_path / "b", threads=4)
    assert contents(first.folder) == contents(second.folder)


def test_a_second_run_over_the_same_input_changes_nothing(warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = publish(warehouse, "2019Q4", out)
    before = contents(out)
    second = publish(warehouse, "2019Q4", out)
    assert first.is_new
    assert not second.is_new
    assert second.folder == first.folder
    assert second.cells == first.cells
    assert contents(out) == before


def test_changed_figures_make_a_new_vintage_and_leave_the_old_one(
    warehouse: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = publish(warehouse, "2019Q4", out)
    before = contents(first.folder)
    change_a_figure(warehouse)
    second = publish(warehouse, "2019Q4", out)
    assert second.vintage == "2019Q4-v2"
    assert second.is_new
    assert contents(first.folder) == before
    assert (out / "latest").readlink() == Path("2019Q4/v2")
    assert (out / "latest" / "SHA256SUMS").exists()


def test_other_code_with_the_same_figures_makes_no_new_vintage(
    warehouse: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    publish(warehouse, "2019Q4", out)
    state = store.finished_build(warehouse)
    store.write_build_state(warehouse, replace(state, code_version="0.2.0", models_sha256="ff"))
    assert not publish(warehouse, "2019Q4", out).is_new


def test_other_deliveries_or_rules_with_the_same_figures_make_a_new_vintage(
    warehouse: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    publish(warehouse, "2019Q4", out)
    state = store.finished_build(warehouse)
    store.write_build_state(warehouse, replace(state, nomenclature_sha256="ff"))
    assert publish(warehouse, "2019Q4", out).is_new


def test_publishing_an_earlier_quarter_again_leaves_latest_in_place(
    warehouse: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    publish(warehouse, "2019Q4", out)
    state = store.finished_build(warehouse)
    store.write_build_state(warehouse, replace(state, reference_quarter="2019Q3"))
    publish(warehouse, "2019Q3", out)
    assert (out / "2019Q3" / "v1").is_dir()
    assert (out / "latest").readlink() == Path("2019Q4/v1")


def test_a_crash_leaves_the_earlier_publication_and_the_next_run_cleans_up(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    publish(warehouse, "2019Q4", out)
    before = contents(out)
    change_a_figure(warehouse)
    (out / "2019Q4" / ".partial-left-by-a-kill").mkdir()

    def crash(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_provenance", crash)
        with pytest.raises(OSError, match="disk full"):
            publish(warehouse, "2019Q4", out)
    assert contents(out) == before
    assert [path.name for path in (out / "2019Q4").iterdir()] == ["v1"]
    assert publish(warehouse, "2019Q4", out).vintage == "2019Q4-v2"


def test_latest_is_mended_after_a_crash_before_the_switch(warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(warehouse, "2019Q4", out)
    (out / "latest").unlink()
    assert not publish(warehouse, "2019Q4", out).is_new
    assert (out / "latest").readlink() == Path("2019Q4/v1")


def test_a_code_without_a_label_is_not_published(warehouse: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(store.Warehouse(warehouse).database)) as connection:
        connection.execute("update marts.mart_participants_by_status set training_type = '_X'")
    with pytest.raises(PublicationError, match="_X of training_type"):
        publish(warehouse, "2019Q4", tmp_path / "out")
    assert not (tmp_path / "out" / "2019Q4").exists()


def test_a_warehouse_without_a_finished_build_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no finished build"):
        publish(tmp_path, "2019Q4", tmp_path / "out")


def test_another_quarter_than_the_built_one_is_not_published(
    warehouse: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="built for 2019Q4, not for 2019Q3"):
        publish(warehouse, "2019Q3", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_published_after_a_refused_delivery(warehouse: Path, tmp_path: Path) -> None:
    landed_refusal(warehouse)
    with pytest.raises(PublicationWithheldError, match=r"forem/2019Q4-9 \(checksum_mismatch\)"):
        publish(warehouse, "2019Q4", tmp_path / "out")


def test_nothing_is_published_after_failed_expectations(warehouse: Path, tmp_path: Path) -> None:
    failed = store.ExpectationsResult(passed=False, failures=("Totals of adg are off by 3.",))
    store.write_expectations(warehouse, "2019Q4", failed)
    with pytest.raises(PublicationWithheldError, match="Totals of adg are off by 3"):
        publish(warehouse, "2019Q4", tmp_path / "out")
    store.Warehouse(warehouse).expectations.unlink()
    with pytest.raises(PublicationWithheldError, match="build again"):
        publish(warehouse, "2019Q4", tmp_path / "out")


def test_deliveries_landed_since_the_build_are_noticed(warehouse: Path, tmp_path: Path) -> None:
    folder = store.Warehouse(warehouse).landing / "adg" / "2019Q4-1"
    folder.mkdir(parents=True)
    with duckdb.connect(str(store.Warehouse(warehouse).database), read_only=True) as connection:
        connection.execute(
            f"copy seeds.training_deliveries to '{folder / 'delivery.parquet'}' (format parquet)"
        )
    with pytest.raises(UsageError, match="landed since the build"):
        publish(warehouse, "2019Q4", tmp_path / "out")


def test_a_warehouse_of_another_version_is_built_again(warehouse: Path, tmp_path: Path) -> None:
    state = store.Warehouse(warehouse).build_state
    noted = json.loads(state.read_text("utf-8"))
    state.write_text(json.dumps({**noted, "of_another_version": 1}), "utf-8")
    with pytest.raises(UsageError, match=r"another version[^$]*build --warehouse"):
        publish(warehouse, "2019Q4", tmp_path / "out")
    state.write_text(json.dumps(noted), "utf-8")
    # reports without the edition that is published
    feedback = store.Warehouse(warehouse).feedback
    feedback.mkdir(parents=True, exist_ok=True)
    told: list[str] = []
    with pytest.raises(UsageError, match=r"reports[^$]*another version[^$]*build --warehouse"):
        publish(warehouse, "2019Q4", tmp_path / "out", progress=told.append)
    assert told == []
    feedback.rmdir()
    with duckdb.connect(str(store.Warehouse(warehouse).database)) as connection:
        connection.execute("drop view publication.pub_mirror")
    with pytest.raises(UsageError, match=r"another version[^$]*build --warehouse"):
        publish(warehouse, "2019Q4", tmp_path / "out")
    store.Warehouse(warehouse).expectations.write_text('{"passed": true}', "utf-8")
    with pytest.raises(UsageError, match=r"another version[^$]*build --warehouse"):
        publish(warehouse, "2019Q4", tmp_path / "out")


def released(warehouse: Path) -> list[tuple[str, int]]:
    with duckdb.connect(str(store.Warehouse(warehouse).database), read_only=True) as connection:
        return connection.execute(
            "select vintage, count(*) from publication.pub_status group by vintage"
        ).fetchall()


def test_figures_are_released_by_a_publication_and_not_before(
    warehouse: Path, tmp_path: Path
) -> None:
    assert released(warehouse) == []
    publish(warehouse, "2019Q4", tmp_path / "out")
    assert released(warehouse) == [("2019Q4-v1", 7)]


def test_figures_that_could_not_be_written_are_taken_back(warehouse: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(store.Warehouse(warehouse).database)) as connection:
        connection.execute("update marts.mart_participants_by_status set training_type = '_X'")
    with pytest.raises(PublicationError):
        publish(warehouse, "2019Q4", tmp_path / "out")
    assert released(warehouse) == []


def test_real_persons_are_never_protected_by_their_small_counts_alone(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = replace(store.finished_build(warehouse), invented_persons=False)
    monkeypatch.setattr(module, "finished_build", lambda _: state)
    with pytest.raises(UsageError, match="--disclosure-control full"):
        publish(warehouse, "2019Q4", tmp_path / "out", secondary=False)


def test_figures_that_break_the_counting_rules_are_not_published(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reader knows can't be told of them, so nothing can be shown to protect them."""
    state = replace(store.finished_build(warehouse), invented_persons=False)
    monkeypatch.setattr(module, "finished_build", lambda _: state)
    with pytest.raises(
        PublicationWithheldError, match=r"build the marts again|without their total"
    ):
        publish(warehouse, "2019Q4", tmp_path / "out")
    assert not (tmp_path / "out" / "latest").exists()


def test_an_invented_sample_says_that_it_was_not_audited(warehouse: Path, tmp_path: Path) -> None:
    folder = publish(warehouse, "2019Q4", tmp_path / "out").folder
    audited = json.loads((folder / "quality" / "disclosure_audit.json").read_text("utf-8"))
    assert audited["passed"] is None
    provenance = json.loads((folder / "provenance.json").read_text("utf-8"))
    assert provenance["disclosure_control"]["secondary_suppression"] is False
    assert "because these persons are invented" in (folder / "README.md").read_text("utf-8")


def test_vintages_that_show_what_would_have_to_be_withheld_are_named(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def protect(*_: object, **__: object) -> None:
        raise UnprotectableError("A small count of 2019-Q4 can't be protected.")

    monkeypatch.setattr("synerstat.disclosure.protect", protect)
    publish(warehouse, "2019Q4", tmp_path / "out")
    with pytest.raises(PublicationWithheldError, match=r"2019-Q4[^$]*alone: 2019Q4-v1[^$]*--out"):
        publish(warehouse, "2019Q4", tmp_path / "out", secondary=True)
    with pytest.raises(PublicationWithheldError) as told:
        publish(warehouse, "2019Q4", tmp_path / "another", secondary=True)
    assert "primary rule" not in str(told.value)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_is_in_the_way_of_latest_is_told_and_left(
    warehouse: Path, tmp_path: Path, what: str
) -> None:
    latest = tmp_path / "out" / "latest"
    latest.parent.mkdir()
    if what == "folder":
        latest.mkdir()
    else:
        latest.write_text("somebody's", "utf-8")
    with pytest.raises(UsageError, match=rf"latest is in the way: a {what}"):
        publish(warehouse, "2019Q4", tmp_path / "out")
    assert latest.exists()
    assert not (tmp_path / "out" / "2019Q4").exists()


@pytest.mark.parametrize("moment", ["folders.appear", "folders.switch_latest"])
def test_a_publication_that_is_killed_leaves_the_one_before_and_is_repeated(
    warehouse: Path, tmp_path: Path, moment: str
) -> None:
    out = tmp_path / "out"
    first = publish(warehouse, "2019Q4", out).folder
    before = contents(first)
    change_a_figure(warehouse)
    unharmed = shutil.copytree(out, tmp_path / "unharmed", symlinks=True)
    expected = contents(publish(warehouse, "2019Q4", unharmed).folder)

    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, signal, sys\n"
            "from contextlib import nullcontext\n"
            "from pathlib import Path\n"
            "from synerstat.publish import publication\n"
            "from synerstat.site import pages\n"
            "pages.write_site = lambda *_: None\n"
            "publication.writing_formats = lambda *_: nullcontext()\n"
            "*where, name = sys.argv[3].split('.')\n"
            "module = publication.folders if where else publication\n"
            "setattr(module, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))\n"
            "publication.publish(Path(sys.argv[1]), '2019Q4', Path(sys.argv[2]))\n",
            str(warehouse),
            str(out),
            moment,
        ],
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    assert contents(first) == before
    assert (out / "latest").resolve() == first.resolve()
    repeated = publish(warehouse, "2019Q4", out)
    assert repeated.vintage == "2019Q4-v2"
    assert contents(repeated.folder) == expected
    assert (out / "latest").resolve() == repeated.folder.resolve()
