"""Faults planted one by one in landed deliveries and in mappings, and the check named for each.

The statements of a finished build are run again after each fault, in one transaction that is rolled
back: the whole road from the landed rows to the broken bounds, without dbt's start-up. By hand, all
faults, and histories of other seeds without any:

    python tests/python/expectations/mutations.py --persons 4000 --seeds 20
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from synerstat.build import read_project

ROOT = Path(__file__).parents[3]
QUARTER, BEFORE = "2019Q4", "2019Q3"
OPERATORS = ("vdab", "forem", "bruxelles_formation", "adg")
LAST = f"reference_quarter = '{QUARTER}'"


@dataclass(frozen=True)
class Fault:
    """What is done to the landed rows (schema `landed`) or seeds, the check that must catch it."""

    name: str
    check: str
    operator: str
    statements: tuple[str, ...]


class Replay:
    """A copy of a built warehouse whose models can be built again after a fault."""

    def __init__(self, warehouse: Path, copy: Path) -> None:
        project = read_project(ROOT, warehouse)
        assert project is not None
        models = {
            name: node.to_dict()
            for name, node in project.nodes.items()
            if node.resource_type == "model"
        }
        wanted: dict[str, None] = {}

        def visit(name: str) -> None:
            if name in models and name not in wanted:
                for other in models[name]["depends_on"]["nodes"]:
                    visit(other)
                wanted[name] = None

        visit("model.synerstat.quality_coherence_violations")
        landing = str((warehouse / "landing").resolve())
        self._statements = []
        for name in wanted:
            node = models[name]
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            compiled = warehouse / "target/compiled/synerstat" / node["original_file_path"]
            sql = compiled.read_text("utf-8")
            for operator in OPERATORS:
                sql = sql.replace(
                    f"read_parquet('{landing}/{operator}/*/records.parquet')", f"landed.{operator}"
                )
            sql = sql.replace(f"read_parquet('{landing}/*/*/delivery.parquet')", "landed.delivery")
            self._statements.append(f"create or replace {kind} {node['relation_name']} as {sql}")
        path = copy / "synerstat.duckdb"
        path.write_bytes((warehouse / "synerstat.duckdb").read_bytes())
        self._connection = duckdb.connect(str(path), config={"threads": 2})
        run = self._connection.execute
        run("create schema landed")
        for operator in OPERATORS:
            files = f"{landing}/{operator}/*/records.parquet"
            run(f"create table landed.{operator} as from read_parquet('{files}')")
        run(f"create table landed.delivery as from read_parquet('{landing}/*/*/delivery.parquet')")

    def broken_after(self, *statements: str) -> list[tuple[str, str, str | None]]:
        """Check, severity and operator of each broken bound."""
        self._connection.execute("begin")
        try:
            for statement in (*statements, *self._statements):
                self._connection.execute(statement)
            return self._connection.execute(
                "select check_name, severity, whose_data "
                "from quality.quality_coherence_violations order by all"
            ).fetchall()
        finally:
            self._connection.execute("rollback")

    def close(self) -> None:
        self._connection.close()


def recount(operator: str) -> str:
    """The manifest says what the delivery holds now: intake would find nothing to refuse."""
    return (
        "update landed.delivery set row_count = (select count(*) from landed."
        f"{operator} as rows where rows.reference_quarter = delivery.reference_quarter "
        f"and rows.sequence = delivery.sequence) where operator = '{operator}'"
    )


def change(operator: str, column: str, value: str, where: str = "true") -> str:
    return f"update landed.{operator} set {column} = {value} where {where}"


def again(operator: str, record_id: str, where: str) -> tuple[str, ...]:
    """Rows sent a second time under other identifiers."""
    return (
        f"insert into landed.{operator} select * replace ({record_id} || '-B' as {record_id}, "
        "content_key || 'B' as content_key, row_number + 1000000 as row_number) "
        f"from landed.{operator} where {where}",
        recount(operator),
    )


def without(operator: str, where: str) -> tuple[str, ...]:
    return (f"delete from landed.{operator} where {where}", recount(operator))


def comma(column: str, factor: int) -> str:
    number = f"try_cast(replace({column}, ',', '.') as double)"
    return f"coalesce(replace(cast({number} * {factor} as varchar), '.', ','), {column})"


def later(column: str, pattern: str, interval: str) -> str:
    return (
        f"coalesce(strftime(try_strptime({column}, '{pattern}') + interval {interval}, "
        f"'{pattern}'), {column})"
    )


def exchanged(column: str, one: str, other: str) -> str:
    return (
        f"case {column} when '{one}' then '{other}' when '{other}' then '{one}' else {column} end"
    )


def mapping(dimension: str, one: str, other: str) -> str:
    """The mappings of two operators change places."""
    return f"update seeds.crosswalk_{dimension} set operator = {exchanged('operator', one, other)}"


NO_NUMBER = (
    "national_key = null, national_number_status = 'missing', "
    "national_birth_date = null, national_sex = null"
)
MONTHS = """
insert into landed.bruxelles_formation
select rows.* replace (
    id_contrat || '-' || month.number as id_contrat,
    content_key || month.number as content_key,
    row_number + 1000000 * month.number as row_number,
    strftime(greatest(try_strptime(date_debut, '%Y-%m-%d'), month.first), '%Y-%m-%d') as date_debut,
    strftime(least(coalesce(try_strptime(date_fin_reelle, '%Y-%m-%d'), month.last), month.last),
        '%Y-%m-%d') as date_fin_reelle
)
from landed.bruxelles_formation as rows
inner join (
    values
        (1, timestamp '2019-10-01', timestamp '2019-10-31'),
        (2, timestamp '2019-11-01', timestamp '2019-11-30'),
        (3, timestamp '2019-12-01', timestamp '2019-12-31')
) as month (number, first, last)
    on try_strptime(date_debut, '%Y-%m-%d') <= month.last
    and coalesce(try_strptime(date_fin_reelle, '%Y-%m-%d'), month.last) >= month.first
where reference_quarter = '2019Q4'
"""
BUSIEST_CAMPUS = (
    "campus_nis = (select campus_nis from landed.vdab where campus_nis is not null "
    "group by campus_nis order by count(*) desc, campus_nis limit 1)"
)
SAME_AS_BEFORE = """
insert into landed.forem
select * replace ('2019Q4' as reference_quarter)
from landed.forem where reference_quarter = '2019Q3'
"""

FAULTS = (
    Fault(
        "half the rows are missing",
        "quarter_as_usual",
        "vdab",
        without("vdab", f"{LAST} and row_number % 2 = 0"),
    ),
    Fault(
        "one row in five is missing",
        "few_records_vanish",
        "vdab",
        without("vdab", f"{LAST} and row_number % 5 = 0"),
    ),
    Fault(
        "the end of the file is missing",
        "quarter_as_usual",
        "forem",
        without("forem", f"{LAST} and row_number > 450"),
    ),
    Fault(
        "a campus is missing",
        "no_training_place_vanished",
        "vdab",
        without("vdab", f"{LAST} and {BUSIEST_CAMPUS}"),
    ),
    Fault(
        "all rows name one campus",
        "no_training_place_vanished",
        "vdab",
        (change("vdab", "campus_nis", "'11016'", f"{LAST} and campus_nis <> '11016'"),),
    ),
    Fault(
        "a month stands twice",
        "records_stand_once",
        "forem",
        again("forem", "no_prestation", f"{LAST} and debut_prestation like '%-10-2019'"),
    ),
    Fault(
        "the whole delivery stands twice",
        "records_stand_once",
        "vdab",
        again("vdab", "inschrijving_id", LAST),
    ),
    Fault(
        "months instead of contracts",
        "records_per_participation_as_usual",
        "bruxelles_formation",
        (MONTHS, *without("bruxelles_formation", f"{LAST} and row_number < 1000000")),
    ),
    Fault(
        "birth dates a year later",
        "birth_dates_agree_with_numbers",
        "forem",
        (change("forem", "date_naissance", later("date_naissance", "%d-%m-%Y", "1 year")),),
    ),
    Fault(
        "birth dates of one day",
        "birth_dates_agree_with_numbers",
        "vdab",
        (change("vdab", "geboortedatum", "'01/01/1980'", LAST),),
    ),
    Fault(
        "sexes exchanged in a delivery",
        "sexes_agree_with_numbers",
        "vdab",
        (change("vdab", "geslacht", exchanged("geslacht", "M", "V"), LAST),),
    ),
    Fault(
        "sexes exchanged in the mapping",
        "sexes_agree_with_numbers",
        "forem",
        (
            "update seeds.crosswalk_sex set target_code = "
            + exchanged("target_code", "M", "F")
            + " where operator = 'forem'",
        ),
    ),
    Fault(
        "mappings of sex exchanged between regions",
        "sex_codes_mapped",
        "vdab",
        (mapping("sex", "vdab", "forem"),),
    ),
    Fault(
        "mappings of status exchanged between regions",
        "labour_status_codes_mapped",
        "adg",
        (mapping("labour_status", "vdab", "adg"),),
    ),
    Fault(
        "mappings of type exchanged between regions",
        "training_type_codes_mapped",
        "forem",
        (mapping("training_type", "forem", "vdab"),),
    ),
    Fault(
        "mappings of education exchanged between regions",
        "education_level_codes_mapped",
        "forem",
        (mapping("education_level", "forem", "vdab"),),
    ),
    Fault(
        "the quarter before is sent again",
        "rows_belong_to_the_quarter",
        "forem",
        (*without("forem", LAST), SAME_AS_BEFORE, recount("forem")),
    ),
    Fault(
        "starts a quarter later",
        "few_rows_rejected",
        "forem",
        (
            change(
                "forem", "debut_prestation", later("debut_prestation", "%d-%m-%Y", "92 days"), LAST
            ),
        ),
    ),
    Fault(
        "start and end exchanged",
        "few_rows_rejected",
        "forem",
        (
            f"update landed.forem set debut_prestation = fin_prestation, "
            f"fin_prestation = debut_prestation where {LAST} and fin_prestation is not null",
        ),
    ),
    Fault(
        "day and month exchanged",
        "few_rows_rejected",
        "vdab",
        (
            change(
                "vdab",
                "begindatum",
                "substr(begindatum, 4, 3) || substr(begindatum, 1, 3) || substr(begindatum, 7)",
                LAST,
            ),
        ),
    ),
    Fault(
        "identifiers missing",
        "few_rows_rejected",
        "vdab",
        (change("vdab", "inschrijving_id", "null", f"{LAST} and row_number % 10 = 0"),),
    ),
    Fault(
        "records numbered anew",
        "few_records_vanish",
        "vdab",
        (change("vdab", "inschrijving_id", "'N' || inschrijving_id", LAST),),
    ),
    Fault(
        "new codes of education, one delivery",
        "no_code_is_new",
        "bruxelles_formation",
        (change("bruxelles_formation", "diplome", "'N' || diplome", LAST),),
    ),
    Fault(
        "codes of education replaced",
        "education_level_codes_mapped",
        "bruxelles_formation",
        (change("bruxelles_formation", "diplome", "'N' || diplome"),),
    ),
    Fault(
        "codes of type replaced",
        "training_type_codes_mapped",
        "adg",
        (change("adg", "massnahme_art", "'N' || massnahme_art"),),
    ),
    Fault(
        "codes of organiser replaced",
        "organiser_codes_mapped",
        "forem",
        (change("forem", "organisateur", "'N' || organisateur"),),
    ),
    Fault(
        "codes of mode replaced",
        "delivery_mode_codes_mapped",
        "vdab",
        (change("vdab", "lesvorm", "'N' || lesvorm"),),
    ),
    Fault(
        "one status for everybody",
        "share_as_usual",
        "vdab",
        (change("vdab", "statuut", "'WN'", LAST),),
    ),
    Fault(
        "a code mapped elsewhere from October on",
        "share_as_usual",
        "forem",
        (
            "update seeds.crosswalk_labour_status set target_code = 'OTH' "
            "where operator = 'forem' and target_code = 'JSK'",
            "update landed.forem set categorie = 'TRA' "
            "where reference_quarter < '2019Q4' and categorie = 'DEI'",
        ),
    ),
    Fault(
        "a code is gone", "no_code_vanished", "vdab", without("vdab", f"{LAST} and soort = 'TAAL'")
    ),
    Fault(
        "a type is gone from one region",
        "training_type_present",
        "bruxelles_formation",
        without(
            "bruxelles_formation",
            "upper(type_formation) in (select source_code from "
            "seeds.crosswalk_training_type where operator = 'bruxelles_formation' "
            "and target_code = 'TRV_LAN')",
        ),
    ),
    Fault(
        "residences missing", "residence_known", "forem", (change("forem", "ins_commune", "null"),)
    ),
    Fault("ends missing", "few_records_vanish", "vdab", (change("vdab", "einddatum", "null"),)),
    Fault(
        "hours in minutes",
        "hours_per_participation_as_usual",
        "vdab",
        (change("vdab", "uren", comma("uren", 60), LAST),),
    ),
    Fault(
        "hours missing",
        "hours_per_participation_as_usual",
        "forem",
        (change("forem", "heures", "null", f"{LAST} or reference_quarter = '{BEFORE}'"),),
    ),
    Fault(
        "national numbers missing",
        "persons_identified_nationally",
        "adg",
        (f"update landed.adg set {NO_NUMBER}",),
    ),
    Fault(
        "one person for everybody",
        "records_per_participation_as_usual",
        "vdab",
        (f"update landed.vdab set national_key = 'k', client_key = 'c' where {LAST}",),
    ),
    Fault(
        "an operator is missing",
        "operator_delivered",
        "adg",
        (
            f"delete from landed.adg where {LAST}",
            f"delete from landed.delivery where {LAST} and operator = 'adg'",
        ),
    ),
    Fault(
        "rows lost after intake",
        "every_row_accounted_for",
        "forem",
        (f"delete from landed.forem where {LAST} and row_number = 7",),
    ),
    Fault(
        "a mapping stands twice",
        "mappings_do_not_overlap",
        "adg",
        (
            "insert into seeds.crosswalk_delivery_mode select * from "
            "seeds.crosswalk_delivery_mode where operator = 'adg' and source_code = 'PRA'",
        ),
    ),
)


@contextmanager
def clean_history(folder: Path, persons: int, seed: int) -> Iterator[Replay]:
    """Invented deliveries of eight quarters, taken in and built, ready for faults."""
    import os

    from synerstat.build import build_models
    from synerstat.intake import run_intake
    from synerstat.secret import SAMPLE_SECRET
    from synerstat.synthesise import synthesise

    warehouse, copy = folder / "warehouse", folder / "copy"
    copy.mkdir(parents=True)
    synthesise(
        folder / "deliveries",
        persons,
        "2018Q1",
        QUARTER,
        seed,
        contracts=ROOT / "contracts",
        seeds=ROOT / "seeds",
        progress=lambda _: None,
    )
    run_intake(folder / "deliveries", warehouse, ROOT / "contracts", SAMPLE_SECRET, lambda _: None)
    os.environ.setdefault("DO_NOT_TRACK", "1")
    build_models(ROOT, warehouse, QUARTER, command="seed")
    build_models(ROOT, warehouse, QUARTER, command="run", select="+quality_coherence_checks")
    replay = Replay(warehouse, copy)
    try:
        yield replay
    finally:
        replay.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    unexpected = 0
    for seed in range(1, options.seeds + 1):
        with (
            tempfile.TemporaryDirectory() as folder,
            clean_history(Path(folder), options.persons, seed) as replay,
        ):
            clean = set(replay.broken_after())
            unexpected += len(clean)
            sys.stdout.write(f"seed {seed}: {sorted(clean, key=str) or 'nothing fires'}\n")
            sys.stdout.flush()
            for fault in FAULTS if seed == 1 else ():
                found = replay.broken_after(*fault.statements)
                caught = any(
                    check == fault.check and whose == fault.operator for check, _, whose in found
                )
                new = sorted({check for check, *_ in found if check != fault.check})
                unexpected += not caught
                sys.stdout.write(
                    f"| {fault.name} | {fault.operator} | {fault.check} | "
                    f"{'caught' if caught else 'NOT CAUGHT'} | {', '.join(new)} |\n"
                )
                sys.stdout.flush()
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
