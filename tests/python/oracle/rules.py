"""One delivered row: what its values mean and which quality rules it breaks."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from .reading import DIALECTS, Row

ERRORS = (
    "missing_record_id",
    "duplicate_record_id",
    "invalid_date",
    "missing_start",
    "end_before_start",
    "start_after_quarter",
    "missing_person",
    "missing_training_type",
    "unmapped_training_type",
    "unmapped_organiser",
)
WARNINGS = (
    "missing_national_number",
    "invalid_national_number",
    "birth_date_mismatch",
    "implausible_birth_date",
    "unmapped_sex",
    "unmapped_education_level",
    "unmapped_labour_status",
    "unmapped_delivery_mode",
    "unknown_residence",
    "unknown_training_place",
    "invalid_hours",
    "missing_programme_code",
    "inactive_in_quarter",
    "closed_by_absence",
)
MODE_NOT_APPLICABLE = ("INT", "TRY", "IWT")


@dataclass(frozen=True)
class Geography:
    """Area of each REFNIS code and of each post code of the lists."""

    by_refnis: Mapping[str, str]
    by_post_code: Mapping[str, str]


class Nomenclature:
    """Operator codes and what they map to, each mapping with its validity."""

    def __init__(self) -> None:
        """Start empty; see ``load`` and ``add``."""
        self._mappings: dict[tuple[str, str, str], list[tuple[str, date | None, date | None]]] = {}

    @classmethod
    def load(cls, paths: Mapping[str, Path]) -> Nomenclature:
        """Read one crosswalk file for each dimension."""
        nomenclature = cls()
        for dimension, path in paths.items():
            with path.open(encoding="utf-8-sig", newline="") as file:
                for line in csv.DictReader(file):
                    nomenclature.add(
                        dimension,
                        line["operator"],
                        line["source_code"],
                        line["target_code"],
                        date.fromisoformat(line["valid_from"]) if line["valid_from"] else None,
                        date.fromisoformat(line["valid_to"]) if line["valid_to"] else None,
                    )
        return nomenclature

    def add(
        self,
        dimension: str,
        operator: str,
        source: str,
        target: str,
        valid_from: date | None = None,
        valid_to: date | None = None,
    ) -> None:
        """Add one mapping; both bounds inclusive, None for no bound."""
        key = (dimension, operator, source.strip().upper())
        self._mappings.setdefault(key, []).append((target, valid_from, valid_to))

    def target(self, dimension: str, operator: str, code: str, day: date | None) -> str | None:
        """What a code means on a day; None when nothing maps it. No day: any validity will do."""
        for target, first, last in self._mappings.get((dimension, operator, code.upper()), []):
            if day is None or ((not first or first <= day) and (not last or day <= last)):
                return target
        return None


# --------------------------------------------------------------------------------------------
# days and quarters


def quarter_first_day(quarter: str) -> date:
    """First day of a quarter such as ``2019Q4``."""
    return date(int(quarter[:4]), 3 * int(quarter[5]) - 2, 1)


def quarter_last_day(quarter: str) -> date:
    """Last day of a quarter such as ``2019Q4``."""
    year, number = int(quarter[:4]), int(quarter[5])
    if number == 4:
        return date(year, 12, 31)
    return date(year, 3 * number + 1, 1) - timedelta(days=1)


def completed_years(birth: date, day: date) -> int:
    """Age on a day; who was born on 29 February turns a year older on 1 March in common years."""
    years = day.year - birth.year
    if (day.month, day.day) < (birth.month, birth.day):
        years -= 1
    return years


def parse_date(text: str, operator: str) -> date | None:
    """A date of the operator's format; None when the text is none."""
    pattern = re.escape(DIALECTS[operator].date_pattern)
    pattern = pattern.replace("d", "(?P<D>[0-9]{2})").replace("m", "(?P<M>[0-9]{2})")
    found = re.fullmatch(pattern.replace("y", "(?P<Y>[0-9]{4})"), text)
    if found is None:
        return None
    try:
        return date(int(found["Y"]), int(found["M"]), int(found["D"]))
    except ValueError:
        return None


def parse_hours(text: str, operator: str) -> Fraction | None:
    """A number of the operator's format (never negative); None when the text is none."""
    sign = re.escape(DIALECTS[operator].decimal_sign)
    if re.fullmatch(rf"\+?[0-9]+({sign}[0-9]+)?", text) is None:
        return None
    return Fraction(text.lstrip("+").replace(DIALECTS[operator].decimal_sign, "."))


# --------------------------------------------------------------------------------------------
# the national number


@dataclass(frozen=True)
class NationalNumber:
    """A valid national number and what it says."""

    digits: str
    birth_date: date | None
    sex: str | None


def read_national_number(text: str) -> NationalNumber | None:
    """The valid national number in a text, else None."""
    digits = re.sub(r"[.\- ]", "", text)
    if re.fullmatch(r"[0-9]{11}", digits) is None:
        return None
    nine, check = int(digits[:9]), int(digits[9:])
    if check == 97 - nine % 97:
        century = 1900
    elif check == 97 - (2_000_000_000 + nine) % 97:
        century = 2000
    else:
        return None
    month, raised = int(digits[2:4]), 0
    if 20 <= month <= 32:
        raised = 20
    elif 40 <= month <= 52:
        raised = 40
    month -= raised
    if month > 12:
        return None
    serial = int(digits[6:9])
    if not 1 <= serial <= 998:
        return None
    try:
        birth = date(century + int(digits[:2]), month, int(digits[4:6]))
    except ValueError:
        birth = None
    sex = None if raised == 20 else ("M" if serial % 2 == 1 else "F")
    return NationalNumber(digits, birth, sex)


def follow_replacements(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Old number -> the number at the end of its chain.

    Left out: lines with an invalid number and the lines of a cycle. Where one old number has two
    different new ones, the later line counts.
    """
    step: dict[str, str] = {}
    for old_text, new_text in pairs:
        old, new = read_national_number(old_text), read_national_number(new_text)
        if old is not None and new is not None:
            step[old.digits] = new.digits
    in_cycle = set()
    for old in step:
        seen, now = {old}, step[old]
        while now in step and now not in seen:
            seen.add(now)
            now = step[now]
        if now == old:
            in_cycle.add(old)
    step = {old: new for old, new in step.items() if old not in in_cycle}
    ends = {}
    for old in step:
        end = step[old]
        while end in step:
            end = step[end]
        ends[old] = end
    return ends


# --------------------------------------------------------------------------------------------
# areas


def area_of(code: str, operator: str, geography: Geography) -> str | None:
    """Area of a municipality or post code as delivered; None when it is in no list."""
    if operator == "adg":
        code = code.upper()
        if code.startswith("B-"):
            code = code[2:].strip()
        elif re.match(r"[A-Z]{1,3}-", code):
            return "ABR"
        return geography.by_post_code.get(code)
    if re.fullmatch(r"(00)?[0-9]{3}", code):
        return "ABR"
    return geography.by_refnis.get(code)


# --------------------------------------------------------------------------------------------
# the row


@dataclass
class Judged:
    """A readable row with its values read and the rules it breaks."""

    record_id: str
    number: NationalNumber | None
    client_number: str
    start: date | None
    end: date | None  # None: open (or unreadable, then the row is rejected)
    training_type: str  # '' when it can't be told
    organiser: str
    programme_code: str
    delivery_mode: str
    training_area: str
    labour_status: str
    sex: str
    birth_date: date | None
    education_level: str
    residence_area: str
    hours: Fraction
    cancelled: bool
    rules: set[str] = field(default_factory=set)


def judge(
    row: Row,
    operator: str,
    reference_quarter: str,
    geography: Geography,
    nomenclature: Nomenclature,
    spell_gap_days: int,
) -> Judged:
    """Read one row and note every rule it breaks (but those that need the other rows)."""
    rules: set[str] = set()

    # dates
    start_text = row["start_date"]
    end_text = row["end_date"] or row.get("planned_end_date", "")
    start = parse_date(start_text, operator)
    end = parse_date(end_text, operator)
    unreadable_date = bool((start_text and start is None) or (end_text and end is None))
    if unreadable_date:
        rules.add("invalid_date")
    if not start_text:
        rules.add("missing_start")
    if start and end and end < start:
        rules.add("end_before_start")
    if start and start > quarter_last_day(reference_quarter):
        rules.add("start_after_quarter")
    if end and "end_before_start" not in rules and not unreadable_date:
        pause_before = timedelta(days=spell_gap_days + 1)
        if end < quarter_first_day(reference_quarter) - pause_before:
            rules.add("inactive_in_quarter")

    # the person
    number = read_national_number(row["national_number"])
    if not row["national_number"]:
        rules.add("missing_national_number")
    elif number is None:
        rules.add("invalid_national_number")
    if number is None and not row["client_number"]:
        rules.add("missing_person")

    # the birth date: the number's when plausible, else the delivered one when plausible
    def plausible(birth: date | None) -> bool:
        return bool(birth and start and 15 <= completed_years(birth, start) <= 75)

    delivered_birth = parse_date(row["birth_date"], operator)
    number_birth = number.birth_date if number else None
    if row["birth_date"] and delivered_birth is None:
        rules.add("implausible_birth_date")
    if delivered_birth and start and not plausible(delivered_birth):
        rules.add("implausible_birth_date")
    if plausible(delivered_birth) and number_birth and delivered_birth != number_birth:
        rules.add("birth_date_mismatch")
    birth_date = None
    if plausible(number_birth):
        birth_date = number_birth
    elif plausible(delivered_birth):
        birth_date = delivered_birth

    # codes: judged on the start date, so not without one
    def mapped(dimension: str) -> str:
        code = row[dimension]
        if not code or not start:
            return ""
        target = nomenclature.target(dimension, operator, code, start)
        if target is None:
            rules.add(f"unmapped_{dimension}")
        return target or ""

    training_type = mapped("training_type")
    if not row["training_type"]:
        rules.add("missing_training_type")
    sex = mapped("sex") or (number.sex if number else "") or "_U"
    education_level = mapped("education_level") or "_U"
    labour_status = mapped("labour_status") or "_U"
    delivery_mode = mapped("delivery_mode") or "_U"
    if training_type in MODE_NOT_APPLICABLE:
        delivery_mode = "_Z"

    # the organiser is judged without a start, too; none means the operator itself
    organiser: str | None = operator
    if row["organiser"]:
        organiser = nomenclature.target("organiser", operator, row["organiser"], start)
        if organiser is None:
            rules.add("unmapped_organiser")

    # places
    residence_area = area_of(row["residence"], operator, geography)
    if row["residence"] and residence_area is None:
        rules.add("unknown_residence")
    training_area = area_of(row["training_place"], operator, geography)
    if row["training_place"] and training_area is None:
        rules.add("unknown_training_place")

    # the rest
    hours = parse_hours(row["hours"], operator)
    if row["hours"] and hours is None:
        rules.add("invalid_hours")
    if not row["programme_code"]:
        rules.add("missing_programme_code")
    if not row["record_id"]:
        rules.add("missing_record_id")

    return Judged(
        record_id=row["record_id"],
        number=number,
        client_number=row["client_number"],
        start=start,
        end=end,
        training_type=training_type,
        organiser=organiser or "",
        programme_code=row["programme_code"].upper() or "_U",
        delivery_mode=delivery_mode,
        training_area=training_area or "_U",
        labour_status=labour_status,
        sex=sex,
        birth_date=birth_date,
        education_level=education_level,
        residence_area=residence_area or "_U",
        hours=hours or Fraction(0),
        cancelled=row["cancelled"].upper() == DIALECTS[operator].cancelled,
        rules=rules,
    )
