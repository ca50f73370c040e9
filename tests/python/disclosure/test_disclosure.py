"""Disclosure control: what is withheld, what an attacker of its own can still bound, the audit."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from disclosure.attacker import Attacker, small_counts
from disclosure.invented import HOMES, THRESHOLD, figures, participations, publish

from synerstat.disclosure import InconsistentFiguresError, UnprotectableError, audit, protect
from synerstat.errors import PublicationWithheldError
from synerstat.publish.control import Controlled, Protection

Tables = dict[str, pa.Table]


def bounded(published: Tables, given: Tables, most: int | None = None) -> list[tuple[Any, ...]]:
    """The small counts (or so many of them, by lot) with an interval too narrow."""
    attacker = Attacker(published)
    keys = small_counts(given)
    if most is not None and len(keys) > most:
        keys = [keys[i] for i in np.random.default_rng(0).choice(len(keys), most, replace=False)]
    found = []
    for key in keys:
        least, highest = attacker.interval(key) if key in attacker.column else (0, 0)
        if highest - least < THRESHOLD:
            found.append((key, least, highest))
    return found


def rewritten(
    table: pa.Table, choose: Callable[[dict[str, Any]], bool], **values: object
) -> pa.Table:
    """The table with other values in the chosen rows."""
    rows = [{**row, **values} if choose(row) else row for row in table.to_pylist()]
    return pa.Table.from_pylist(rows, schema=table.schema)


@pytest.mark.parametrize("seed", range(20))
def test_random_cubes_are_protected(seed: int) -> None:
    given = figures(participations(seed, 20 + 4 * (seed % 6)))
    published = publish(given, protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld)

    result = audit(published, given, threshold=THRESHOLD, home_areas=HOMES)

    assert result.passed, result.in_words()
    assert result.small_counts > 0
    assert bounded(published, given, most=8) == []


def test_primary_suppression_alone_is_seen_through_by_attacker_and_audit() -> None:
    given = figures(participations(1, 40))
    published = publish(given, None)

    result = audit(published, given, threshold=THRESHOLD, home_areas=HOMES)

    assert not result.passed
    assert result.exposed == result.small_counts
    # the attacker knows a little less than the audit does
    assert len(bounded(published, given, most=12)) > 6


def test_linked_tables_are_protected() -> None:
    given = figures(participations(5, 18), ("training", "profile", "status", "mobility", "mirror"))
    pattern = protect(given, threshold=THRESHOLD, home_areas=HOMES)
    published = publish(given, pattern.withheld)

    assert audit(published, given, threshold=THRESHOLD, home_areas=HOMES).passed
    assert bounded(published, given, most=15) == []


def test_the_same_cell_is_withheld_in_all_data_sets() -> None:
    given = figures(participations(5, 40), ("status", "mobility", "mirror"))
    withheld = protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld.to_pylist()

    in_status = {
        (row["operator"], row["indicator"])
        for row in withheld
        if row["data_set"] == "status"
        and (row["training_type"], row["labour_status"], row["sex"]) == ("_T", "JSK", "_T")
    }
    in_mobility = {
        (row["operator"], row["indicator"])
        for row in withheld
        if row["data_set"] == "mobility" and row["residence_area"] == "_T"
    }
    assert in_status == in_mobility

    hosts = {
        row["host_operator"]
        for row in withheld
        if row["indicator"] == "MIRROR_HOST" and row["home_operator"] == "bruxelles_formation"
    }
    cells = {
        row["operator"]
        for row in withheld
        if row["data_set"] == "mobility"
        and row["indicator"] == "PRESENT"
        and row["residence_area"] == "BE1"
    }
    assert hosts == cells & {"vdab", "forem", "adg"}


def test_an_asymmetry_is_withheld_with_either_side() -> None:
    given = figures(participations(5, 40), ("mobility", "mirror"))
    withheld = [
        row
        for row in protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld.to_pylist()
        if row["data_set"] == "mirror"
    ]
    sides = {(row["home_operator"], row["host_operator"]) for row in withheld}
    with_asymmetry = {
        (row["home_operator"], row["host_operator"])
        for row in withheld
        if row["indicator"] == "MIRROR_ASYMMETRY"
    }
    assert sides
    assert sides == with_asymmetry


def test_quarters_and_their_year_are_protected() -> None:
    given = figures(participations(3, 15, quarters=4), quarters=4)
    published = publish(given, protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld)

    assert audit(published, given, threshold=THRESHOLD, home_areas=HOMES).passed
    assert bounded(published, given, most=15) == []


def counts_by_type_and_area(counts: list[list[int]]) -> pa.Table:
    """A person in one participation for each count, present all through; areas x types."""
    areas, types = ("BE1", "BE2", "BE3X", "_U"), ("21", "22", "23", "31")
    rows = [
        {"training_area": areas[i], "training_type": types[j]}
        for i, line in enumerate(counts)
        for j, count in enumerate(line)
        for _ in range(count)
    ]
    fixed = {
        "operator": "vdab",
        "delivery_mode": "CLA",
        "labour_status": "JSK",
        "sex": "F",
        "age_group": "Y15T24",
        "education_level": "ED0-2",
        "residence_area": "BE2",
        "start": -1,
        "end": 5,
    }
    return pa.Table.from_pylist([{"person": i, **row, **fixed} for i, row in enumerate(rows)])


# Two small counts in each of the lines of BE1 and BE2, so that a rule which wants a second withheld
# cell in every row and column is content. Their sums, 3 and 3, bound each of them within 1 to 2.
DEFEATING = [[1, 2, 40, 40], [2, 1, 40, 40], [40, 40, 40, 40], [40, 40, 40, 40]]


def test_a_cube_that_defeats_one_more_in_the_row() -> None:
    given = figures(counts_by_type_and_area(DEFEATING))
    naive = publish(given, None)
    assert len(bounded(naive, given)) == len(small_counts(given))
    assert not audit(naive, given, threshold=THRESHOLD, home_areas=HOMES).passed

    published = publish(given, protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld)

    assert bounded(published, given) == []
    assert audit(published, given, threshold=THRESHOLD, home_areas=HOMES).passed


def test_small_figures_are_withheld_before_large_ones() -> None:
    counts = [[2, 300, 20, 300], [300, 300, 300, 300], [20, 300, 25, 300], [300] * 4]
    given = figures(counts_by_type_and_area(counts))

    withheld = protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld.to_pylist()

    present = {
        (row["training_area"], row["training_type"])
        for row in withheld
        if row["indicator"] == "PARTICIPATIONS"
        and row["operator"] == "vdab"
        and row["delivery_mode"] == "CLA"
    }
    assert present == {("BE1", "21"), ("BE1", "23"), ("BE3X", "21"), ("BE3X", "23")}


def test_hours_are_withheld_with_their_participations_and_zeros_are_shown() -> None:
    given = figures(participations(2, 40))
    table = given["training"]
    withheld = protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld.to_pylist()
    key = ("training_area", "operator", "training_type", "delivery_mode")

    def cells(indicator: str) -> set[tuple[Any, ...]]:
        return {tuple(row[k] for k in key) for row in withheld if row["indicator"] == indicator}

    assert cells("HOURS") == cells("PARTICIPATIONS")
    zeros = {
        (*(row[k] for k in key), row["indicator"])
        for row in table.to_pylist()
        if row["figure"] == 0
    }
    assert zeros
    assert not zeros & {(*(row[k] for k in key), row["indicator"]) for row in withheld}


def test_the_pattern_depends_on_nothing_but_the_figures() -> None:
    given = figures(participations(4, 25))
    shuffled = given["training"].take(
        pa.array(np.random.default_rng(0).permutation(given["training"].num_rows))
    )

    first = protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld
    second = protect({"training": shuffled}, threshold=THRESHOLD, home_areas=HOMES).withheld

    order = [(name, "ascending") for name in first.column_names]
    assert first.sort_by(order).equals(second.sort_by(order))


def write_vintage(folder: Path, published: Tables) -> Path:
    """The data of a published vintage, as the next one finds them."""
    (folder / "data").mkdir(parents=True)
    for name, table in published.items():
        pq.write_table(table, folder / "data" / f"{name}.parquet")
    return folder


def test_two_vintages_that_differ_by_one_person(tmp_path: Path) -> None:
    persons = participations(6, 30)
    before = figures(persons.filter(pc.not_equal(persons["person"], 7)))
    after = figures(persons)
    first = publish(before, protect(before, threshold=THRESHOLD, home_areas=HOMES).withheld)
    vintage = write_vintage(tmp_path / "v1", first)

    pattern = protect(after, threshold=THRESHOLD, home_areas=HOMES, earlier=[vintage])
    second = publish(after, pattern.withheld)

    assert audit(second, after, threshold=THRESHOLD, home_areas=HOMES, earlier=[vintage]).passed
    # the reader has the first vintage too, and fills in what did not change since
    both = dict(second)
    key = ("time_period", "training_area", "operator", "training_type", "delivery_mode")
    truth, shown_before = (
        {(*(row[k] for k in key), row["indicator"]): row[column] for row in table.to_pylist()}
        for table, column in ((after["training"], "figure"), (first["training"], "obs_value"))
    )
    rows = second["training"].to_pylist()
    for row in rows:
        name = (*(row[k] for k in key), row["indicator"])
        if row["obs_value"] is None and shown_before.get(name) == truth[name]:
            row["obs_value"] = truth[name]
        # what the first vintage withheld stays withheld
        if name in shown_before and shown_before[name] is None and truth[name] > 0:
            assert row["obs_value"] is None
    both["training"] = pa.Table.from_pylist(rows, schema=second["training"].schema)
    assert bounded(both, after, most=15) == []


def test_the_audit_sees_what_an_earlier_vintage_gives_away(tmp_path: Path) -> None:
    given = figures(participations(6, 30))
    published = publish(given, protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld)
    earlier = write_vintage(tmp_path / "v1", publish(given, None))

    assert audit(published, given, threshold=THRESHOLD, home_areas=HOMES).passed
    result = audit(published, given, threshold=THRESHOLD, home_areas=HOMES, earlier=[earlier])

    assert not result.passed
    assert result.exposed > 0


def test_what_can_not_be_protected_is_named(tmp_path: Path) -> None:
    given = figures(participations(6, 30))
    earlier = write_vintage(tmp_path / "v1", publish(given, None))
    with pytest.raises(
        UnprotectableError, match=r"small count of 20\d\d(-Q\d)? .*\(data set [a-z, ]+\)"
    ):
        protect(given, threshold=THRESHOLD, home_areas=HOMES, earlier=[earlier])


def two_vintages(folder: Path) -> tuple[Tables, Path]:
    """A first vintage, and the figures after a revision that makes a shown count of 4 small.

    One of the four persons of BE1 and type 21 turns out to have stayed beyond the quarter, so that
    LEAVERS are 3, while all that is present is as it was: at most 4 can have left, as who has the
    first vintage knows.
    """
    before = counts_by_type_and_area([[4, 40, 40, 40], [40] * 4, [40] * 4, [40] * 4])
    before = before.set_column(
        before.column_names.index("end"), "end", pa.array([0] * before.num_rows)
    )
    ends = before["end"].to_pylist()
    ends[0] = 5
    after = before.set_column(before.column_names.index("end"), "end", pa.array(ends))
    first = figures(before)
    pattern = protect(first, threshold=THRESHOLD, home_areas=HOMES)
    return figures(after), write_vintage(folder / "v1", publish(first, pattern.withheld))


def test_a_small_count_by_revision_is_protected_from_who_cannot_tell_revisions(
    tmp_path: Path,
) -> None:
    given, vintage = two_vintages(tmp_path)
    pattern = protect(given, threshold=THRESHOLD, home_areas=HOMES, earlier=[vintage])
    published = publish(given, pattern.withheld)

    result = audit(
        published,
        given,
        threshold=THRESHOLD,
        home_areas=HOMES,
        earlier=[vintage],
        worlds=pattern.worlds,
    )

    assert result.passed, result.in_words()
    assert 0 < result.protected_by_revision <= result.small_counts
    assert result.as_json()["protected_by_revision"] == result.protected_by_revision
    assert "can't tell which figures of a revised period were revised" in result.in_words()
    # what is published now bounds none of them, whoever looks at it
    assert bounded(published, given) == []


def test_the_audit_counts_the_same_without_worlds(tmp_path: Path) -> None:
    given, vintage = two_vintages(tmp_path)
    pattern = protect(given, threshold=THRESHOLD, home_areas=HOMES, earlier=[vintage])
    published = publish(given, pattern.withheld)

    slow, quick = (
        audit(
            published,
            given,
            threshold=THRESHOLD,
            home_areas=HOMES,
            earlier=[vintage],
            worlds=worlds,
        )
        for worlds in (None, pattern.worlds)
    )

    assert slow.passed
    # programs may protect some from who can tell; what the worlds say is at most so many
    assert 0 < slow.protected_by_revision <= quick.protected_by_revision


def test_the_audit_fails_where_who_cannot_tell_revisions_can_bound_a_count(tmp_path: Path) -> None:
    given, vintage = two_vintages(tmp_path)

    result = audit(
        publish(given, None), given, threshold=THRESHOLD, home_areas=HOMES, earlier=[vintage]
    )

    assert not result.passed
    assert result.exposed > 0


def test_worlds_of_the_vintage_before_are_not_looked_for_again(tmp_path: Path) -> None:
    persons = participations(3, 40, quarters=2)
    given = figures(persons, quarters=2)
    first = protect(given, threshold=THRESHOLD, home_areas=HOMES)
    vintage = write_vintage(tmp_path / "v1", publish(given, first.withheld))

    again = protect(
        given,
        threshold=THRESHOLD,
        home_areas=HOMES,
        earlier=[vintage],
        worlds_before=first.worlds,
    )

    # nothing has changed, so that the same is withheld, and the same proves it
    assert again.withheld.equals(first.withheld)
    worlds, known = (
        {(row["cell"], row["indicator"], row["step"]) for row in pattern.worlds.to_pylist()}
        for pattern in (first, again)
    )
    assert known <= worlds


def test_worlds_before_that_hold_no_more_are_left_out(tmp_path: Path) -> None:
    persons = participations(3, 40, quarters=2)
    first = protect(figures(persons, quarters=1), threshold=THRESHOLD, home_areas=HOMES)
    given = figures(persons.filter(pc.not_equal(persons["person"], 7)), quarters=2)

    pattern = protect(given, threshold=THRESHOLD, home_areas=HOMES, worlds_before=first.worlds)

    published = publish(given, pattern.withheld)
    result = audit(published, given, threshold=THRESHOLD, home_areas=HOMES, worlds=pattern.worlds)
    assert result.passed, result.in_words()
    assert bounded(published, given, most=15) == []


def test_worlds_that_a_reader_can_exclude_prove_nothing() -> None:
    given = figures(participations(2, 40))
    pattern = protect(given, threshold=THRESHOLD, home_areas=HOMES)
    naive = publish(given, None)

    result = audit(naive, given, threshold=THRESHOLD, home_areas=HOMES, worlds=pattern.worlds)

    # shown figures differ in them, and the programs find what is exposed all the same
    assert not result.passed
    assert result.exposed == result.small_counts
    assert any("do not agree with what is published" in fault for fault in result.faults)


def test_worlds_spare_the_audit_its_programs() -> None:
    given = figures(participations(3, 15, quarters=4), quarters=4)
    pattern = protect(given, threshold=THRESHOLD, home_areas=HOMES)
    published = publish(given, pattern.withheld)
    slow = audit(published, given, threshold=THRESHOLD, home_areas=HOMES)

    quick = audit(published, given, threshold=THRESHOLD, home_areas=HOMES, worlds=pattern.worlds)

    assert slow.passed
    assert quick.passed
    assert slow.small_counts == quick.small_counts > 0
    assert quick.programs == 0 < slow.programs
    assert quick.worlds == len(set(pattern.worlds["world"].to_pylist()))


def test_figures_that_fail_the_audit_are_not_published() -> None:
    given = figures(participations(1, 40))
    pattern = protect(given, threshold=THRESHOLD, home_areas=HOMES)
    control = Controlled(given, HOMES, pattern, Protection(THRESHOLD, True, []))
    published = publish(given, pattern.withheld)
    assert control.audited(published) is not None

    with pytest.raises(PublicationWithheldError, match="fail the disclosure audit"):
        control.audited(publish(given, None))


@pytest.mark.parametrize(
    ("choose", "values", "fault"),
    [
        (
            lambda row: row["conf_status"] == "C" and row["indicator"] == "PRESENT",
            {"obs_value": 2},
            "Withheld figures have a value.",
        ),
        (
            lambda row: row["conf_status"] == "C" and row["indicator"] == "HOURS",
            {"conf_status": "F", "obs_value": 10},
            "Hours are shown of participations that are withheld.",
        ),
        (
            lambda row: row["conf_status"] == "F" and row["indicator"] == "STOCK",
            {"obs_value": 12345},
            "Shown figures differ from those built.",
        ),
    ],
)
def test_the_audit_finds_what_went_wrong_after_the_suppression(
    choose: Callable[[dict[str, Any]], bool], values: dict[str, Any], fault: str
) -> None:
    given = figures(participations(2, 40))
    published = publish(given, protect(given, threshold=THRESHOLD, home_areas=HOMES).withheld)

    published["training"] = rewritten(published["training"], choose, **values)
    result = audit(published, given, threshold=THRESHOLD, home_areas=HOMES)

    assert not result.passed
    assert fault in result.faults


def test_the_audit_tells_its_outcome_as_json_and_in_words() -> None:
    given = figures(participations(2, 40))
    pattern = protect(given, threshold=THRESHOLD, home_areas=HOMES)

    result = audit(publish(given, pattern.withheld), given, threshold=THRESHOLD, home_areas=HOMES)

    told = result.as_json()
    assert told["passed"] is True
    assert told["withheld"] == {
        "primary": given["training"].filter(given["training"]["is_small"]).num_rows,
        "secondary": pattern.secondary,
    }
    assert told["interval"]["smallest"] >= THRESHOLD
    assert told["solver"].startswith("HiGHS")
    assert f"None of the {result.small_counts:,} small counts" in result.in_words()
    failed = dataclasses.replace(result, exposed=3, smallest=1)
    assert "3 of" in failed.in_words()


def test_figures_that_break_the_counting_rules_are_refused() -> None:
    given = figures(participations(2, 40))
    broken = rewritten(
        given["training"],
        lambda row: row["indicator"] == "ENTRANTS" and row["training_area"] == "_T",
        figure=10_000,
    )
    with pytest.raises(InconsistentFiguresError, match="build the marts again"):
        protect({"training": broken}, threshold=THRESHOLD, home_areas=HOMES)


def test_an_indicator_without_a_rule_is_refused() -> None:
    given = figures(participations(2, 20))
    exits = rewritten(given["training"], lambda row: row["indicator"] == "HOURS", indicator="EXITS")
    with pytest.raises(InconsistentFiguresError, match="EXITS"):
        protect({"training": exits}, threshold=THRESHOLD, home_areas=HOMES)


def test_the_attacker_finds_what_a_sum_gives_away() -> None:
    """Three counts of a line are shown with their sum, so the fourth is known."""
    given = figures(counts_by_type_and_area([[3, 40, 40, 40], [40] * 4, [40] * 4, [40] * 4]))
    attacker = Attacker(publish(given, None))
    for key in small_counts(given):
        assert attacker.interval(key) == (3, 3)
    assert math.isfinite(attacker.interval(small_counts(given)[0])[1])
