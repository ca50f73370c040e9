"""Data Docs: what Great Expectations found, as pages that need no network.

The pages of the library load styles and scripts from other hosts and list no runs without them.
These show the same results, each expectation of each suite, in one file per run:

<folder>/index.html             the runs, the last one first
<folder>/<run>.html             a run: its suites, its expectations and what they found
<folder>/runs/<run>.json        the same for programs; what the pages are made of
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from synerstat.alone import environment, policy, report_style
from synerstat.warehouse import (
    ExpectationOutcome,
    ExpectationsResult,
    expectations_from,
    write_json,
)

# an older run goes when a new one comes
RUNS_KEPT = 20


@dataclass(frozen=True)
class Run:
    """One run of the suites on a build. `checked_at` is in UTC; None in a publication."""

    name: str
    reference_quarter: str
    checked_at: datetime | None
    result: ExpectationsResult

    @property
    def failed(self) -> int:
        """Blocking expectations that did not hold."""
        return self._broken("blocking")

    @property
    def warned(self) -> int:
        """Warning expectations that did not hold."""
        return self._broken("warning")

    def _broken(self, severity: str) -> int:
        return sum(not o.passed and o.severity == severity for o in self.result.outcomes)

    def of(self, suite: str) -> tuple[ExpectationOutcome, ...]:
        """The outcomes of a suite, those that did not hold first."""
        found = [each for each in self.result.outcomes if each.suite == suite]
        return tuple(sorted(found, key=lambda each: each.passed))


def note_run(folder: Path, quarter: str, result: ExpectationsResult, now: datetime) -> Path:
    """Add a run to the Data Docs in the folder and write their pages; return the index.

    A run that found the same as the one before it adds nothing. What it found may hold small counts
    of the marts: these pages stay in the warehouse.
    """
    runs = folder / "runs"
    content = {"reference_quarter": quarter, **asdict(result)}
    known = sorted(runs.glob("*.json"))
    if not known or _found(known[-1]) != json.loads(json.dumps(content)):
        # a clock that was set back must not bring a run out of order
        name = max(f"{now:%Y%m%dT%H%M%SZ}", known[-1].stem.split("-")[0] if known else "")
        write_json(
            runs / f"{name}-{quarter}.json",
            {"checked_at": now.isoformat("T", "seconds"), **content},
        )
    known = sorted(runs.glob("*.json"))
    for old in known[:-RUNS_KEPT]:
        old.unlink()
        (folder / f"{old.stem}.html").unlink(missing_ok=True)
    return _write(folder, [_read(path) for path in reversed(known[-RUNS_KEPT:])])


def write_published_docs(folder: Path, quarter: str, result: ExpectationsResult) -> Path:
    """Write the Data Docs of the one run behind a publication; return the index.

    Of what did not hold they say only how many cells: the cells themselves are not protected.
    """
    told = tuple(replace(each, message="") for each in result.outcomes)
    shown = replace(result, failures=(), warnings=(), outcomes=told)
    write_json(folder / "runs" / f"{quarter}.json", {"reference_quarter": quarter, **asdict(shown)})
    return _write(folder, [Run(quarter, quarter, None, shown)])


def _found(path: Path) -> dict[str, Any]:
    """What a noted run found, without when."""
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    content.pop("checked_at")
    return content


def _read(path: Path) -> Run:
    content = json.loads(path.read_text("utf-8"))
    return Run(
        path.stem,
        content["reference_quarter"],
        datetime.fromisoformat(content["checked_at"]).astimezone(UTC),
        expectations_from(content),
    )


def _write(folder: Path, runs: Sequence[Run]) -> Path:
    for run in runs:
        _page(folder / f"{run.name}.html", "run.html.j2", {"run": run})
    index = folder / "index.html"
    _page(index, "index.html.j2", {"runs": runs})
    return index


def _page(path: Path, template: str, context: Mapping[str, Any]) -> None:
    style = report_style("synerstat.data_docs", "docs.css")
    page = _environment().get_template(template)
    text = page.render(style=Markup(style), policy=policy(style, images=True), **context)
    temporary = path.with_suffix(".partial")
    temporary.write_text(text, "utf-8", newline="\n")
    temporary.replace(path)


@cache
def _environment() -> jinja2.Environment:
    return environment("synerstat.data_docs")
