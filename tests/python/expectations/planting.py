"""Faults to plant in a built warehouse, and the way to judge it again without a whole build."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

JUDGED = Path("target/compiled/synerstat/models/quality")
# in the order in which they are built; the comparisons are a view on all questions
TABLES = (
    "quality_coherence_violations",
    "quality_declared_deviations",
    "quality_coherence_checks",
)

QUESTIONS = (
    "quality_indicator_bounds",
    "quality_person_attributes",
    "quality_participation_attributes",
    "quality_periods",
    "quality_marts_agree",
    "quality_deliveries",
    "quality_regions",
    "quality_nomenclature",
    "quality_plausibility",
    "quality_habits",
)

DIMENSIONS = {
    "training": ("training_area", "operator", "training_type", "delivery_mode"),
    "profile": ("training_area", "sex", "age_group", "education_level"),
    "status": ("operator", "training_type", "labour_status", "sex"),
    "mobility": ("residence_area", "operator"),
}
MARTS = {
    "training": "mart_participants_by_training",
    "profile": "mart_participants_by_profile",
    "status": "mart_participants_by_status",
    "mobility": "mart_interregional_mobility",
}
ALL = "delivery_mode = '_T'"
PARTICIPANTS = (
    "participants_present",
    "participants_entered",
    "participants_left",
    "participants_stock",
)
TOO_MANY = 1_000_000


@dataclass(frozen=True)
class Plant:
    """A fault, the check that must catch it, and the cell that it must name."""

    check: str
    fault: str
    statement: str
    scope: str


def judge(connection: duckdb.DuckDBPyConnection, built: Path, question: str | None = None) -> None:
    """Judge the marts as they stand now, with the very statements of the build.

    `question`: the one model of comparisons that is made again; the others are emptied, to save
    time.
    """
    if question:
        for other in set(QUESTIONS) - {question}:
            connection.execute(f"delete from quality.{other}")
    for table in (*([question] if question else QUESTIONS), *TABLES):
        statement = (built / JUDGED / f"{table}.sql").read_text("utf-8")
        connection.execute(f"create or replace table quality.{table} as {statement}")


def cell(table: str, period: str, **codes: str) -> str:
    """The condition for one cell; dimensions that are not named are `_T`."""
    wanted = {name: codes.get(name, "_T") for name in DIMENSIONS[table]}
    return " and ".join(
        [f"time_period = '{period}'", *(f"{name} = '{code}'" for name, code in wanted.items())]
    )


def categories(table: str, period: str, attribute: str) -> str:
    """The condition for the categories that sum to the grand total of the period."""
    total = cell(table, period)
    return total.replace(f"{attribute} = '_T'", f"{attribute} <> '_T'")


def scope(table: str, period: str, **codes: str) -> str:
    """The name of the cell as the checks write it."""
    return ", ".join([period, *(f"{n}={codes.get(n, '_T')}" for n in DIMENSIONS[table])])


def set_(table: str, measure: str, value: str | int, condition: str) -> str:
    return f"update marts.{MARTS[table]} set {measure} = {value} where {condition}"


def changed(
    check: str, table: str, measure: str, value: str | int, period: str = "2019-Q3", **codes: str
) -> Plant:
    """One figure of one cell is changed, and the check names that cell."""
    statement = set_(table, measure, value, cell(table, period, **codes))
    return Plant(check, f"{table}-{measure}", statement, scope(table, period, **codes))


def _bounds() -> list[Plant]:
    parts = {
        "entrants_within_participants": ["participants_entered"],
        "leavers_within_participants": ["participants_left"],
        "stock_within_participants": ["participants_stock"],
        "participants_within_participations": list(PARTICIPANTS[:3]),
        "entries_within_participations": ["participations_entered"],
        "exits_within_participations": ["participations_left"],
    }
    plants = [
        changed(check, table, measure, value, operator="forem")
        for check, measures in parts.items()
        for measure in measures
        for table, value in (("training", TOO_MANY), ("mobility", TOO_MANY))
    ]
    plants += [
        changed("entrants_within_participants", "profile", "participants_entered", -1, sex="F"),
        changed("hours_not_negative", "status", "training_hours", -1, sex="F"),
        changed("no_empty_cells", "status", "participations_present", 0, sex="F"),
        changed("no_empty_cells", "profile", "participants_present", 0, sex="F"),
    ]
    return plants


def _person_attributes() -> list[Plant]:
    plants = []
    for table, attribute in (
        ("profile", "sex"),
        ("profile", "age_group"),
        ("profile", "education_level"),
        ("status", "sex"),
        ("mobility", "residence_area"),
    ):
        check, total = f"{attribute}_adds_up", scope(table, "2019-Q3")
        one_more = set_(table, "participants_left", "participants_left + 1", cell(table, "2019-Q3"))
        no_total = f"delete from marts.{MARTS[table]} where {cell(table, '2019-Q3')}"
        no_parts = f"delete from marts.{MARTS[table]} where " + categories(
            table, "2019-Q3", attribute
        )
        plants += [
            Plant(check, f"{table}-one_more_in_the_total", one_more, total),
            Plant(check, f"{table}-no_total", no_total, total),
            Plant(check, f"{table}-no_categories", no_parts, total),
        ]
    return plants


def _participation_attributes() -> list[Plant]:
    plants = []
    for table, attribute in (
        ("training", "operator"),
        ("training", "training_type"),
        ("training", "delivery_mode"),
        ("training", "training_area"),
        ("profile", "training_area"),
        ("status", "labour_status"),
        ("mobility", "operator"),
    ):
        total, parts = cell(table, "2019-Q3"), categories(table, "2019-Q3", attribute)
        where = scope(table, "2019-Q3")
        plants += [
            Plant(
                f"{attribute}_participations_add_up",
                f"{table}-one_exit_more",
                set_(table, "participations_left", "participations_left + 1", total),
                where,
            ),
            Plant(
                f"{attribute}_participants_reach_total",
                f"{table}-too_few",
                set_(table, "participants_entered", 0, parts),
                where,
            ),
            Plant(
                f"{attribute}_participants_within_total",
                f"{table}-too_many",
                set_(table, "participants_present", TOO_MANY, parts),
                where,
            ),
        ]
    return plants


def _periods() -> list[Plant]:
    quarter = "quarter_follows_from_the_one_before"
    year = {"period": "2019"}
    more = "participations_entered + 1"
    return [
        changed("year_reaches_each_quarter", "profile", "participants_present", 1, **year),
        changed("year_reaches_each_quarter", "status", "participants_entered", 1, **year),
        changed(
            "year_within_sum_of_quarters", "mobility", "participants_entered", TOO_MANY, **year
        ),
        changed(
            "year_within_sum_of_quarters", "training", "participants_present", TOO_MANY, **year
        ),
        changed("year_equals_sum_of_quarters", "training", "participations_entered", more, **year),
        changed("year_equals_sum_of_quarters", "training", "training_hours", TOO_MANY, **year),
        changed("year_stock_equals_last_quarter", "status", "participants_stock", 1, **year),
        changed(quarter, "training", "participations_present", TOO_MANY, operator="vdab"),
        changed(quarter, "mobility", "participations_entered", more, operator="vdab"),
        Plant(
            quarter,
            "a_whole_quarter_is_absent",
            f"delete from marts.{MARTS['profile']} where time_period = '2019-Q2'",
            scope("profile", "2019-Q2"),
        ),
    ]


def _marts() -> list[Plant]:
    one_more = "participants_stock + 1"
    return [
        Plant(
            "training_agrees_with_profile",
            "one_person_more",
            set_("profile", "participants_stock", one_more, cell("profile", "2019-Q3")),
            "2019-Q3, training_area=_T",
        ),
        Plant(
            "training_agrees_with_status",
            "one_person_more",
            set_("status", "participants_stock", one_more, cell("status", "2019-Q3")),
            "2019-Q3, operator=_T, training_type=_T",
        ),
        Plant(
            "profile_agrees_with_status",
            "cell_absent",
            f"delete from marts.{MARTS['status']} where {cell('status', '2019-Q3', sex='F')}",
            "2019-Q3, sex=F",
        ),
        Plant(
            "mobility_agrees_with_status",
            "one_person_more",
            set_("mobility", "participants_stock", one_more, cell("mobility", "2019-Q3")),
            "2019-Q3, operator=_T",
        ),
        Plant(
            "mirror_agrees_with_mobility",
            "one_person_more",
            "update marts.mart_mirror_flows set reported_by_host = reported_by_host + 1 where "
            "time_period = '2019' and home_operator = 'adg' and host_operator = 'forem'",
            "2019, home_operator=adg, host_operator=forem",
        ),
    ]


def _deliveries() -> list[Plant]:
    return [
        Plant(
            "every_row_accounted_for",
            "one_row_more",
            "update marts.mart_delivery_accounting set rows = rows + 1 where operator = 'adg' "
            "and reference_quarter = '2019Q4' and sequence = 1 and disposition = 'counted'",
            "2019Q4-1, operator=adg",
        ),
        Plant(
            "every_row_accounted_for",
            "delivery_absent",
            "delete from marts.mart_delivery_accounting where operator = 'adg' "
            "and reference_quarter = '2019Q4' and sequence = 1",
            "2019Q4-1, operator=adg",
        ),
        Plant(
            "operator_delivered",
            "delivery_absent",
            "delete from intermediate.int_deliveries__ranked where operator = 'adg' "
            "and reference_quarter = '2019Q4'",
            "2019Q4, operator=adg",
        ),
    ]


def _regions() -> list[Plant]:
    checked, identified, spelled = (
        "intermediate.int_records__checked",
        "intermediate.int_records__identified",
        "intermediate.int_records__spelled",
    )
    share = "all records up to 2019-Q4, operator="
    training = f"marts.{MARTS['training']}"
    plants = [
        Plant(
            f"{dimension}_codes_mapped",
            "mapping_absent",
            "insert into quality.quality_row_findings by name "
            f"select record_key, record_id, 'unmapped_{dimension}' as rule from {spelled} "
            "where operator = 'forem'",
            f"{share}forem",
        )
        for dimension in ("sex", "education_level", "labour_status", "delivery_mode")
    ]
    plants += [
        Plant(
            f"{dimension}_codes_mapped",
            "records_rejected",
            f"update {checked} set broken_rules = broken_rules | {unmapped}, "
            "record_id = 'x' || record_id where delivery_number in (select delivery_number "
            "from intermediate.int_deliveries__ranked where operator = 'adg')",
            f"{share}adg",
        )
        # their places among the rules
        for dimension, unmapped in (("training_type", 1 << 8), ("organiser", 1 << 9))
    ]
    plants += [
        Plant(
            "residence_known",
            "residence_in_another_list",
            f"update {spelled} set residence_area = '_U' where operator = 'vdab'",
            f"{share}vdab",
        ),
        Plant(
            "persons_identified_nationally",
            "national_numbers_absent",
            "update intermediate.int_persons__numbered set person_key_scope = 'operator' "
            f"where person_id in (select person_id from {identified} where operator = 'adg')",
            f"{share}adg",
        ),
        Plant(
            "training_type_present",
            "type_mapped_elsewhere",
            f"delete from {training} where operator = 'adg' and training_type = 'ALT'",
            "all periods, operator=adg, training_type=ALT",
        ),
        Plant(
            "quarter_as_usual",
            "quarter_doubled",
            f"update {training} set participants_present = 2 * participants_present where "
            + cell("training", "2019-Q4", operator="forem"),
            "2019-Q4, operator=forem, training_type=_T",
        ),
        Plant(
            "quarter_as_usual",
            "campus_absent",
            f"delete from {training} where {cell('training', '2019-Q4', operator='forem')}",
            "2019-Q4, operator=forem, training_type=_T",
        ),
        Plant(
            "mirror_agrees_roughly",
            "organisers_confused",
            "update marts.mart_mirror_flows set reported_by_home = 90, reported_by_host = 30 where "
            "time_period = '2019' and home_operator = 'adg' and host_operator = 'forem'",
            "2019, home_operator=adg, host_operator=forem",
        ),
    ]
    return plants


def _nomenclature() -> list[Plant]:
    return [
        Plant(
            "mappings_do_not_overlap",
            "a_mapping_twice",
            "insert into seeds.crosswalk_sex select * from seeds.crosswalk_sex "
            "where operator = 'forem'",
            "all periods, operator=forem",
        ),
        Plant(
            "mappings_lead_to_code_lists",
            "a_code_of_another_list",
            "update seeds.crosswalk_sex set target_code = 'ED0-2' where operator = 'forem'",
            "all periods, operator=forem",
        ),
        Plant(
            "codes_have_four_labels",
            "a_blank_label",
            "update seeds.code_lists set label_de = ' ' where code_list = 'SEX' and code = 'F'",
            "code_list=SEX",
        ),
    ]


def _surprises() -> list[Plant]:
    codes = "quality.quality_source_codes"
    return [
        Plant(
            "stock_follows_from_entries_and_duration",
            "every_end_is_lost",
            "update intermediate.int_participations__merged set open_end_date = '9999-12-31' "
            "where operator = 'forem' and open_end_date > start_date + 30",
            "the four quarters to 2019-Q4, operator=forem",
        ),
        Plant(
            "no_code_is_new",
            "a_new_code",
            f"insert into {codes} values ('forem', 'sex', 'Z', null, '2019Q4', 5, 5)",
            "2019-Q4, operator=forem, dimension=sex, source_code=Z",
        ),
        Plant(
            "no_code_vanished",
            "a_code_is_gone",
            f"delete from {codes} where operator = 'forem' and dimension = 'sex' "
            "and source_code = 'F' and reference_quarter = '2019Q4'",
            "2019-Q4, operator=forem, dimension=sex, source_code=F",
        ),
    ]


PLANTS = [
    *_bounds(),
    *_person_attributes(),
    *_participation_attributes(),
    *_periods(),
    *_marts(),
    *_deliveries(),
    *_regions(),
    *_nomenclature(),
    *_surprises(),
]
