"""Invented participations and the records that each operator keeps of them, in its own unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from synerstat.synthesise.arrays import Bools, Floats, Ints, choose, random_stream, rank_within
from synerstat.synthesise.periods import (
    DISTANCE_YEARS_LAST_DAY,
    LOCKDOWN_FIRST_DAY,
    chances_of_start,
    first_days_of,
    months_of,
)
from synerstat.synthesise.persons import UNKNOWN
from synerstat.synthesise.profiles import (
    MOBILE_TYPE_SHARES,
    MODE_SHARES,
    MODE_SHARES_OF_DISTANCE_YEARS,
    STATUS_SHARES,
    STATUS_SHARES_OF_TYPE,
    TYPES,
    TYPES_WITHOUT_MODE,
    OperatorProfile,
    Unit,
)
from synerstat.synthesise.reference import Geography

TRAINING_TYPES = tuple(TYPES)
STATUSES = tuple(STATUS_SHARES)
MODES = tuple(MODE_SHARES)
JOB_SEEKER = STATUSES.index("JSK")
IN_COMPANIES = tuple(TRAINING_TYPES.index(t) for t in ("INT", "TRY", "IWT"))
CENTRES_PER_OPERATOR = 14
DAYS_OF_A_MODULE = 42
GOLDEN_RATIO = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class _Rows:
    """Arrays of one length, one element per row."""

    def take(self, rows: Ints | Bools) -> Self:
        """The chosen rows."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """The rows of all parts, one after the other."""
        return cls(
            **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)}
        )

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))


@dataclass(frozen=True)
class Engagements(_Rows):
    """A person known to an operator, and how many participations that makes. `operator` and
    `organiser` are indices.
    """

    person: Ints
    operator: Ints
    count: Ints
    is_mobile: Bools


@dataclass(frozen=True)
class Participations(_Rows):
    """One person in one programme. Codes are indices into the tuples of this module, or UNKNOWN.

    `operator` reports it; `organiser` gives it: an operator, or UNKNOWN for a body that is none of
    them. `is_calibrated` rows belong to a promised figure: no dirt that could change it touches
    them.
    """

    person: Ints
    operator: Ints
    organiser: Ints
    training_type: Ints
    programme: Ints
    delivery_mode: Ints
    labour_status: Ints
    later_status: Ints
    place: Ints
    start: Ints
    end: Ints
    hours_per_day: Floats
    has_hours: Bools
    is_mobile: Bools
    is_calibrated: Bools
    chance: Floats


@dataclass(frozen=True)
class Records(_Rows):
    """One record of an operator; `part` counts the records of its participation from 0."""

    participation: Ints
    part: Ints
    start: Ints
    end: Ints
    planned_end: Ints


def invent_participations(
    engagements: Engagements,
    *,
    operators: Sequence[str],
    profiles: Mapping[str, OperatorProfile],
    geography: Geography,
    first_day: int,
    last_day: int,
    days_factor: float,
    seed: int,
    stream: int,
) -> Participations:
    """Invent the participations of the engagements, starting between the two days.

    Another `stream` of the same seed invents others.
    """
    random = random_stream(seed, 2, stream)
    person = np.repeat(engagements.person, engagements.count)
    operator = np.repeat(engagements.operator, engagements.count)
    is_mobile = np.repeat(engagements.is_mobile, engagements.count)
    count = len(person)
    start = first_day + choose(chances_of_start(first_day, last_day), random.random(count))

    training_type = np.zeros(count, np.int64)
    factor = np.ones(count)
    type_chance = _spread_over_time(operator * 2 + is_mobile, start)
    for index, name in enumerate(operators):
        profile = profiles[name]
        at_home, visiting = (operator == index) & ~is_mobile, (operator == index) & is_mobile
        training_type[at_home] = choose(_weights(profile.type_shares), type_chance[at_home])
        training_type[visiting] = choose(_weights(MOBILE_TYPE_SHARES), type_chance[visiting])
        for name_of_type, days_factor_of_type in profile.days_factors.items():
            of_type = training_type == TRAINING_TYPES.index(name_of_type)
            factor[(operator == index) & of_type] = days_factor_of_type

    days = np.array([TYPES[t].days for t in TRAINING_TYPES])[training_type] * factor * days_factor
    days = np.maximum(np.rint(days * np.exp(0.55 * random.standard_normal(count) - 0.15)), 2)
    end = end_on_weekday(start, start + days.astype(np.int64) - 1)

    programmes = np.array([TYPES[t].programmes for t in TRAINING_TYPES])[training_type]
    # the popular programmes draw most: a square of the chance favours the low numbers
    programme = 1 + (random.random(count) ** 2 * programmes).astype(np.int64)

    labour_status = np.zeros(count, np.int64)
    status_chance = random.random(count)
    for index, name in enumerate(TRAINING_TYPES):
        shares = STATUS_SHARES_OF_TYPE.get(name, STATUS_SHARES)
        of_type = training_type == index
        weights = np.array([shares[status] for status in STATUSES])
        labour_status[of_type] = choose(weights, status_chance[of_type])
    finds_work = (labour_status == JOB_SEEKER) & (random.random(count) < 0.02)
    later_status = np.where(finds_work, STATUSES.index("EMP"), labour_status)
    labour_status = np.where(random.random(count) < 0.004, UNKNOWN, labour_status)

    hours = np.array([TYPES[t].hours_per_day for t in TRAINING_TYPES])[training_type]
    return Participations(
        person=person,
        operator=operator,
        organiser=operator,
        training_type=training_type,
        programme=programme,
        delivery_mode=_modes(training_type, start, random),
        labour_status=labour_status,
        later_status=later_status,
        place=_places(operator, training_type, operators, geography, random),
        start=start,
        end=end,
        hours_per_day=hours * (0.7 + 0.5 * random.random(count)),
        has_hours=random.random(count) >= 0.012,
        is_mobile=is_mobile,
        is_calibrated=np.zeros(count, np.bool_),
        chance=random.random(count),
    )


def end_on_weekday(start: Ints, end: Ints) -> Ints:
    """Ends that fall on a Saturday or Sunday, brought back to the Friday before, not before the
    start.
    """
    weekday = (end + 3) % 7
    return np.maximum(start, end - np.maximum(weekday - 4, 0))


def keep_records(
    participations: Participations, profile: OperatorProfile, *, seed: int, number: int
) -> Records:
    """The records that the operator of that number keeps of its participations, in its own unit.

    What others organise is kept as one record whatever the unit.
    """
    random = random_stream(seed, 3, number)
    count = len(participations)
    start, end = participations.start, participations.end
    own = participations.organiser == participations.operator
    has_modules = np.array([TYPES[t].has_modules for t in TRAINING_TYPES])
    in_parts = np.ones(count, np.int64)
    first_month = months_of(start)
    if profile.unit is Unit.MODULE:
        modules = np.rint((end - start + 1) / DAYS_OF_A_MODULE * (0.7 + 0.6 * random.random(count)))
        modular = own & has_modules[participations.training_type]
        in_parts = np.where(modular, np.clip(modules, 1, 9), 1).astype(np.int64)
    elif profile.unit is Unit.MONTH:
        # some contracts are kept as one line
        by_month = own & (random.random(count) < 0.93)
        in_parts = np.where(by_month, months_of(end) - first_month + 1, 1)

    of = np.repeat(np.arange(count), in_parts)
    part = rank_within(of)
    parts = in_parts[of]
    record_start, record_end = start[of], end[of]
    is_last = part == parts - 1
    if profile.unit is Unit.MODULE:
        length = (end - start + 1)[of]
        pause = np.where(random.random(len(of)) < 0.5, 3, 0) + (
            random.random(len(of)) ** 3 * 12
        ).astype(np.int64)
        # now and then a pause is long enough to make two participations of one
        pause = np.where(random.random(len(of)) < 0.03, 35 + pause, pause)
        pause = np.minimum(pause, np.maximum(length // parts - 5, 0))
        cut = start[of] + length * part // parts
        next_cut = start[of] + length * (part + 1) // parts
        record_start = np.where(part > 0, cut + pause, start[of])
        record_end = np.where(is_last, end[of], next_cut - 1)
    elif profile.unit is Unit.MONTH:
        month = first_month[of] + part
        record_start = np.where(part > 0, first_days_of(month), start[of])
        record_end = np.where(is_last, end[of], first_days_of(month + 1) - 1)

    # most contracts end as planned, some early, some late
    slip = np.rint((random.random(len(of)) - 0.6) * 60).astype(np.int64)
    as_planned = random.random(len(of)) < 0.6
    planned_end = np.maximum(record_end - np.where(as_planned, 0, slip), record_start)
    return Records(of, part, record_start, record_end, planned_end)


def _spread_over_time(group: Ints, start: Ints) -> Floats:
    """Chances in [0, 1) that come evenly within each group, whatever stretch of time one looks at.

    So that a small operator has every training type all year, as its catalogue has.
    """
    order = np.lexsort((start, group))
    chance = np.empty(len(start))
    chance[order] = (rank_within(group[order]) + 0.5) * GOLDEN_RATIO % 1.0
    return chance


def _weights(shares: Mapping[str, float]) -> Floats:
    return np.array([shares.get(name, 0.0) for name in TRAINING_TYPES])


def _modes(training_type: Ints, start: Ints, random: np.random.Generator) -> Ints:
    chance = random.random(len(start))
    usual = choose(np.array(list(MODE_SHARES.values())), chance)
    remote = choose(np.array([MODE_SHARES_OF_DISTANCE_YEARS[m] for m in MODES]), chance)
    in_distance_years = (start >= LOCKDOWN_FIRST_DAY) & (start <= DISTANCE_YEARS_LAST_DAY)
    modes = np.where(in_distance_years, remote, usual)
    has_none = np.isin(training_type, [TRAINING_TYPES.index(t) for t in TYPES_WITHOUT_MODE])
    left_out = random.random(len(start)) < np.where(has_none, 0.6, 0.012)
    return np.where(left_out, UNKNOWN, modes)


def _places(
    operator: Ints,
    training_type: Ints,
    operators: Sequence[str],
    geography: Geography,
    random: np.random.Generator,
) -> Ints:
    """Training happens in the operator's centres; in-company training wherever the company is."""
    count = len(operator)
    home = np.array([home_area_of(name, geography) for name in operators], np.int64)
    anywhere = geography.draw_places(home[operator], random.random(count))
    areas = np.arange(len(geography.area_codes))
    abroad = geography.draw_places(
        areas[(random.random(count) * len(areas)).astype(np.int64)], random.random(count)
    )
    centre_chance = random.random(count)
    centre = np.zeros(count, np.int64)
    for index in range(len(operators)):
        there = np.flatnonzero(geography.area_of_place == home[index])
        centres = there[np.argsort(-geography.weights[there], kind="stable")][:CENTRES_PER_OPERATOR]
        mine = operator == index
        centre[mine] = centres[choose(geography.weights[centres], centre_chance[mine])]
    places = np.where(np.isin(training_type, IN_COMPANIES), anywhere, centre)
    return np.where(random.random(count) < 0.03, abroad, places)


def home_area_of(operator: str, geography: Geography) -> int:
    """The index of an operator's home area; the first area for an operator without one."""
    area = geography.home_areas.get(operator, geography.area_codes[0])
    return geography.area_codes.index(area)
