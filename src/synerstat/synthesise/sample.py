"""The project's sample: eight quarters, small enough to load in seconds, with the mobility of 2019
at full size.

The background of each operator is a sample of a few hundred persons. Mobility is not sampled: as
many job-seekers are invented as SYNERJOB published for 2019 (trained by a partner), so that the
mobility table that is built from the sample can be held against the published one. What the home
operators report of them stays incomplete, as it is.
"""

from dataclasses import replace
from pathlib import Path

from synerstat.synthesise.dirt import Dirt
from synerstat.synthesise.invent import (
    Flow,
    Population,
    SynthesisResult,
    synthesise_population,
)
from synerstat.synthesise.periods import quarters_between
from synerstat.warehouse import Progress, silent

FIRST_QUARTER = "2018Q1"
LAST_QUARTER = "2019Q4"
SEED = 2021

PUBLISHED_YEAR = 2019
PUBLISHED_FLOWS = (
    Flow("BE336", "forem", PUBLISHED_YEAR, 47),
    Flow("BE1", "forem", PUBLISHED_YEAR, 327),
    Flow("BE2", "forem", PUBLISHED_YEAR, 171),
    Flow("BE3X", "adg", PUBLISHED_YEAR, 35),
    Flow("BE3X", "bruxelles_formation", PUBLISHED_YEAR, 354),
    Flow("BE3X", "vdab", PUBLISHED_YEAR, 32),
)
"""Job-seekers trained by a partner in 2019: SYNERJOB, interregional mobility."""

OTHER_FLOWS = (
    Flow("BE1", "vdab", PUBLISHED_YEAR, 60),
    Flow("BE2", "bruxelles_formation", PUBLISHED_YEAR, 14),
    Flow("BE336", "vdab", PUBLISHED_YEAR, 5),
    Flow("BE336", "bruxelles_formation", PUBLISHED_YEAR, 2),
    Flow("BE2", "adg", PUBLISHED_YEAR, 3),
    Flow("BE1", "adg", PUBLISHED_YEAR, 1),
)
"""The flows that the published table leaves out: small, and invented."""

SHARE_IN_THE_YEAR_BEFORE = 0.75
"""Persons of the year before, as a share of the published year; none of them comes back in it."""

POPULATION = Population(
    persons=670,
    volumes={"vdab": 0.47, "forem": 0.19, "bruxelles_formation": 0.17, "adg": 0.17},
    flows=(
        *PUBLISHED_FLOWS,
        *OTHER_FLOWS,
        *(
            replace(f, year=f.year - 1, persons=round(f.persons * SHARE_IN_THE_YEAR_BEFORE))
            for f in (*PUBLISHED_FLOWS, *OTHER_FLOWS)
        ),
    ),
    # the smallest operator has someone in each training type in every quarter
    type_shares={
        "adg": {
            **{"VOC": 0.26, "TRV_LAN": 0.18, "TRV_ICT": 0.13, "INT": 0.11},
            **{"TRY": 0.12, "IWT": 0.10, "ALT": 0.05, "_X": 0.05},
        }
    },
    days_factor=0.7,
)

DIRT = replace(
    Dirt.all(),
    missing_record_ids=0.0012,
    missing_persons=0.0012,
    missing_starts=0.0012,
    missing_training_types=0.001,
    unmapped_organiser=0.001,
    unmapped_sex=0.002,
    start_after_quarter=0.003,
    conflicting_identifiers=0.0015,
    unreadable_rows=0.0015,
    vanished_records=0.02,
    replaced_sequences=0.12,
)
"""Rare kinds are a little less rare, so that each of them occurs."""


def write_sample(
    out: Path,
    *,
    contracts: Path = Path("contracts"),
    seeds: Path = Path("seeds"),
    progress: Progress = silent,
) -> SynthesisResult:
    """Write the project's sample deliveries, 2018Q1 to 2019Q4. Always the same bytes.

    Raises UsageError where `out` holds something already, or a seed is missing.
    """
    return synthesise_population(
        out,
        POPULATION,
        quarters_between(FIRST_QUARTER, LAST_QUARTER),
        SEED,
        DIRT,
        contracts=contracts,
        seeds=seeds,
        progress=progress,
    )
