"""Invented histories for property tests: small worlds that live on the edges of the rules.

A world is a handful of persons and records, delivered quarter by quarter in the operators' own
dialects: overlaps and pauses of 30, 31 and 32 days, open ends, one-day spells, 29 February, quarter
edges, changes of residence, status and type between versions, replaced numbers, lent client keys,
copies and conflicts, replaced deliveries, records that vanish. Everything is written as files, so
that a test goes the whole way from the border to the marts.
"""

import csv
import hashlib
import io
import json
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from hypothesis import strategies as st
from oracle.reading import COLUMNS, DIALECTS, OTHER_COLUMNS
from oracle.rules import quarter_first_day, quarter_last_day

OPERATORS = ("vdab", "forem", "bruxelles_formation", "adg")
QUARTERS = ("2018Q1", "2018Q2", "2018Q3", "2018Q4", "2019Q1")
CLIENT_PREFIX = {"vdab": "V", "forem": "F", "bruxelles_formation": "B", "adg": "A"}

TYPES = {
    "vdab": ["OPL", "opl", "TAAL", "IBO", "BVS", "ORS", "SOL", "NOPE", ""],
    "forem": ["FQ", "LAN", "PFI", "CFI", "EM", "OR", "NOPE", ""],
    "bruxelles_formation": ["FQ", "LG", "FPI", "EM", "ALPHA", "NOPE", ""],
    "adg": ["AUS", "SPR", "IBU", "EDV", "NOPE", ""],
}
ORGANISERS = {
    "vdab": ["", "VDAB", "FOREM", "BF", "SYN", "??"],
    "forem": ["", "FOREM", "VDAB", "BXF", "IFAPME", "??"],
    "bruxelles_formation": ["", "BF", "VDAB", "FOREM", "EFP", "??"],
    "adg": ["", "ADG", "FOREM", "BF", "IAWM", "??"],
}
SEXES = {
    "vdab": ["M", "V", "X", "", "?"],
    "forem": ["H", "F", "X", "", "?"],
    "bruxelles_formation": ["H", "F", "X", "", "?"],
    "adg": ["M", "W", "D", "", "?"],
}
STATUSES = {
    "vdab": ["NWWZ", "WN", "", "?"],
    "forem": ["DEI", "TRA", "", "?"],
    "bruxelles_formation": ["CE", "TR", "", "?"],
    "adg": ["ARB", "BES", "", "?"],
}
EDUCATIONS = {
    "vdab": ["LG", "HG", "", "?"],
    "forem": ["PRIM", "NREC", "", "?"],
    "bruxelles_formation": ["CEB", "ANR", "", "?"],
    "adg": ["PRIM", "NAN", "", "?"],
}
MODES = {
    "vdab": ["CON", "AFS", "", "?"],
    "forem": ["PRES", "DIST", "", "?"],
    "bruxelles_formation": ["PRE", "DIS", "", "?"],
    "adg": ["PRA", "FERN", "", "?"],
}
REFNIS_PLACES = ["21004", "11002", "55022", "58001", "63023", "71072", "109", "00109", "99999", ""]
POST_CODE_PLACES = ["4700", "B-4720", "1000", "2000", "4000", "D-52062", "L-9999", "0001", ""]

# the days on which something can turn
EDGES = [
    date(2017, 11, 30),
    date(2017, 12, 31),
    date(2018, 1, 1),
    date(2018, 3, 31),
    date(2018, 4, 1),
    date(2018, 6, 30),
    date(2018, 8, 31),
    date(2018, 9, 1),
    date(2018, 12, 31),
    date(2019, 1, 1),
    date(2019, 2, 28),
    date(2019, 3, 1),
    date(2019, 3, 31),
]
LENGTHS = [None, 0, 1, 27, 30, 31, 59, 89, 120, 364, -1]
PAUSES = [-40, 0, 1, 30, 31, 32, 33]


def national_number(birth: date, serial: int, month_raise: int = 0, day: int | None = None) -> str:
    """A number with the right check digits, as the register writes it."""
    first_nine = (
        f"{birth.year % 100:02}{birth.month + month_raise:02}{birth.day if day is None else day:02}"
        f"{serial:03}"
    )
    counted = int(first_nine) + (2_000_000_000 if birth.year >= 2000 else 0)
    return f"{first_nine}{97 - counted % 97:02}"


BIRTHS = [
    date(2000, 2, 29),
    date(1988, 2, 29),
    date(1993, 9, 1),
    date(2003, 3, 31),
    date(1942, 6, 15),
]


@dataclass(frozen=True)
class Person:
    """Somebody; `numbers` may hold an old and a new one."""

    birth: date
    numbers: tuple[str, ...]
    client: str


@dataclass(frozen=True)
class Record:
    """One version of a record, as an operator would send it; dates already real dates."""

    operator: str
    record_id: str
    number: str
    client: str
    birth: str
    sex: str
    education: str
    status: str
    programme: str
    programme_name: str
    training_type: str
    mode: str
    organiser: str
    residence: str
    place: str
    start: date | str
    end: date | str | None
    planned_end: date | None
    hours: str
    cancelled: bool
    other: str = "x"


@dataclass
class World:
    """What is delivered: rows by (operator, quarter, sequence), and replaced numbers."""

    deliveries: dict[tuple[str, str, int], list[Record]] = field(default_factory=dict)
    replacements: list[tuple[str, str]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write it the way operators deliver it."""
        for (operator, quarter, sequence), rows in self.deliveries.items():
            _write_delivery(folder, operator, quarter, sequence, rows)
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            "old_niss,new_niss,valid_from",
            *(f"{o},{n},2018-01-01" for o, n in self.replacements),
        ]
        (folder / "identifier_replacements.csv").write_text("\n".join(lines) + "\n", "utf-8")


def _write_delivery(
    folder: Path, operator: str, quarter: str, sequence: int, rows: list[Record]
) -> None:
    dialect = DIALECTS[operator]
    columns = COLUMNS[operator]
    header = [*columns.values(), *OTHER_COLUMNS[operator]]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        values = _values(row)
        writer.writerow(
            [
                *(values[meaning] for meaning in columns),
                *([row.other] * len(OTHER_COLUMNS[operator])),
            ]
        )
    content = text.getvalue().encode(dialect.encoding)
    target = folder / operator / f"{quarter}-{sequence}"
    target.mkdir(parents=True)
    (target / "records.csv").write_bytes(content)
    manifest = {
        "operator": operator,
        "reference_quarter": quarter,
        "sequence": sequence,
        "extracted_at": "2019-05-20T08:00:00+02:00",
        "files": [
            {
                "name": "records.csv",
                "sha256": hashlib.sha256(content).hexdigest(),
                "rows": len(rows),
            }
        ],
    }
    (target / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def _date_text(value: date | str | None, operator: str) -> str:
    if not isinstance(value, date):
        return value or ""
    pattern = DIALECTS[operator].date_pattern
    return "".join(
        {"d": f"{value.day:02}", "m": f"{value.month:02}", "y": f"{value.year:04}"}.get(sign, sign)
        for sign in pattern
    )


def _values(row: Record) -> dict[str, str]:
    dialect = DIALECTS[row.operator]
    birth = date.fromisoformat(row.birth) if row.birth[:1].isdigit() else row.birth
    return {
        "record_id": row.record_id,
        "national_number": row.number,
        "client_number": row.client,
        "sex": row.sex,
        "birth_date": _date_text(birth, row.operator),
        "residence": row.residence,
        "education_level": row.education,
        "labour_status": row.status,
        "programme_code": row.programme,
        "programme_name": row.programme_name,
        "training_type": row.training_type,
        "delivery_mode": row.mode,
        "organiser": row.organiser,
        "training_place": row.place,
        "start_date": _date_text(row.start, row.operator),
        "end_date": _date_text(row.end, row.operator),
        "planned_end_date": _date_text(row.planned_end, row.operator),
        "hours": row.hours.replace(".", dialect.decimal_sign),
        "cancelled": dialect.cancelled if row.cancelled else "",
    }


def _mostly(usual: list[str]) -> st.SearchStrategy[str]:
    """The first value most of the time, any of the others now and then."""
    return st.sampled_from([usual[0]] * len(usual) * 2 + usual)


@st.composite
def persons(draw: st.DrawFn, at: int) -> Person:
    birth = draw(st.sampled_from(BIRTHS))
    serial = draw(st.integers(2, 997)) if at else 998
    first = national_number(
        birth,
        serial,
        draw(st.sampled_from([0, 0, 0, 20, 40])),
        draw(st.sampled_from([None, None, 0])),
    )
    second = national_number(birth, 3 + at)
    return Person(birth, (first, second), f"C{at:04}")


@st.composite
def records(draw: st.DrawFn, person: Person, operator: str, record_id: str, start: date) -> Record:
    places = POST_CODE_PLACES if operator == "adg" else REFNIS_PLACES
    length = draw(st.sampled_from(LENGTHS[:-1] * 3 + LENGTHS[-1:]))
    number = draw(
        st.sampled_from(
            [person.numbers[0]] * 6
            + [
                person.numbers[1],
                "",
                "12345678901",
                person.numbers[0][:6] + "-" + person.numbers[0][6:9] + "." + person.numbers[0][9:],
            ]
        )
    )
    return Record(
        operator=operator,
        record_id=record_id,
        number=number,
        client=draw(
            st.sampled_from([CLIENT_PREFIX[operator] + person.client] * 4 + ["", "shared"])
        ),
        birth=draw(
            st.sampled_from([person.birth.isoformat()] * 4 + ["1985-05-05", "2015-01-01", "", "x"])
        ),
        sex=draw(_mostly(SEXES[operator])),
        education=draw(_mostly(EDUCATIONS[operator])),
        status=draw(_mostly(STATUSES[operator])),
        programme=draw(st.sampled_from(["P1", "p1", "P2", ""])),
        programme_name=draw(st.sampled_from(["Name", 'A "quoted" name; with, signs', "é"])),
        training_type=draw(_mostly(TYPES[operator])),
        mode=draw(_mostly(MODES[operator])),
        organiser=draw(_mostly(ORGANISERS[operator])),
        residence=draw(st.sampled_from(places)),
        place=draw(st.sampled_from(places)),
        start=start,
        end=None if length is None else start + timedelta(days=length),
        planned_end=draw(st.sampled_from([None, start + timedelta(days=100)])),
        hours=draw(st.sampled_from(["10", "120.5", "+7", "", "0", "-3", "1.5.2", "33.333333"])),
        cancelled=draw(st.sampled_from([False] * 9 + [True])),
    )


@st.composite
def changed(draw: st.DrawFn, record: Record) -> Record:
    """A later or other version of the same record."""
    kind = draw(
        st.sampled_from(
            ["same", "same", "end", "type", "who", "reading", "cancelled", "start", "person"]
        )
    )
    if kind == "end" and isinstance(record.start, date):
        length = draw(st.sampled_from(LENGTHS))
        return replace(
            record, end=None if length is None else record.start + timedelta(days=length)
        )
    if kind == "type":
        return replace(record, training_type=draw(st.sampled_from(TYPES[record.operator])))
    if kind == "who":
        places = POST_CODE_PLACES if record.operator == "adg" else REFNIS_PLACES
        return replace(
            record,
            residence=draw(st.sampled_from(places)),
            sex=draw(st.sampled_from(SEXES[record.operator])),
            education=draw(st.sampled_from(EDUCATIONS[record.operator])),
            status=draw(st.sampled_from(STATUSES[record.operator])),
        )
    if kind == "reading":
        return replace(
            record,
            **draw(
                st.sampled_from(
                    [{"start": ""}, {"start": "31-31-2018"}, {"end": "soon"}, {"record_id": ""}]
                )
            ),
        )
    if kind == "cancelled":
        return replace(record, cancelled=True)
    if kind == "start" and isinstance(record.start, date):
        return replace(
            record, start=record.start + timedelta(days=draw(st.sampled_from([-1, 1, 31])))
        )
    if kind == "person":
        return replace(record, number="")
    return record


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A whole world, delivered over five quarters."""
    world = World()
    people = [draw(persons(at)) for at in range(draw(st.integers(2, 9)))]
    known = draw(st.lists(st.sampled_from(OPERATORS), min_size=1, max_size=4, unique=True))
    for operator in known:
        for quarter in QUARTERS:
            # nearly always; the first delivery always, for a world without any has nothing to count
            if not world.deliveries or draw(st.integers(0, 7)):
                world.deliveries[operator, quarter, 1] = []
    for person_at, person in enumerate(people):
        day = draw(st.sampled_from(EDGES)) + timedelta(days=draw(st.integers(-2, 2)))
        operator = draw(st.sampled_from(known))
        for number in range(draw(st.integers(1, 5))):
            record = draw(
                records(person, operator, f"{operator[:2].upper()}-{person_at}-{number}", day)
            )
            _deliver(draw, world, record)
            end = record.end if isinstance(record.end, date) else day
            day = max(end, day) + timedelta(days=draw(st.sampled_from(PAUSES)))
            if draw(st.integers(0, 3)) == 0:
                operator = draw(st.sampled_from(known))
    if draw(st.booleans()):
        for person in people:
            if draw(st.booleans()):
                world.replacements.append(person.numbers)
        if len(people) > 1 and draw(st.booleans()):
            world.replacements.append((people[0].numbers[1], people[1].numbers[0]))
        if draw(st.integers(0, 3)) == 0:
            world.replacements.append((people[0].numbers[1], people[0].numbers[0]))
    return world


def _deliver(draw: st.DrawFn, world: World, record: Record) -> None:
    """Put the record into the deliveries that could know it, changing on the way."""
    assert isinstance(record.start, date)
    start = record.start
    first = next(
        (at for at, quarter in enumerate(QUARTERS) if start <= quarter_last_day(quarter)),
        len(QUARTERS) - 1,
    )
    last = first + draw(st.sampled_from([0, 0, 1, 2, 4]))
    late = draw(st.sampled_from([0, 0, 0, 0, 1, -1]))
    version = record
    for at in range(max(0, first + late), min(len(QUARTERS), last + 1)):
        delivery = (record.operator, QUARTERS[at], 1)
        if delivery not in world.deliveries:
            continue
        if isinstance(version.end, date) and version.end < quarter_first_day(
            QUARTERS[at]
        ) - timedelta(days=40):
            break
        world.deliveries[delivery].append(version)
        again = draw(st.integers(0, 11))
        if again == 0:
            world.deliveries[delivery].append(
                replace(version, programme_name="Other name", other="y")
            )
        if again == 1:
            world.deliveries[delivery].append(draw(changed(version)))
        if again == 2:
            newer = (record.operator, QUARTERS[at], 2)
            world.deliveries.setdefault(newer, list(world.deliveries[delivery]))
            world.deliveries[newer].append(replace(version, record_id=version.record_id + "-new"))
        version = draw(changed(version))
