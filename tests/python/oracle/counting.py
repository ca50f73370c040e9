"""From judged rows to the seven marts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from math import floor
from pathlib import Path
from typing import Any

from .reading import (
    COLUMNS,
    MEANINGS,
    OPERATORS,
    Delivery,
    Refusal,
    Row,
    read_folder,
    read_replacement_rows,
)
from .rules import (
    ERRORS,
    Geography,
    Judged,
    Nomenclature,
    completed_years,
    follow_replacements,
    judge,
    quarter_first_day,
    quarter_last_day,
)

MARTS = {
    "mart_participants_by_training": (
        "training_area",
        "operator",
        "training_type",
        "delivery_mode",
    ),
    "mart_participants_by_profile": ("training_area", "sex", "age_group", "education_level"),
    "mart_participants_by_status": ("operator", "training_type", "labour_status", "sex"),
    "mart_interregional_mobility": ("residence_area", "operator"),
}
MEASURES = (
    "participants_present",
    "participants_entered",
    "participants_left",
    "participants_stock",
    "participations_present",
    "participations_entered",
    "participations_left",
    "training_hours",
)
HOME_AREAS = {"vdab": "BE2", "forem": "BE3X", "bruxelles_formation": "BE1", "adg": "BE336"}
FAR_FUTURE = date(9999, 12, 31)

# ('national', number) or ('operator', operator, client number)
PersonKey = tuple[str, ...]
Mart = dict[tuple[Any, ...], tuple[Any, ...]]


@dataclass
class OracleResult:
    """The seven marts as {key: measures}, and what was refused or left alone on the way."""

    marts: dict[str, Mart]
    refused: list[Refusal] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    # (operator, reference quarter, sequence, row number from 1) -> disposition
    dispositions: dict[tuple[str, str, int, int], str] = field(default_factory=dict)


@dataclass
class _Line:
    """One delivered row on its way to its disposition."""

    delivery: Delivery
    number_in_delivery: int
    row: Row | None
    replaced: bool
    copy: bool = False
    judged: Judged | None = None
    disposition: str = ""

    @property
    def quarter(self) -> str:
        return self.delivery.reference_quarter

    @property
    def record(self) -> tuple[str, str]:
        assert self.judged is not None
        return self.delivery.operator, self.judged.record_id


@dataclass
class _Record:
    """The current version of a record that stays in play."""

    line: _Line
    operator: str
    person: PersonKey
    start: date
    end: date | None
    judged: Judged


@dataclass
class _Participation:
    """One person in one programme without interruption."""

    person: PersonKey
    operator: str
    training_type: str
    start: date
    end: date | None
    records: list[_Record]

    def first_known(self, attribute: str) -> str:
        in_order = sorted(self.records, key=lambda r: (r.start, r.judged.record_id.encode()))
        for record in in_order:
            value: str = getattr(record.judged, attribute)
            if value != "_U":
                return value
        return "_U"


# --------------------------------------------------------------------------------------------
# entries


def count(
    deliveries: Path,
    quarter: str,
    geography: Geography,
    nomenclature: Nomenclature | Mapping[str, Path],
    coverage_start: date = date(2018, 1, 1),
    spell_gap_days: int = 30,
) -> OracleResult:
    """Count a folder of deliveries for a reference quarter such as ``2019Q4``.

    ``nomenclature`` may be the crosswalk file of each dimension.
    """
    read, refused, left_alone = read_folder(deliveries)
    result = count_rows(
        read,
        quarter,
        geography,
        nomenclature,
        read_replacement_rows(deliveries / "identifier_replacements.csv"),
        coverage_start,
        spell_gap_days,
    )
    result.refused = refused
    result.left_alone = left_alone
    return result


def count_rows(
    deliveries: Iterable[Delivery],
    quarter: str,
    geography: Geography,
    nomenclature: Nomenclature | Mapping[str, Path],
    replacements: Iterable[tuple[str, str]] = (),
    coverage_start: date = date(2018, 1, 1),
    spell_gap_days: int = 30,
) -> OracleResult:
    """Count deliveries that are already read; values a row doesn't have are missing ones."""
    if not isinstance(nomenclature, Nomenclature):
        nomenclature = Nomenclature.load(nomenclature)
    # only what had been delivered for the reference quarter or an earlier one
    used = [d for d in deliveries if d.reference_quarter <= quarter]
    lines = _lines(used)

    _mark_copies(lines)
    _judge_all(lines, geography, nomenclature, spell_gap_days)
    current = _find_current(lines)
    ends, closed = _close_by_absence(lines, current, used)
    persons = _Persons(lines, follow_replacements(replacements))

    records = [_record(line, ends[record], persons) for record, line in current.items()]
    counted_candidates = _give_dispositions(lines, records, current)
    participations = _participations(counted_candidates, spell_gap_days)
    for participation in participations:
        before = participation.end is not None and participation.end < coverage_start
        for record in participation.records:
            record.line.disposition = "before_coverage" if before else "counted"
    covered = [p for p in participations if p.end is None or p.end >= coverage_start]

    marts: dict[str, Mart] = {name: {} for name in MARTS}
    periods = list(_periods(coverage_start, quarter))
    for freq, name, first, last in periods:
        _count_period(marts, freq, name, first, last, covered)
    marts["mart_mirror_flows"] = _mirror(periods, records, marts["mart_interregional_mobility"])
    marts["mart_delivery_accounting"] = _accounting(lines)
    marts["mart_delivery_findings"] = _findings(lines, closed)
    return OracleResult(
        marts=marts,
        dispositions={
            (
                line.delivery.operator,
                line.quarter,
                line.delivery.sequence,
                line.number_in_delivery,
            ): line.disposition
            for line in lines
        },
    )


# --------------------------------------------------------------------------------------------
# rows, copies, rules


def _lines(deliveries: list[Delivery]) -> list[_Line]:
    highest: dict[tuple[str, str], int] = {}
    for d in deliveries:
        key = d.operator, d.reference_quarter
        highest[key] = max(d.sequence, highest.get(key, d.sequence))
    lines = []
    for d in deliveries:
        replaced = d.sequence < highest[d.operator, d.reference_quarter]
        for number, row in enumerate(d.rows, 1):
            if row is not None:
                columns = COLUMNS[d.operator]
                row = {
                    meaning: (row.get(meaning) or "").strip() if meaning in columns else ""
                    for meaning in MEANINGS
                }
            lines.append(_Line(d, number, row, replaced))
    return lines


def _mark_copies(lines: list[_Line]) -> None:
    """A copy has the record identifier and the content of an earlier row of its delivery."""
    seen: dict[int, set[tuple[str, ...]]] = {}
    for line in lines:
        if line.row is None or not line.row["record_id"]:
            continue
        content = _content(line.row)
        earlier = seen.setdefault(id(line.delivery), set())
        line.copy = content in earlier
        earlier.add(content)


def _content(row: Row) -> tuple[str, ...]:
    return tuple(row[meaning] for meaning in MEANINGS if meaning != "programme_name")


def _judge_all(
    lines: list[_Line], geography: Geography, nomenclature: Nomenclature, spell_gap_days: int
) -> None:
    distinct: dict[tuple[int, str], int] = {}
    for line in lines:
        if line.row is None:
            continue
        operator = line.delivery.operator
        line.judged = judge(
            line.row, operator, line.quarter, geography, nomenclature, spell_gap_days
        )
        if line.judged.record_id and not line.copy:
            key = id(line.delivery), line.judged.record_id
            distinct[key] = distinct.get(key, 0) + 1
    for line in lines:
        if line.judged is None or line.copy:
            continue
        if distinct.get((id(line.delivery), line.judged.record_id), 0) > 1:
            line.judged.rules.add("duplicate_record_id")


def _is_accepted(line: _Line) -> bool:
    return (
        not line.replaced
        and line.judged is not None
        and not line.copy
        and not any(rule in ERRORS for rule in line.judged.rules)
    )


def _find_current(lines: list[_Line]) -> dict[tuple[str, str], _Line]:
    """The version of each record that counts: the accepted one of the latest quarter."""
    current: dict[tuple[str, str], _Line] = {}
    for line in lines:
        if _is_accepted(line):
            other = current.get(line.record)
            if other is None or other.quarter < line.quarter:
                current[line.record] = line
    return current


def _close_by_absence(
    lines: list[_Line], current: dict[tuple[str, str], _Line], deliveries: list[Delivery]
) -> tuple[dict[tuple[str, str], date | None], list[_Line]]:
    """The end of each current record, and the versions that absence closed."""
    last_held: dict[tuple[str, str], str] = {}
    for line in lines:
        if line.judged is not None and not line.replaced:
            last_held[line.record] = max(line.quarter, last_held.get(line.record, ""))
    last_delivered: dict[str, str] = {}
    for d in deliveries:
        last_delivered[d.operator] = max(d.reference_quarter, last_delivered.get(d.operator, ""))
    ends: dict[tuple[str, str], date | None] = {}
    closed = []
    for record, line in current.items():
        assert line.judged is not None
        end = line.judged.end
        held = last_held[record]
        gone = last_delivered[line.delivery.operator] > held
        if gone and (end is None or end > quarter_last_day(held)):
            end = quarter_last_day(held)
            closed.append(line)
        ends[record] = end
    return ends, closed


# --------------------------------------------------------------------------------------------
# persons


class _Persons:
    """Who a row is about."""

    def __init__(self, lines: list[_Line], replacements: dict[str, str]) -> None:
        self._replacements = replacements
        self._beside_client: dict[tuple[str, str], set[str]] = {}
        for line in lines:
            judged = line.judged
            if judged is None or line.replaced or not judged.client_number:
                continue
            if judged.number is not None:
                key = line.delivery.operator, judged.client_number
                self._beside_client.setdefault(key, set()).add(self._replaced(judged.number.digits))

    def _replaced(self, digits: str) -> str:
        return self._replacements.get(digits, digits)

    def key(self, operator: str, judged: Judged) -> PersonKey:
        if judged.number is not None:
            return "national", self._replaced(judged.number.digits)
        beside = self._beside_client.get((operator, judged.client_number), set())
        if len(beside) == 1:
            return "national", min(beside)
        return "operator", operator, judged.client_number


def _record(line: _Line, end: date | None, persons: _Persons) -> _Record:
    assert line.judged is not None
    assert line.judged.start is not None
    operator = line.delivery.operator
    person = persons.key(operator, line.judged)
    return _Record(line, operator, person, line.judged.start, end, line.judged)


# --------------------------------------------------------------------------------------------
# dispositions, participations


def _give_dispositions(
    lines: list[_Line], records: list[_Record], current: dict[tuple[str, str], _Line]
) -> list[_Record]:
    """Give every row its disposition but those that need participations; return these."""
    for line in lines:
        if line.judged is None:
            line.disposition = "unreadable"
        elif line.replaced:
            line.disposition = "superseded"
        elif line.copy:
            line.disposition = "duplicate"
        elif any(rule in ERRORS for rule in line.judged.rules):
            line.disposition = "rejected"
        elif current[line.record] is not line:
            line.disposition = "superseded"
    candidates = []
    for record in records:
        judged = record.judged
        if judged.cancelled:
            record.line.disposition = "cancelled"
        elif judged.organiser not in OPERATORS:
            record.line.disposition = "not_member"
        elif judged.organiser != record.operator:
            record.line.disposition = "mirror"
        elif judged.training_type == "_X":
            record.line.disposition = "out_of_scope"
        else:
            candidates.append(record)
    return candidates


def _participations(records: list[_Record], spell_gap_days: int) -> list[_Participation]:
    groups: dict[tuple[PersonKey, str, str, str], list[_Record]] = {}
    for record in records:
        judged = record.judged
        key = record.person, record.operator, judged.training_type, judged.programme_code
        groups.setdefault(key, []).append(record)
    participations = []
    for (person, operator, training_type, _), members in groups.items():
        now: _Participation | None = None
        for record in sorted(members, key=lambda r: r.start):
            if now is not None and (
                now.end is None or record.start <= now.end + timedelta(days=spell_gap_days + 1)
            ):
                now.records.append(record)
                if now.end is not None:
                    now.end = None if record.end is None else max(now.end, record.end)
            else:
                now = _Participation(
                    person, operator, training_type, record.start, record.end, [record]
                )
                participations.append(now)
    return participations


# --------------------------------------------------------------------------------------------
# periods and cells


def _periods(coverage_start: date, quarter: str) -> Iterator[tuple[str, str, date, date]]:
    for year in range(coverage_start.year, int(quarter[:4]) + 1):
        for number in (1, 2, 3, 4):
            name = f"{year}Q{number}"
            if name <= quarter and quarter_last_day(name) >= coverage_start:
                yield (
                    "Q",
                    f"{year}-Q{number}",
                    quarter_first_day(name),
                    quarter_last_day(name),
                )
        if f"{year}Q4" <= quarter:
            yield "A", str(year), date(year, 1, 1), date(year, 12, 31)


def _age_group(birth: date | None, day: date) -> str:
    if birth is None:
        return "_U"
    age = completed_years(birth, day)
    for below, group in ((25, "Y_LT25"), (30, "Y25T29"), (40, "Y30T39"), (50, "Y40T49")):
        if age < below:
            return group
    return "Y50T54" if age < 55 else "Y_GE55"


def _profile(records: list[_Record], last: date) -> dict[str, str]:
    """The person attributes of a period from the records of the participations present."""

    def order(record: _Record) -> tuple[int, int, str, bytes]:
        end = record.end or FAR_FUTURE
        is_open = record.end is None
        return (
            -record.start.toordinal(),
            -end.toordinal() - is_open,  # open first, even before the last day of the calendar
            record.operator,
            record.judged.record_id.encode(),
        )

    in_order = sorted((r for r in records if r.start <= last), key=order)

    def first_known(values: Iterable[str]) -> str:
        return next((value for value in values if value != "_U"), "_U")

    return {
        "sex": first_known(r.judged.sex for r in in_order),
        "age_group": first_known(_age_group(r.judged.birth_date, last) for r in in_order),
        "education_level": first_known(r.judged.education_level for r in in_order),
        "residence_area": first_known(r.judged.residence_area for r in in_order),
    }


def _hours(participation: _Participation, first: date, last: date) -> Fraction:
    """Hours of the participation's records that fall into a period."""
    total = Fraction(0)
    for record in participation.records:
        until = quarter_last_day(record.line.quarter)
        if record.end is not None and record.end < until:
            until = record.end
        days = (until - record.start).days + 1
        days_inside = (min(until, last) - max(record.start, first)).days + 1
        if days_inside > 0:
            total += record.judged.hours * days_inside / days
    return total


@dataclass
class _Cell:
    """What is counted in one cell."""

    persons: dict[str, set[PersonKey]] = field(
        default_factory=lambda: {what: set() for what in ("present", "in", "out", "stock")}
    )
    participations: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("present", "in", "out", "stock"), 0)
    )
    hours: Fraction = Fraction(0)

    def measures(self) -> tuple[int, ...]:
        return (
            len(self.persons["present"]),
            len(self.persons["in"]),
            len(self.persons["out"]),
            len(self.persons["stock"]),
            self.participations["present"],
            self.participations["in"],
            self.participations["out"],
            floor(self.hours + Fraction(1, 2)),
        )


def _count_period(
    marts: dict[str, Mart],
    freq: str,
    name: str,
    first: date,
    last: date,
    participations: list[_Participation],
) -> None:
    present = [p for p in participations if p.start <= last and (p.end is None or p.end >= first)]
    records_of: dict[PersonKey, list[_Record]] = {}
    for p in present:
        records_of.setdefault(p.person, []).extend(p.records)
    profiles = {person: _profile(records, last) for person, records in records_of.items()}

    cells: dict[str, dict[tuple[str, ...], _Cell]] = {mart: {} for mart in MARTS}
    for p in present:
        whats = ["present"]
        if first <= p.start <= last:
            whats.append("in")
        if p.end is not None and first <= p.end <= last:
            whats.append("out")
        if p.end is None or p.end >= last:
            whats.append("stock")
        hours = _hours(p, first, last)
        values = {
            "operator": p.operator,
            "training_type": p.training_type,
            "delivery_mode": p.first_known("delivery_mode"),
            "training_area": p.first_known("training_area"),
            "labour_status": p.first_known("labour_status"),
            **profiles[p.person],
        }
        for mart, dimensions in MARTS.items():
            if mart == "mart_interregional_mobility" and values["labour_status"] != "JSK":
                continue
            for key in product(*[(values[dimension], "_T") for dimension in dimensions]):
                cell = cells[mart].setdefault(key, _Cell())
                for what in whats:
                    cell.persons[what].add(p.person)
                    cell.participations[what] += 1
                cell.hours += hours
    for mart in MARTS:
        for key, cell in cells[mart].items():
            marts[mart][freq, name, *key] = cell.measures()


def _mirror(
    periods: list[tuple[str, str, date, date]], records: list[_Record], mobility: Mart
) -> Mart:
    mart: Mart = {}
    for freq, name, first, last in periods:
        for home in OPERATORS:
            for host in OPERATORS:
                if home == host:
                    continue
                persons = {
                    record.person
                    for record in records
                    if record.line.disposition == "mirror"
                    and record.operator == home
                    and record.judged.organiser == host
                    and record.judged.training_type != "_X"
                    and record.judged.labour_status == "JSK"
                    and record.judged.residence_area == HOME_AREAS[home]
                    and record.start <= last
                    and (record.end is None or record.end >= first)
                }
                by_home = len(persons)
                by_host = mobility.get((freq, name, HOME_AREAS[home], host), (0,))[0]
                both = by_home + by_host
                asymmetry = (by_home - by_host) / (both / 2) if both else None
                mart[freq, name, home, host] = (by_home, by_host, asymmetry)
    return mart


# --------------------------------------------------------------------------------------------
# accounting, findings


def _accounting(lines: list[_Line]) -> Mart:
    mart: Mart = {}
    for line in lines:
        d = line.delivery
        assert line.disposition
        key = d.operator, d.reference_quarter, d.sequence, line.disposition
        mart[key] = (mart.get(key, (0,))[0] + 1,)
    return mart


def _findings(lines: list[_Line], closed: list[_Line]) -> Mart:
    mart: Mart = {}

    def add(line: _Line, rule: str) -> None:
        d = line.delivery
        severity = "error" if rule in ERRORS else "warning"
        key = d.operator, d.reference_quarter, d.sequence, rule, severity
        mart[key] = (mart.get(key, (0,))[0] + 1,)

    for line in lines:
        if line.judged is not None and not line.copy:
            for rule in line.judged.rules:
                add(line, rule)
    for line in closed:
        add(line, "closed_by_absence")
    return mart
