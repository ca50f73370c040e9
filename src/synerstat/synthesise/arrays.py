"""The array types of this package, and drawing at random without a loop."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = Any
"""A pyarrow string array."""


def random_stream(seed: int, *path: int) -> np.random.Generator:
    """A stream of random numbers of its own for each path, so that one part does not disturb
    another.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *path])))


def choose(weights: Floats, chance: Floats) -> Ints:
    """Indices of `weights`, one for each chance in [0, 1), as often as their weight says."""
    bounds = np.cumsum(weights)
    found = np.searchsorted(bounds, chance * bounds[-1], side="right")
    return np.asarray(np.minimum(found, len(weights) - 1), np.int64)


def rank_within(groups: Ints) -> Ints:
    """For each element how many of the same group stand before it: 0, 1, 2, ..."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    lengths = np.diff(np.r_[starts, len(groups)])
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, lengths)
    return ranks
