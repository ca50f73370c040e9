"""Safe invented deliveries in the dialects of all operators: nobody in them exists."""

from synerstat.synthesise.dirt import Dirt
from synerstat.synthesise.invent import (
    Flow,
    Population,
    SynthesisedDelivery,
    SynthesisResult,
    synthesise,
)

__all__ = [
    "Dirt",
    "Flow",
    "Population",
    "SynthesisResult",
    "SynthesisedDelivery",
    "synthesise",
]
