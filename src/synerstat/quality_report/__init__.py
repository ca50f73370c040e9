"""The quality report of the quarter: headings of the European structure, computed indicators.

All figures are computed in SQL: by the models `pub_quality_*`, which hold only what may be shown,
and, for revisions, over the published files. Here they are read, put into words and written.
"""

from synerstat.quality_report.reading import read_report
from synerstat.quality_report.writing import write_quality_report

__all__ = ["read_report", "write_quality_report"]
