"""What training looks like at each operator: volumes, types, durations, the unit of a record,
mobility.

Orders of magnitude only, from the operators' annual reports; nobody's figures. An operator without
a profile of its own gets `DEFAULT_PROFILE`, so that a fifth one needs no line here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

OUT_OF_SCOPE = "_X"


class Unit(Enum):
    """What one record of an operator is."""

    MODULE = "module of a programme"
    MONTH = "month of a contract"
    CONTRACT = "contract with a planned end"
    PARTICIPATION = "participation"


@dataclass(frozen=True)
class TypeProfile:
    """One training type: mean days, mean hours on a day of training (calendar days), programmes on
    offer.
    """

    days: float
    hours_per_day: float
    programmes: int
    has_modules: bool = False


TYPES: Mapping[str, TypeProfile] = {
    "VOC": TypeProfile(95, 3.6, 45, has_modules=True),
    "TRV_LAN": TypeProfile(60, 2.1, 14, has_modules=True),
    "TRV_ICT": TypeProfile(24, 2.8, 10, has_modules=True),
    "INT": TypeProfile(26, 5.0, 24),
    "TRY": TypeProfile(12, 4.8, 30),
    "IWT": TypeProfile(125, 5.2, 36),
    "ALT": TypeProfile(280, 3.9, 16, has_modules=True),
    OUT_OF_SCOPE: TypeProfile(20, 2.6, 14),
}

TYPE_SHARES: Mapping[str, float] = {
    "VOC": 0.43,
    "TRV_LAN": 0.17,
    "TRV_ICT": 0.09,
    "INT": 0.06,
    "TRY": 0.08,
    "IWT": 0.11,
    "ALT": 0.03,
    OUT_OF_SCOPE: 0.08,
}

# Who goes elsewhere goes for the other language, or to an employer there.
MOBILE_TYPE_SHARES: Mapping[str, float] = {
    "VOC": 0.30,
    "TRV_LAN": 0.30,
    "TRV_ICT": 0.08,
    "INT": 0.05,
    "TRY": 0.09,
    "IWT": 0.16,
    "ALT": 0.02,
}

STATUS_SHARES: Mapping[str, float] = {"JSK": 0.84, "EMP": 0.10, "STU": 0.04, "OTH": 0.02}
STATUS_SHARES_OF_TYPE: Mapping[str, Mapping[str, float]] = {
    "ALT": {"JSK": 0.28, "EMP": 0.07, "STU": 0.63, "OTH": 0.02},
    "IWT": {"JSK": 0.96, "EMP": 0.02, "STU": 0.01, "OTH": 0.01},
    "TRY": {"JSK": 0.94, "EMP": 0.02, "STU": 0.02, "OTH": 0.02},
}
EDUCATION_SHARES: Mapping[str, float] = {"ED0-2": 0.41, "ED3_4": 0.36, "ED5-8": 0.17, "_N": 0.06}
MODE_SHARES: Mapping[str, float] = {"F2F": 0.83, "BLE": 0.10, "DIS": 0.07}
MODE_SHARES_OF_DISTANCE_YEARS: Mapping[str, float] = {"F2F": 0.33, "BLE": 0.25, "DIS": 0.42}
TYPES_WITHOUT_MODE = ("INT", "TRY", "IWT")


@dataclass(frozen=True)
class OperatorProfile:
    """One operator. `volume`: its share of the persons; `attracts`: area -> share of the persons
    living there whom it trains though they live outside its home area; `reports_of`: host operator
    -> share of mobile participations that this operator, as home operator, reports too, where it
    is not the usual share.
    """

    volume: float = 0.05
    unit: Unit = Unit.PARTICIPATION
    file_name: str = "records"
    record_prefix: str = "R"
    client_prefix: str = "K"
    places_are_post_codes: bool = False
    leaves_own_name_out: float = 0.25
    bis_numbers: float = 0.06
    type_shares: Mapping[str, float] = field(default_factory=lambda: TYPE_SHARES)
    days_factors: Mapping[str, float] = field(default_factory=dict)
    attracts: Mapping[str, float] = field(default_factory=dict)
    reports_of: Mapping[str, float] = field(default_factory=dict)


DEFAULT_PROFILE = OperatorProfile()

PROFILES: Mapping[str, OperatorProfile] = {
    "vdab": OperatorProfile(
        volume=0.55,
        unit=Unit.MODULE,
        file_name="inschrijvingen",
        record_prefix="I",
        client_prefix="V",
        days_factors={"IWT": 1.25, "TRY": 1.4},
        attracts={"BE1": 0.10, "BE3X": 0.004, "BE336": 0.01},
    ),
    "forem": OperatorProfile(
        volume=0.29,
        unit=Unit.MONTH,
        file_name="prestations",
        record_prefix="P",
        client_prefix="DE",
        type_shares={**TYPE_SHARES, "TRY": 0.11, "TRV_LAN": 0.12, "VOC": 0.47},
        days_factors={"TRY": 0.7, "VOC": 0.9},
        attracts={"BE1": 0.04, "BE2": 0.004, "BE336": 0.10},
    ),
    "bruxelles_formation": OperatorProfile(
        volume=0.13,
        unit=Unit.CONTRACT,
        file_name="contrats",
        record_prefix="C",
        client_prefix="S",
        bis_numbers=0.12,
        type_shares={**TYPE_SHARES, "TRV_LAN": 0.27, "TRV_ICT": 0.12, "TRY": 0.04, "IWT": 0.07},
        days_factors={"IWT": 1.1, "TRV_LAN": 0.8},
        attracts={"BE2": 0.004, "BE3X": 0.02, "BE336": 0.002},
        # Dutch-speaking job-seekers of Brussels go to VDAB without the home operator's knowledge
        reports_of={"vdab": 0.12},
    ),
    "adg": OperatorProfile(
        volume=0.03,
        unit=Unit.PARTICIPATION,
        file_name="massnahmen",
        record_prefix="T",
        client_prefix="K",
        places_are_post_codes=True,
        type_shares={**TYPE_SHARES, "TRV_LAN": 0.25, "VOC": 0.33, "ALT": 0.05, "INT": 0.07},
        attracts={"BE3X": 0.002, "BE2": 0.0002, "BE1": 0.0003},
    ),
}


def profile_of(operator: str) -> OperatorProfile:
    """The profile of an operator, or the default one."""
    return PROFILES.get(operator, DEFAULT_PROFILE)
