"""From true records to what an operator delivers for a quarter, as known at that time and with its
dirt.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synerstat.contracts import DeliveryContract
from synerstat.synthesise.arrays import Bools, Floats, Ints, Texts, random_stream
from synerstat.synthesise.dirt import Dirt
from synerstat.synthesise.participations import (
    MODES,
    STATUSES,
    TRAINING_TYPES,
    Participations,
    Records,
)
from synerstat.synthesise.periods import Quarter
from synerstat.synthesise.persons import EDUCATION_LEVELS, UNKNOWN, Persons, check_digits
from synerstat.synthesise.profiles import OUT_OF_SCOPE, OperatorProfile, Unit
from synerstat.synthesise.reference import CodeTable, Geography
from synerstat.synthesise.texts import (
    NO_DAY,
    day_texts,
    look_up,
    number_texts,
    overwrite,
    padded_texts,
    texts,
)
from synerstat.synthesise.vocabulary import programme_name

DAYS_UNTIL_EXTRACTION = 20
DAYS_BEFORE_FIRST_QUARTER = 31

UNDECODABLE = "\ue000"
"""Stands for a byte that is no character; the writer puts the byte in its place."""

FOREIGN_COUNTRIES = ("109", "111", "129", "150", "00104", "00129")
FOREIGN_POST_CODES = ("D-52062", "D-52066", "D-54595", "L-9990", "NL-6291", "F-57000")
UNKNOWN_PLACES = ("99999", "98765", "21099", "inconnu", "?", "63999")
UNMAPPED_CODES = ("ZZ", "?", "99", "N/A", "XX1", "OUD")
WRONG_HOURS = ("-8", "n/a", "7:36", "1.234,5", "12,5u", "--")
CODES = ("sex", "education_level", "labour_status", "delivery_mode", "training_type", "organiser")

KIND_NUMBER = {kind: number for number, kind in enumerate(Dirt.kinds())}


@dataclass
class Table:
    """Rows of one delivery: per meaning its text; beside it the typed days and hours while they
    agree with the text.

    `edited` are the rows whose text of that meaning no longer agrees with the typed value.
    """

    columns: dict[str, Texts]
    days: dict[str, Ints]
    hours: Ints
    is_protected: Bools
    unreadable: Ints
    edited: dict[str, Bools] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.hours)

    def take(self, rows: Ints) -> "Table":
        """The chosen rows, in the order chosen."""
        index = pa.array(rows)
        return Table(
            columns={name: pc.take(values, index) for name, values in self.columns.items()},
            days={name: values[rows] for name, values in self.days.items()},
            hours=self.hours[rows],
            is_protected=self.is_protected[rows],
            unreadable=self.unreadable[rows],
            edited={name: values[rows] for name, values in self.edited.items()},
        )

    def write(self, meaning: str, rows: Bools, values: Texts) -> None:
        """Put other text into the chosen rows. Without effect where the operator has no such
        column.
        """
        if meaning in self.columns and rows.any():
            self.columns[meaning] = overwrite(self.columns[meaning], rows, values)
            before = self.edited.get(meaning, np.zeros(len(self), np.bool_))
            self.edited[meaning] = before | rows

    def clear(self, meaning: str, rows: Bools) -> None:
        """Leave the value out in the chosen rows."""
        self.write(meaning, rows, pa.nulls(int(rows.sum()), pa.string()))


@dataclass(frozen=True)
class Operator:
    """What an operator knows: its contract, its codes, its records with their fixed columns as
    text.

    `first_quarter` and `last_quarter` are the indices of the quarters whose deliveries hold a
    record.
    """

    number: int
    contract: DeliveryContract
    profile: OperatorProfile
    participations: Participations
    records: Records
    columns: Mapping[str, Texts]
    birth: Ints
    first_quarter: Ints
    last_quarter: Ints
    is_corrected: Bools
    is_cancelled: Bools


class OperatorRecords:
    """Makes an `Operator` of its participations and records."""

    def __init__(
        self,
        *,
        number: int,
        contract: DeliveryContract,
        profile: OperatorProfile,
        code_tables: Mapping[str, CodeTable],
        operators: tuple[str, ...],
        geography: Geography,
        persons: Persons,
        seed: int,
    ) -> None:
        self.number = number
        self.contract = contract
        self.profile = profile
        self.code_tables = code_tables
        self.operators = operators
        self.geography = geography
        self.persons = persons
        self.seed = seed

    def prepare(
        self,
        participations: Participations,
        records: Records,
        quarters: tuple[Quarter, ...],
        dirt: Dirt,
        counts: Counter[str],
    ) -> Operator:
        """Choose the records that get delivered, when, and write their fixed columns as text."""
        type_code, has_code = self._training_type_codes(participations, records)
        first_day = quarters[0].first_day - DAYS_BEFORE_FIRST_QUARTER
        delivered = has_code & (records.start <= quarters[-1].last_day) & (records.end >= first_day)
        kept = np.flatnonzero(delivered)
        # identifiers grow with time
        kept = kept[np.argsort(records.start[kept], kind="stable")]
        records, type_code = records.take(kept), type_code[kept]

        starts = np.array([q.first_day for q in quarters])
        first = np.maximum(np.searchsorted(starts, records.start, side="right") - 1, 0)
        last = np.clip(np.searchsorted(starts, records.end, side="right") - 1, 0, len(quarters) - 1)

        def happens(kind: str, allowed: Bools) -> Bools:
            random = random_stream(self.seed, 5, self.number, KIND_NUMBER[kind])
            found: Bools = (random.random(len(records)) < getattr(dirt, kind)) & allowed
            counts[kind] += int(found.sum())
            return found

        is_free = ~participations.is_calibrated[records.participation]
        late = happens("late_records", first + 1 < len(quarters))
        last = np.where(late & (last == first), first + 1, last)
        first = np.where(late, first + 1, first)
        corrected = happens("corrections", ~late & is_free & (last + 1 < len(quarters)))
        last = np.where(corrected, last + 1, last)
        vanished = happens("vanished_records", ~late & ~corrected & is_free & (last > first))
        last = np.where(vanished, first, last)
        cancelled = happens("cancelled_records", is_free)
        return Operator(
            number=self.number,
            contract=self.contract,
            profile=self.profile,
            participations=participations,
            records=records,
            columns=self._fixed_columns(participations, records, type_code),
            birth=self.persons.birth[participations.person[records.participation]],
            first_quarter=first,
            last_quarter=last,
            is_corrected=corrected,
            is_cancelled=cancelled,
        )

    def _training_type_codes(
        self, participations: Participations, records: Records
    ) -> tuple[Ints, Bools]:
        table = self.code_tables["training_type"]
        codes = np.full(len(records), UNKNOWN, np.int64)
        kind = participations.training_type[records.participation]
        chance = participations.chance[records.participation]
        for index, name in enumerate(TRAINING_TYPES):
            of_type = kind == index
            codes[of_type] = table.pick(name, records.start[of_type], chance[of_type])
        return codes, codes != UNKNOWN

    def _fixed_columns(
        self, participations: Participations, records: Records, type_code: Ints
    ) -> dict[str, Texts]:
        of = records.participation
        person = participations.person[of]
        chance = participations.chance[of]
        language = self.contract.language
        contract_number = _number_in_order(of) + 1
        programme = participations.programme[of]
        kind = participations.training_type[of]
        programmes = np.unique(np.stack([kind, programme]), axis=1)
        programme_index = np.searchsorted(
            programmes[0] * 1000 + programmes[1], kind * 1000 + programme
        )
        codes_of_types = [_short_name(name) for name in TRAINING_TYPES]
        later = records.part > 0
        status = np.where(later, participations.later_status[of], participations.labour_status[of])
        sex = np.where(
            self.persons.other_sex[person], 2, self.persons.is_female[person].astype(np.int64)
        )
        day_format = self.contract.strptime_format
        columns = {
            "record_id": padded_texts(
                np.arange(1, len(records) + 1), 8, self.profile.record_prefix
            ),
            "client_number": padded_texts(
                _number_in_order(person) + 1, 7, self.profile.client_prefix
            ),
            "sex": self._codes("sex", ("M", "F", "_O"), sex, records.start, chance),
            "birth_date": day_texts(self.persons.birth[person], day_format),
            "residence": self._places(self.persons.residence(person, records.start), records.start),
            "education_level": self._codes(
                "education_level",
                EDUCATION_LEVELS,
                self.persons.education[person],
                records.start,
                # the same diploma whatever the participation
                np.asarray((person * 0.6180339887) % 1.0, np.float64),
            ),
            "labour_status": self._codes("labour_status", STATUSES, status, records.start, chance),
            "programme_code": look_up(
                texts(
                    [
                        f"{codes_of_types[k]}{n:03d}"
                        for k, n in zip(*programmes.tolist(), strict=True)
                    ]
                ),
                programme_index,
            ),
            "programme_name": look_up(
                texts(
                    [
                        programme_name(language, TRAINING_TYPES[k], n)
                        for k, n in zip(*programmes.tolist(), strict=True)
                    ]
                ),
                programme_index,
            ),
            "training_type": look_up(texts(self.code_tables["training_type"].codes), type_code),
            "delivery_mode": self._codes(
                "delivery_mode", MODES, participations.delivery_mode[of], records.start, chance
            ),
            "organiser": self._organisers(participations, records),
            "training_place": self._places(participations.place[of], records.start),
            "start_date": day_texts(records.start, day_format),
            "": (
                padded_texts(records.part + 1, 1, "M")
                if self.profile.unit is Unit.MODULE
                else padded_texts(contract_number, 8, "N")
            ),
        }
        return columns

    def _codes(
        self, dimension: str, targets: tuple[str, ...], index: Ints, days: Ints, chance: Floats
    ) -> Texts:
        """The operator's own codes for harmonised ones; missing where unknown, or where it has
        none.
        """
        table = self.code_tables[dimension]
        codes = np.full(len(index), UNKNOWN, np.int64)
        for number, target in enumerate(targets):
            rows = index == number
            codes[rows] = table.pick(target, days[rows], chance[rows])
        return look_up(texts(table.codes), codes)

    def _organisers(self, participations: Participations, records: Records) -> Texts:
        of = records.participation
        organiser, chance = participations.organiser[of], participations.chance[of]
        named = self._codes("organiser", self.operators, organiser, records.start, chance)
        others = self._codes(
            "organiser",
            (OUT_OF_SCOPE,),
            np.where(organiser == UNKNOWN, 0, 1),
            records.start,
            chance,
        )
        codes = pc.coalesce(named, others)
        own = organiser == participations.operator[of]
        silent = own & ((chance * 17.3) % 1.0 < self.profile.leaves_own_name_out)
        return overwrite(codes, silent, pa.nulls(int(silent.sum()), pa.string()))

    def _places(self, place: Ints, days: Ints) -> Texts:
        periods = (
            self.geography.post_code_texts()
            if self.profile.places_are_post_codes
            else self.geography.refnis_texts()
        )
        period = np.searchsorted(np.array([start for start, _ in periods]), days, side="right") - 1
        codes = texts([code for _, codes in periods for code in codes])
        return look_up(codes, period * len(self.geography.codes) + place)


class DeliveryMaker:
    """Makes the tables of one operator's deliveries, quarter by quarter."""

    def __init__(
        self,
        operator: Operator,
        code_tables: Mapping[str, CodeTable],
        persons: Persons,
        quarters: tuple[Quarter, ...],
        dirt: Dirt,
        seed: int,
        counts: Counter[str],
    ) -> None:
        self.operator = operator
        self.code_tables = code_tables
        self.persons = persons
        self.quarters = quarters
        self.dirt = dirt
        self.seed = seed
        self.counts = counts

    def make(self, index: int, may_be_unreadable: bool) -> Table:
        """The rows that the operator delivers for the quarter of that index."""
        operator, quarter = self.operator, self.quarters[index]
        rows = np.flatnonzero((operator.first_quarter <= index) & (operator.last_quarter >= index))
        rows = np.concatenate([rows, self._too_early(index, len(rows))])
        table = self._as_known(rows, index, quarter)
        for soil in (self._soil_persons, self._soil_codes, self._soil_dates, self._soil_text):
            soil(table, index)
        table = self._repeat(table, index)
        if may_be_unreadable:
            spoilt = self._strike("unreadable_rows", table, index)
            # each one another way of being unreadable, beginning with another one in each delivery
            table.unreadable = np.where(spoilt, index + self.operator.number + spoilt.cumsum(), 0)
        return table

    def _random(self, kind: str, index: int) -> np.random.Generator:
        # a stream of its own: switching one kind on or off leaves the others as they were
        return random_stream(self.seed, 6, self.operator.number, index, KIND_NUMBER[kind])

    def _strike(self, kind: str, table: Table, index: int, allowed: Bools | None = None) -> Bools:
        """Choose the rows that one kind of dirt strikes, and count them."""
        struck: Bools = self._random(kind, index).random(len(table)) < getattr(self.dirt, kind)
        struck &= ~table.is_protected
        if allowed is not None:
            struck &= allowed
        self.counts[kind] += int(struck.sum())
        return struck

    def _too_early(self, index: int, size: int) -> Ints:
        """Records of the weeks after the quarter that slip into its delivery."""
        last_day = self.quarters[index].last_day
        start = self.operator.records.start
        of = self.operator.records.participation
        coming = np.flatnonzero(
            (start > last_day)
            & (start <= last_day + DAYS_UNTIL_EXTRACTION)
            & (self.operator.first_quarter > index)
            & ~self.operator.participations.is_calibrated[of]
        )
        if not len(coming):
            return coming
        rate = min(1.0, self.dirt.start_after_quarter * size / len(coming))
        chosen = self._random("start_after_quarter", index).random(len(coming)) < rate
        self.counts["start_after_quarter"] += int(chosen.sum())
        return coming[chosen]

    def _as_known(self, rows: Ints, index: int, quarter: Quarter) -> Table:
        """The records as known three weeks after the quarter: open where they still ran then."""
        operator, contract = self.operator, self.operator.contract
        records, participations = operator.records, operator.participations
        of = records.participation[rows]
        start, end = records.start[rows], records.end[rows]
        extraction = quarter.last_day + DAYS_UNTIL_EXTRACTION

        wrong = operator.is_corrected[rows] & (operator.last_quarter[rows] == index + 1)
        error = 3 + (participations.chance[of] * 1000).astype(np.int64) % 15
        end = np.where(
            wrong, np.where(of % 2 == 0, end + error, np.maximum(end - error, start)), end
        )
        known_end = np.where(end <= extraction, end, NO_DAY)
        plan = records.planned_end[rows]
        plan = np.where(
            (known_end == NO_DAY) & (plan <= quarter.last_day), quarter.last_day + 30, plan
        )
        plan = np.where(rows % 37 == 0, NO_DAY, plan)

        done = np.maximum(np.minimum(end, quarter.last_day) - start + 1, 0)
        hours = np.rint(participations.hours_per_day[of] * done * 100).astype(np.int64)
        hours = np.where(participations.has_hours[of], hours, -1)

        cancelled = operator.is_cancelled[rows] & (
            (operator.last_quarter[rows] == index) | (rows % 2 == 0)
        )
        person = participations.person[of]
        extraction_days = np.full(len(rows), extraction)
        number = self.persons.national_number(person, extraction_days)

        picked = pa.array(rows)
        columns = {name: pc.take(values, picked) for name, values in operator.columns.items()}
        columns["national_number"] = padded_texts(np.where(number > 0, number, -1), 11)
        columns["end_date"] = day_texts(known_end, contract.strptime_format)
        columns["planned_end_date"] = day_texts(plan, contract.strptime_format)
        columns["hours"] = number_texts(hours, contract.decimal_sign)
        marks = [value for c in contract.columns for value in c.cancelled_values]
        columns["cancelled"] = look_up(
            texts(marks or [""]), np.where(cancelled, 0, UNKNOWN).astype(np.int64)
        )
        meanings = {c.meaning or "" for c in contract.columns}
        return Table(
            columns={name: values for name, values in columns.items() if name in meanings},
            days={
                "birth_date": operator.birth[rows],
                "start_date": start,
                "end_date": known_end,
                "planned_end_date": plan,
            },
            hours=hours,
            is_protected=participations.is_calibrated[of],
            unreadable=np.zeros(len(rows), np.int64),
        )

    def _soil_persons(self, table: Table, index: int) -> None:
        has_number = ~_is_missing(table.columns["national_number"])

        mistyped = self._strike("invalid_national_numbers", table, index, has_number)
        random = self._random("invalid_national_numbers", index)
        table.write(
            "national_number",
            mistyped,
            _mistype(table.columns["national_number"].filter(pa.array(mistyped)), random),
        )
        table.clear(
            "national_number", self._strike("missing_national_numbers", table, index, has_number)
        )
        table.clear(
            "client_number",
            self._strike("missing_client_numbers", table, index, has_number & ~mistyped),
        )
        nobody = self._strike("missing_persons", table, index)
        table.clear("national_number", nobody)
        table.clear("client_number", nobody)
        table.clear("record_id", self._strike("missing_record_ids", table, index))

        for kind, values in (
            ("unknown_residence", UNKNOWN_PLACES),
            (
                "foreign_residence",
                FOREIGN_POST_CODES
                if self.operator.profile.places_are_post_codes
                else FOREIGN_COUNTRIES,
            ),
        ):
            self._write_any(table, "residence", kind, index, values)

    def _soil_codes(self, table: Table, index: int) -> None:
        start = table.days["start_date"]
        for dimension in CODES:
            kind = f"unmapped_{dimension}"
            struck = self._strike(kind, table, index)
            random = self._random(kind, index).random(int(struck.sum()))
            replacements = look_up(texts(UNMAPPED_CODES), _any_of(UNMAPPED_CODES, random))
            codes = self.code_tables[dimension]
            if dimension != "organiser":
                # rather a code of another time than one that nobody ever used
                dated = codes.out_of_validity(start[struck], random)
                replacements = pc.coalesce(look_up(texts(codes.codes), dated), replacements)
            table.write(dimension, struck, replacements)
        table.clear("training_type", self._strike("missing_training_types", table, index))
        table.clear("programme_code", self._strike("missing_programme_codes", table, index))
        self._write_any(table, "training_place", "unknown_training_place", index, UNKNOWN_PLACES)
        self._write_any(table, "hours", "invalid_hours", index, WRONG_HOURS)

    def _soil_dates(self, table: Table, index: int) -> None:
        day_format = self.operator.contract.strptime_format
        no_dates = _no_dates(day_format)
        closed = (table.days["end_date"] != NO_DAY) & (
            table.days["start_date"] <= self.quarters[index].last_day
        )
        reversed_dates = self._strike("end_before_start", table, index, closed)
        backwards = table.days["start_date"][reversed_dates] - 1 - index % 9
        table.write("end_date", reversed_dates, day_texts(backwards, day_format))

        struck = self._strike("invalid_dates", table, index)
        random = self._random("invalid_dates", index).random(len(table))
        for meaning, chosen in (
            ("start_date", struck & (random < 0.5)),
            ("end_date", struck & (random >= 0.5)),
        ):
            table.write(meaning, chosen, look_up(no_dates, _any_of(no_dates, random[chosen])))
        table.clear("start_date", self._strike("missing_starts", table, index))

        struck = self._strike("implausible_birth_dates", table, index)
        random = self._random("implausible_birth_dates", index).random(int(struck.sum()))
        children = day_texts(table.days["start_date"][struck] - 1500, day_format)
        elders = day_texts(np.full(len(random), -25_000), day_format)
        wrong = look_up(no_dates, _any_of(no_dates, random))
        wrong = pc.if_else(pa.array(random < 0.4), children, wrong)
        table.write("birth_date", struck, pc.if_else(pa.array(random > 0.7), elders, wrong))

        struck = self._strike("birth_date_mismatches", table, index)
        other_day = table.days["birth_date"][struck] + 1 + index % 27
        table.write("birth_date", struck, day_texts(other_day, day_format))

    def _soil_text(self, table: Table, index: int) -> None:
        struck = self._strike("sloppy_text", table, index)
        random = self._random("sloppy_text", index).random(len(table))
        in_lower_case, dotted = struck & (random < 0.4), struck & (random > 0.75)
        padded = struck & ~in_lower_case & ~dotted
        for meaning in (*CODES, "programme_code"):
            if meaning in table.columns:
                values = table.columns[meaning].filter(pa.array(in_lower_case))
                table.write(meaning, in_lower_case, pc.utf8_lower(values))
                values = table.columns[meaning].filter(pa.array(padded))
                table.write(meaning, padded, pc.binary_join_element_wise(" ", values, " ", ""))
        numbers = table.columns["national_number"].filter(pa.array(dotted))
        with_separators = pc.replace_substring_regex(
            numbers, r"^(\d\d)(\d\d)(\d\d)(\d\d\d)(\d\d)$", r"\1.\2.\3-\4.\5"
        )
        table.write("national_number", dotted, with_separators)

    def _repeat(self, table: Table, index: int) -> Table:
        """Rows that stand twice: equal copies, and other content under the same identifier."""
        has_id = ~_is_missing(table.columns["record_id"])
        copied = np.flatnonzero(self._strike("duplicates", table, index, has_id))
        clashing = np.flatnonzero(self._strike("conflicting_identifiers", table, index, has_id))
        if not len(copied) + len(clashing):
            return table
        size = len(table)
        order = np.concatenate([np.arange(size), copied, clashing])
        repeated = table.take(order)
        is_clash = np.arange(len(order)) >= size + len(copied)
        # another place of training: two persons at two desks typed the same number
        table_of_other = np.roll(np.arange(len(clashing)), 1)
        if is_clash.any():
            hours = number_texts(
                repeated.hours[is_clash][table_of_other].clip(0) + 825,
                self.operator.contract.decimal_sign,
            )
            repeated.write("hours", is_clash, hours)
            repeated.days["start_date"][is_clash] -= 1
            repeated.write(
                "start_date",
                is_clash,
                day_texts(
                    repeated.days["start_date"][is_clash], self.operator.contract.strptime_format
                ),
            )
        random = self._random("duplicates", index)
        later = order[size:] + 1 + (random.random(len(order) - size) * size / 4).astype(np.int64)
        return repeated.take(np.argsort(np.concatenate([np.arange(size), later]), kind="stable"))

    def _write_any(
        self, table: Table, meaning: str, kind: str, index: int, values: tuple[str, ...]
    ) -> None:
        struck = self._strike(kind, table, index)
        random = self._random(kind, index).random(int(struck.sum()))
        table.write(meaning, struck, look_up(texts(values), _any_of(values, random)))


def forerunner(table: Table, seed: int, operator: int, index: int) -> Table:
    """What was delivered first and then replaced: some rows were missing, some hours not yet
    entered.
    """
    random = random_stream(seed, 7, operator, index)
    first = table.take(np.flatnonzero(random.random(len(table)) < 0.94))
    first.clear("hours", random.random(len(first)) < 0.05)
    return first


def _any_of(values: tuple[str, ...] | Texts, chance: Floats) -> Ints:
    return (((chance * 977.0) % 1.0) * len(values)).astype(np.int64)


def _is_missing(values: Texts) -> Bools:
    return np.asarray(pc.is_null(values).to_numpy(zero_copy_only=False), np.bool_)


def _no_dates(day_format: str) -> Texts:
    """Texts that look like dates, but are none in this format."""
    patterns = (
        ("31", "02", "2019"),
        ("00", "00", "0000"),
        ("12", "13", "2018"),
        ("1", "9", "2018"),
    )
    written = [
        day_format.replace("%d", d).replace("%m", m).replace("%Y", y) for d, m, y in patterns
    ]
    return texts([*written, "20190115", "?"])


def _mistype(numbers: Texts, random: np.random.Generator) -> Texts:
    """Valid numbers made invalid: a wrong check, a digit lost, a letter for a digit."""
    value = np.asarray(pc.cast(numbers, pa.int64()).to_numpy(zero_copy_only=False), np.int64)
    first_nine = value // 100
    checks = [check_digits(first_nine, np.full(len(value), c)) for c in (False, True)]
    check = value % 100 % 97 + 1
    while (clash := (check == checks[0]) | (check == checks[1])).any():
        check = np.where(clash, check % 97 + 1, check)
    wrong = padded_texts(first_nine * 100 + check, 11)
    chance = random.random(len(value))
    shorter = pc.utf8_slice_codeunits(numbers, 0, 10)
    with_letter = pc.binary_join_element_wise(pc.utf8_slice_codeunits(numbers, 0, 8), "O", "")
    mistyped = pc.if_else(pa.array(chance < 0.2), shorter, wrong)
    return pc.if_else(pa.array(chance > 0.9), with_letter, mistyped)


def _number_in_order(values: Ints) -> Ints:
    """Numbers 0, 1, 2, ... for distinct values, in the order in which they come up."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.asarray(rank[inverse], np.int64)


def _short_name(training_type: str) -> str:
    return training_type.replace("TRV_", "").replace(OUT_OF_SCOPE, "DIV")[:3]
