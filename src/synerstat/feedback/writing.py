"""Writes the reports of a warehouse, whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from synerstat.contracts import DeliveryContract, load_contracts
from synerstat.feedback.quarantine import ENDING, write_quarantine
from synerstat.feedback.reading import read_reports, refused_report
from synerstat.feedback.rendering import render_csv, render_html, render_json
from synerstat.feedback.reports import FeedbackReport
from synerstat.feedback.texts import Texts, load_texts
from synerstat.warehouse import (
    Warehouse,
    landed_deliveries,
    persons_are_invented,
    refused_deliveries,
)

# what the reports need, and the models and seeds behind it
FEEDBACK_MODELS = "+path:models/feedback +mart_delivery_accounting"


@dataclass(frozen=True)
class WrittenFeedback:
    """What was written: the folder, and the pages in it, relative to it."""

    folder: Path
    pages: tuple[str, ...]


def write_feedback(
    project: Path,
    warehouse: Path,
    rule_set_version: str,
) -> WrittenFeedback:
    """Write the reports on all deliveries of the quarter that was built, and on all refused ones.

    They stand in <warehouse>/quality/feedback/<operator>/<quarter>-<sequence>.<language>.html, .csv
    and .json, in the operator's own language, and beside it in feedback_published as a publication
    holds them. What an earlier build wrote there is replaced.
    The caller holds the warehouse.

    Raises FeedbackError where a text is missing.
    """
    store = Warehouse(warehouse)
    invented = persons_are_invented(warehouse)
    refusals = refused_deliveries(warehouse)
    refused = [
        refused_report(each, rule_set_version, persons_are_invented=invented)
        for each in refusals
        if each.operator
    ]
    # the sample stands in where nothing has landed: it is no answer to what was refused
    built = (
        ()
        if refusals and not landed_deliveries(warehouse)
        else read_reports(store.database, rule_set_version, persons_are_invented=invented)
    )
    reports = [*built, *(r for r in refused if r)]
    contracts = {c.operator: c for c in load_contracts(project / "contracts")}
    known_texts: dict[str, Texts] = {}

    def texts(language: str) -> Texts:
        if language not in known_texts:
            known_texts[language] = load_texts(project, language)
        return known_texts[language]

    with _replacing(store.feedback) as temporary:
        pages = _write_all(reports, contracts, texts, temporary)
        for report in reports:
            if contract := contracts.get(report.operator):
                quarantine = temporary / report.operator / f"{report.delivery}{ENDING}"
                write_quarantine(store.database, report, contract, quarantine)
    with _replacing(store.published_feedback) as temporary:
        _write_all([r.published() for r in reports], contracts, texts, temporary)
    return WrittenFeedback(store.feedback, pages)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A folder to write to, which takes the place of the one that is there, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # what a run that was killed has left
    for left_over in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    discarded = Path(f"{temporary}-discarded")
    try:
        yield temporary
        temporary.chmod(0o777 & ~_mask())
        if folder.exists():
            # out of sight at once, however long removing takes
            folder.rename(discarded)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(discarded, ignore_errors=True)


def _mask() -> int:
    """Which rights new files of this process do not get."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_report(
    report: FeedbackReport,
    texts: Texts,
    contract: DeliveryContract | None,
    folder: Path,
    name: str,
) -> Path:
    """Write one report as page, table and for programs; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name}.{texts.language}"
    page = folder / f"{stem}.html"
    page.write_text(render_html(report, texts, contract, stem), "utf-8", newline="\n")
    table = folder / f"{stem}.csv"
    table.write_text(render_csv(report, texts, contract), "utf-8", newline="")
    (folder / f"{stem}.json").write_text(
        render_json(report, texts, contract), "utf-8", errors="backslashreplace", newline="\n"
    )
    return page


def _write_all(
    reports: Iterable[FeedbackReport],
    contracts: Mapping[str, DeliveryContract],
    texts: Callable[[str], Texts],
    folder: Path,
) -> tuple[str, ...]:
    pages = []
    for report in reports:
        contract = contracts.get(report.operator)
        language = contract.language if contract else "en"
        page = write_report(
            report, texts(language), contract, folder / report.operator, report.delivery
        )
        pages.append(page.relative_to(folder).as_posix())
    return tuple(sorted(pages))
