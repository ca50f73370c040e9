"""Files out: a publication of the quarter that was built."""

from synerstat.publish.publication import CellCounts, Publication, publish

__all__ = ["CellCounts", "Publication", "publish"]
