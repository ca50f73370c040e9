"""The published data sets: which mart each comes from, its dimensions and its indicators."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dimension:
    """A column that says what a cell is about; `code_list` has its codes (None for periods)."""

    column: str
    code_list: str | None


@dataclass(frozen=True)
class Indicator:
    """A figure of a cell: its code, the mart's expression, and the persons it rests on.

    `persons` are expressions of counts of distinct persons; the figure is withheld where any of
    them is small.
    """

    code: str
    value: str
    persons: tuple[str, ...]


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

# EXITS is left out: with present(Q) = present(Q-1) - left(Q-1) + entered(Q) it would let withheld
# participations be computed from one quarter to the next.
MEASURES = (
    Indicator("PRESENT", "participants_present", ("participants_present",)),
    Indicator("ENTRANTS", "participants_entered", ("participants_entered",)),
    Indicator("LEAVERS", "participants_left", ("participants_left",)),
    Indicator("STOCK", "participants_stock", ("participants_stock",)),
    Indicator("PARTICIPATIONS", "participations_present", ("participants_present",)),
    Indicator("ENTRIES", "participations_entered", ("participants_entered",)),
    Indicator("HOURS", "training_hours", ("participants_present",)),
)

# The asymmetry in whole per cent: readers who want it finer have both figures beside it.
MIRROR = (
    Indicator("MIRROR_HOME", "reported_by_home", ("reported_by_home",)),
    Indicator("MIRROR_HOST", "reported_by_host", ("reported_by_host",)),
    Indicator(
        "MIRROR_ASYMMETRY", "round(100 * asymmetry)", ("reported_by_home", "reported_by_host")
    ),
)

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
