"""The published data sets: which mart each comes from, its dimensions and its indicators."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dimension:
    """A column that says what a cell is about; `code_list` has its codes (None for periods)."""

    column: str
    code_list: str | None


@dataclass(frozen=True)
class Indicator:
    """A figure of a cell. The models `int_<data set>__figures` say what it is made of."""

    code: str


@dataclass(frozen=True)
class DataSet:
    """A published data set, in long form: one row per cell and indicator."""

    name: str
    mart: str
    dimensions: tuple[Dimension, ...]
    indicators: tuple[Indicator, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that together name one row."""
        return (*(dimension.column for dimension in self.dimensions), "indicator")


FREQ = Dimension("freq", "FREQ")
PERIOD = Dimension("time_period", None)
TRAINING_AREA = Dimension("training_area", "AREA")
RESIDENCE_AREA = Dimension("residence_area", "AREA")
OPERATOR = Dimension("operator", "OPERATOR")
HOME_OPERATOR = Dimension("home_operator", "OPERATOR")
HOST_OPERATOR = Dimension("host_operator", "OPERATOR")
TRAINING_TYPE = Dimension("training_type", "TRAINING_TYPE")
DELIVERY_MODE = Dimension("delivery_mode", "DELIVERY_MODE")
SEX = Dimension("sex", "SEX")
AGE_GROUP = Dimension("age_group", "AGE_GROUP")
EDUCATION_LEVEL = Dimension("education_level", "EDUCATION_LEVEL")
LABOUR_STATUS = Dimension("labour_status", "LABOUR_STATUS")

MEASURES = tuple(
    Indicator(code)
    for code in (
        "PRESENT",
        "ENTRANTS",
        "LEAVERS",
        "STOCK",
        "PARTICIPATIONS",
        "ENTRIES",
        "HOURS",
    )
)
MIRROR = tuple(Indicator(code) for code in ("MIRROR_HOME", "MIRROR_HOST", "MIRROR_ASYMMETRY"))

DATA_SETS = (
    DataSet(
        "training",
        "mart_participants_by_training",
        (FREQ, PERIOD, TRAINING_AREA, OPERATOR, TRAINING_TYPE, DELIVERY_MODE),
        MEASURES,
    ),
    DataSet(
        "profile",
        "mart_participants_by_profile",
        (FREQ, PERIOD, TRAINING_AREA, SEX, AGE_GROUP, EDUCATION_LEVEL),
        MEASURES,
    ),
    DataSet(
        "status",
        "mart_participants_by_status",
        (FREQ, PERIOD, OPERATOR, TRAINING_TYPE, LABOUR_STATUS, SEX),
        MEASURES,
    ),
    DataSet(
        "mobility",
        "mart_interregional_mobility",
        (FREQ, PERIOD, RESIDENCE_AREA, OPERATOR),
        MEASURES,
    ),
    DataSet(
        "mirror",
        "mart_mirror_flows",
        (FREQ, PERIOD, HOME_OPERATOR, HOST_OPERATOR),
        MIRROR,
    ),
)
