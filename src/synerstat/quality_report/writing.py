"""Writes the quality report of a vintage: for programs, and as a page in each language.

quality/quality-report.json
quality/quality-report.<language>.html
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from synerstat.publish.formats.vocabulary import LANGUAGES, Edition, read_code_lists
from synerstat.publish.revisions import LargeRevisions
from synerstat.quality_report.reading import read_report
from synerstat.quality_report.rendering import render_html
from synerstat.warehouse import write_json

NAME = "quality-report"


def write_quality_report(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    edition: Edition,
    variables: Mapping[str, Any],
    large: LargeRevisions,
    previous: Path | None,
) -> None:
    """Write the report of the vintage in the folder, below quality/.

    `variables` are those of the rules, `previous` is the vintage that this one was compared with,
    and `large` its large revisions; the relation `code_lists` holds the labels.

    Raises PublicationError where a text is not translated.
    """
    target = folder / "quality"
    target.mkdir(exist_ok=True)
    report = read_report(connection, relations, edition, variables, large, previous)
    write_json(target / f"{NAME}.json", report)
    lists = read_code_lists(connection)
    for language in LANGUAGES:
        page = render_html(report, language, lists, NAME)
        (target / f"{NAME}.{language}.html").write_text(page, "utf-8", newline="\n")
