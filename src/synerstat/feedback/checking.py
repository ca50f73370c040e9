"""The dry run: an operator checks a delivery on its own machine before it sends it.

No warehouse and no secret are needed, and nothing is sent or fetched. Everything but the report
lives in a temporary folder for the user alone, which is gone afterwards.
"""

import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synerstat.build import build_models, rule_set_version
from synerstat.contracts import DeliveryContract, load_contracts
from synerstat.errors import UsageError, WarehouseBusyError
from synerstat.feedback.quarantine import ENDING, write_quarantine
from synerstat.feedback.reading import read_reports, refused_report
from synerstat.feedback.reports import FeedbackReport
from synerstat.feedback.texts import load_texts
from synerstat.feedback.writing import FEEDBACK_MODELS, write_report
from synerstat.intake import run_intake
from synerstat.intake.limits import IntakeLimits
from synerstat.intake.manifest import FOLDER, read_manifest_bytes
from synerstat.intake.results import RefusedError
from synerstat.warehouse import Progress, Warehouse, exclusive, refused_deliveries, silent

_PREFIX = "synerstat-check-"
# a folder that is younger may belong to a check that is about to lock it
_SURELY_LOCKED_SECONDS = 60


@dataclass(frozen=True)
class DeliveryCheck:
    """What a check found, and where its reports are."""

    report: FeedbackReport
    pages: tuple[Path, ...]
    notices: tuple[str, ...]


def check_delivery(
    project: Path,
    delivery: Path,
    out: Path,
    languages: Sequence[str] = (),
    *,
    limits: IntakeLimits | None = None,
    threads: int = 2,
    memory_limit: str = "3GB",
    progress: Progress = silent,
) -> DeliveryCheck:
    """Judge the delivery in the folder `delivery` and write the report to `out`.

    Whose delivery it is and of which quarter is read from the folder's name
    (<operator>/<quarter>-<sequence>) and its manifest. Without `languages` the report is written in
    the operator's own one.

    Raises UsageError where neither says what the delivery is.
    """
    contracts = {c.operator: c for c in load_contracts(project / "contracts")}
    operator, quarter, sequence = _identify(delivery, contracts)
    contract = contracts[operator]
    version = rule_set_version(project)
    # made for its owner only, mode 0700
    _remove_left_overs()
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX) as temporary,
        exclusive(Path(temporary), "check"),
    ):
        place = Path(temporary) / "deliveries" / operator / f"{quarter}-{sequence}"
        place.parent.mkdir(parents=True)
        try:
            place.symlink_to(delivery.resolve(), target_is_directory=True)
        except OSError:
            # not every system lets every user make links
            shutil.copytree(delivery, place, symlinks=True)
        warehouse = Path(temporary) / "warehouse"
        taken_in = run_intake(
            place.parents[1],
            warehouse,
            project / "contracts",
            secrets.token_hex(32),
            progress,
            limits=limits,
        )
        refused = refused_deliveries(warehouse)
        if refused:
            report = refused_report(refused[0], version, is_check=True)
        else:
            for command in ("seed", "run"):
                build_models(
                    project,
                    warehouse,
                    quarter,
                    command=command,
                    select=FEEDBACK_MODELS,
                    threads=threads,
                    memory_limit=memory_limit,
                    progress=progress,
                )
            reports = read_reports(Warehouse(warehouse).database, version, is_check=True)
            report = next((each for each in reports), None)
        if report is None:
            raise UsageError(
                f"Nothing in {delivery} could be read as a delivery. Check that it is a folder "
                "with a manifest.json."
            )
        name = f"{operator}-{report.delivery}"
        pages = tuple(
            write_report(report, load_texts(project, language), contract, out, name)
            for language in dict.fromkeys(languages or (contract.language,))
        )
        # what an earlier check found is no answer to this one
        (out / f"{name}{ENDING}").unlink(missing_ok=True)
        write_quarantine(Warehouse(warehouse).database, report, contract, out / f"{name}{ENDING}")
        return DeliveryCheck(report, pages, tuple(notice.message for notice in taken_in.notices))


def _user(otherwise: int) -> int:
    """The user's number; `otherwise` on systems that have none."""
    return os.getuid() if hasattr(os, "getuid") else otherwise


def _remove_left_overs() -> None:
    """Remove what a check that was killed has left: persons' numbers may stand in it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            status = folder.lstat()
            is_old = time.time() - status.st_mtime > _SURELY_LOCKED_SECONDS
            if folder.is_symlink() or not is_old or status.st_uid != _user(status.st_uid):
                continue
            with exclusive(folder, "check"):
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, WarehouseBusyError):
            # gone meanwhile, or at work
            continue


def _identify(delivery: Path, contracts: dict[str, DeliveryContract]) -> tuple[str, str, int]:
    """Operator, quarter and sequence: by the folder where it is named as it should be."""
    folder = delivery.resolve()
    told = _told_by_manifest(folder)
    operator = folder.parent.name if folder.parent.name in contracts else told.get("operator")
    named = FOLDER.fullmatch(folder.name) or FOLDER.fullmatch(
        f"{told.get('reference_quarter')}-{told.get('sequence')}"
    )
    if not isinstance(operator, str) or operator not in contracts or named is None:
        raise UsageError(
            f"{delivery} does not say whose delivery it is, and of which quarter. Name the folder "
            "as it is sent, <operator>/<quarter>-<sequence> (forem/2019Q4-1), with the operator "
            f"one of {', '.join(contracts)}; or give both in its manifest.json."
        )
    return operator, named[1], int(named[2])


def _told_by_manifest(folder: Path) -> dict[str, object]:
    """What the manifest says, unchecked; nothing where it can't be read."""
    try:
        content = json.loads(read_manifest_bytes(folder, IntakeLimits()))
    except (RefusedError, OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
