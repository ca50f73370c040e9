"""Invented persons: who they are, where they live, and their numbers, valid to the check digits."""

from dataclasses import dataclass, replace

import numpy as np

from synerstat.synthesise.arrays import Bools, Floats, Ints, choose, random_stream, rank_within
from synerstat.synthesise.periods import months_of
from synerstat.synthesise.profiles import EDUCATION_SHARES
from synerstat.synthesise.reference import AFTER_ALL_DAYS, BEFORE_ALL_DAYS, Geography

EDUCATION_LEVELS = tuple(EDUCATION_SHARES)
SERIALS_PER_SEX = 499
UNKNOWN = -1

AGE_BOUNDS = np.array([17.0, 25.0, 30.0, 40.0, 50.0, 55.0, 64.0])
AGE_SHARES = np.array([0.21, 0.16, 0.28, 0.20, 0.08, 0.07])


@dataclass(frozen=True)
class Persons:
    """One element per person in every array; days as in `periods`, places and areas as in
    `Geography`.

    National numbers are eleven digits as a number, 0 where there is none. A person has the BIS
    number, if any, up to the day before `registered_on`, and the register number from then on.
    """

    area: Ints
    birth: Ints
    is_female: Bools
    other_sex: Bools
    education: Ints
    place: Ints
    next_place: Ints
    moves_on: Ints
    register_number: Ints
    bis_number: Ints
    registered_on: Ints

    def __len__(self) -> int:
        return len(self.area)

    def national_number(self, person: Ints, days: Ints) -> Ints:
        """The number of each person on a day, 0 where there is none."""
        by_register = self.registered_on[person] <= days
        return np.where(by_register, self.register_number[person], self.bis_number[person])

    def residence(self, person: Ints, days: Ints) -> Ints:
        """The place where each person lives on a day."""
        return np.where(self.moves_on[person] <= days, self.next_place[person], self.place[person])


def invent_persons(
    area: Ints,
    *,
    geography: Geography,
    bis_share: Floats,
    without_number: float,
    replaced: float,
    movers: float,
    movers_leave_area: bool,
    first_day: int,
    last_day: int,
    seed: int,
) -> Persons:
    """Invent one person for each home area given.

    `bis_share` is the chance, per person, of a BIS number; `replaced` the share of those who get a
    register number between the two days; `movers` the share that moves house between them.
    """
    random = random_stream(seed, 1)
    count = len(area)
    middle = (first_day + last_day) // 2
    group = choose(AGE_SHARES, random.random(count))
    width = AGE_BOUNDS[group + 1] - AGE_BOUNDS[group]
    age = AGE_BOUNDS[group] + width * random.random(count)
    birth = (middle - age * 365.25).astype(np.int64)
    is_female = random.random(count) < 0.475

    register_number = _allocate(birth, is_female, month_shift=np.zeros(count, np.int64))
    sex_unknown = random.random(count) < 0.15
    bis_number = _allocate(birth, is_female, month_shift=np.where(sex_unknown, 20, 40))
    has_bis = random.random(count) < bis_share
    is_replaced = has_bis & (random.random(count) < replaced)
    registered_on = np.where(
        is_replaced,
        first_day + (random.random(count) * (last_day - first_day)).astype(np.int64),
        np.where(has_bis, AFTER_ALL_DAYS, BEFORE_ALL_DAYS),
    )
    nameless = random.random(count) < without_number
    register_number = np.where(nameless, 0, register_number)
    bis_number = np.where(nameless, 0, bis_number)

    place = geography.draw_places(area, random.random(count))
    elsewhere = (random.random(count) < 0.25) & movers_leave_area
    next_area = np.where(
        elsewhere, choose(_size_of_areas(geography), random.random(count)), area
    ).astype(np.int64)
    next_place = geography.draw_places(next_area, random.random(count))
    moves = random.random(count) < movers
    moving_day = first_day + (random.random(count) * (last_day - first_day)).astype(np.int64)

    education = choose(np.array(list(EDUCATION_SHARES.values())), random.random(count))
    education = np.where(random.random(count) < 0.03, UNKNOWN, education)
    return Persons(
        area=area,
        birth=birth,
        is_female=is_female,
        other_sex=random.random(count) < 0.002,
        education=education,
        place=place,
        next_place=next_place,
        moves_on=np.where(moves, moving_day, AFTER_ALL_DAYS),
        register_number=register_number,
        bis_number=bis_number,
        registered_on=registered_on,
    )


def identified(persons: Persons, chosen: Bools) -> Persons:
    """The persons, the chosen ones with a register number from the start and one residence for
    good.
    """
    number = _allocate(persons.birth, persons.is_female, np.zeros(len(persons), np.int64))
    return replace(
        persons,
        register_number=np.where(chosen, number, persons.register_number),
        bis_number=np.where(chosen, 0, persons.bis_number),
        registered_on=np.where(chosen, BEFORE_ALL_DAYS, persons.registered_on),
        moves_on=np.where(chosen, AFTER_ALL_DAYS, persons.moves_on),
    )


def check_digits(first_nine: Ints, born_from_2000: Bools) -> Ints:
    """97 less the remainder by 97 of the first nine digits, with a 2 before them for births from
    2000 on.
    """
    return 97 - (first_nine + np.where(born_from_2000, 2_000_000_000, 0)) % 97


def _allocate(birth: Ints, is_female: Bools, month_shift: Ints) -> Ints:
    """Distinct numbers; 0 for the few persons whose birthday has run out of serials."""
    months = months_of(birth)
    year, month = 1970 + months // 12, months % 12 + 1
    first_of_month = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    date_digits = (year % 100) * 10_000 + (month + month_shift) * 100 + birth - first_of_month + 1
    # odd serials are men's: the one who registered first that day is not always 001
    key = date_digits * 2 + is_female
    rank = rank_within(key)
    serial = 1 + is_female + 2 * ((key * 7919 + rank * 7) % SERIALS_PER_SEX)
    first_nine = date_digits * 1000 + serial
    number = first_nine * 100 + check_digits(first_nine, year >= 2000)
    return np.where(rank < SERIALS_PER_SEX, number, 0)


def _size_of_areas(geography: Geography) -> Floats:
    return np.asarray(np.bincount(geography.area_of_place, weights=geography.weights), np.float64)
