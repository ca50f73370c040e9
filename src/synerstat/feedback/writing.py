"""Writes the reports of a warehouse, whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
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
    languages: Iterable[str] = (),
) -> WrittenFeedback:
    """Write the reports on all deliveries of the quarter that was built, and on all refused ones.

    They stand in <warehouse>/quality/feedback/<operator>/<quarter>-<sequence>.<language>.html, .csv
    and .json, in the operator's own language and in each of `languages`. What an earlier build
    wrote there is replaced. The caller holds the warehouse.

    Raises FeedbackError where a text is missing.
    """
    folder = Warehouse(warehouse).feedback
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
        else read_reports(
            Warehouse(warehouse).database, rule_set_version, persons_are_invented=invented
        )
    )
    contracts = {c.operator: c for c in load_contracts(project / "contracts")}
    folder.parent.mkdir(parents=True, exist_ok=True)
    # what a run that was killed has left
    for left_over in folder.parent.glob(".feedback-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=".feedback-", dir=folder.parent))
    discarded = Path(f"{temporary}-discarded")
    try:
        pages = _write_all(
            [*built, *(r for r in refused if r)],
            Warehouse(warehouse).database,
            contracts,
            project,
            temporary,
            tuple(languages),
        )
        temporary.chmod(0o777 & ~_mask())
        if folder.exists():
            # out of sight at once, however long removing takes
            folder.rename(discarded)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(discarded, ignore_errors=True)
    return WrittenFeedback(folder, pages)


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
    reports: list[FeedbackReport],
    database: Path,
    contracts: Mapping[str, DeliveryContract],
    project: Path,
    folder: Path,
    languages: tuple[str, ...],
) -> tuple[str, ...]:
    texts: dict[str, Texts] = {}
    pages = []
    for report in reports:
        contract = contracts.get(report.operator)
        own = contract.language if contract else "en"
        for language in dict.fromkeys((own, *languages)):
            if language not in texts:
                texts[language] = load_texts(project, language)
            page = write_report(
                report, texts[language], contract, folder / report.operator, report.delivery
            )
            pages.append(page.relative_to(folder).as_posix())
        if contract:
            write_quarantine(
                database, report, contract, page.with_name(f"{report.delivery}{ENDING}")
            )
    return tuple(sorted(pages))
