"""Writes the quality report of a vintage: for programs, and as a page in each language.

quality/quality-report.json
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from synerstat.publish.formats.vocabulary import Edition
from synerstat.quality_report.reading import read_report
from synerstat.warehouse import write_json

NAME = "quality-report"


def write_quality_report(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    edition: Edition,
    variables: Mapping[str, Any],
    previous: Path | None,
) -> None:
    """Write the report of the vintage in the folder, below quality/.

    `variables` are those of the rules, `previous` is the vintage that this one was compared with;
    its revisions.csv must have been written.
    """
    target = folder / "quality"
    target.mkdir(exist_ok=True)
    report = read_report(connection, relations, edition, variables, folder, previous)
    write_json(target / f"{NAME}.json", report)
