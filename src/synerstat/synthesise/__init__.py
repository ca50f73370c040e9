"""Safe invented deliveries in the dialects of all operators: nobody in them exists."""

from synerstat.synthesise.dirt import Dirt
from synerstat.synthesise.invent import (
    Flow,
    Population,
    SynthesisedDelivery,
    SynthesisResult,
    synthesise,
)
from synerstat.synthesise.sample import write_sample

__all__ = [
    "Dirt",
    "Flow",
    "Population",
    "SynthesisResult",
    "SynthesisedDelivery",
    "synthesise",
    "write_sample",
]
