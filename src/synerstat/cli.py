"""The command line: parses, calls, tells. The one place that reads the secret and options
from the environment.

Exit codes: 0 done; 1 unexpected error; 2 wrong usage; 3 done, but something was refused or a
blocking check failed, so nothing was published.
"""

import atexit
import json
import logging
import os
import re
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import duckdb
import typer
from rich.console import Console
from rich.status import Status

import synerstat
from synerstat import warehouse as store
from synerstat.errors import (
    ChecksFailedError,
    PublicationWithheldError,
    SecretMismatchError,
    SynerstatError,
    UsageError,
)
from synerstat.masking import without_national_numbers
from synerstat.secret import SAMPLE_SECRET, SECRET_VARIABLE, weakness

if TYPE_CHECKING:
    from synerstat.beside import AtHand
    from synerstat.intake import IntakeResult

DONE, UNEXPECTED, USAGE, WITHHELD = 0, 1, 2, 3

# a checksum is no number, though it may hold as many digits in a row
CHECKSUM = re.compile(r"\b((?=\d*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{16}))\b")
QUARTER = re.compile(r"(19|20)[0-9]{2}Q[1-4]")
TARGETS = ("dev", "spark")
LANGUAGES = ("nl", "fr", "de", "en")
MEMORY = re.compile(r"[0-9]+(\.[0-9]+)? ?([KMGT]i?B)", re.IGNORECASE)

app = typer.Typer(
    name="synerstat",
    help="One quarterly statistic of training participants, from the operators' own records.",
    epilog="Exit codes: 0 done; 1 unexpected error; 2 wrong usage; 3 done, but nothing published.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Entry point of the `synerstat` command."""
    # no library reports anything home, whatever its own default
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "0")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    # what libraries warn their callers of is nothing that a user could mend
    warnings.simplefilter("ignore")
    # a library's log that can't be written, on a full disk say, is told by what fails next
    logging.raiseExceptions = False
    try:
        app()
    except SystemExit as ended:
        _end(ended.code)


def _end(code: object) -> NoReturn:
    """End this process at once, with the exit code that was meant.

    Python would take apart what dbt and Great Expectations have built up, which takes seconds and
    leaves nothing behind that is of use.
    """
    # what libraries have yet to do, closing a database say
    atexit._run_exitfuncs()
    number = code if isinstance(code, int) else int(code is not None)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # nobody reads, or the disk is full: not all was said
        number = number or 1
    os._exit(number)


def _quarter(value: str | None) -> str | None:
    if value is not None and not QUARTER.fullmatch(value):
        raise typer.BadParameter(f"{value!r} is no quarter; write the year, Q and 1 to 4: 2019Q4.")
    return value


def _period(value: str) -> str:
    quarter = re.fullmatch(r"((?:19|20)[0-9]{2})-?(Q[1-4])?", value)
    if not quarter:
        raise typer.BadParameter(f"{value!r} is no period; write 2019-Q4 or 2019.")
    return "-".join(filter(None, quarter.groups()))


def _disclosure_control(value: str | None) -> str | None:
    if value not in (None, "full", "primary"):
        raise typer.BadParameter(f"'{value}' is neither full nor primary.")
    return value


def _memory(value: str) -> str:
    if not MEMORY.fullmatch(value):
        raise typer.BadParameter(f"{value!r} is no amount of memory; write 3GB or 512MB.")
    return value


def _target(value: str) -> str:
    if value not in TARGETS:
        raise typer.BadParameter(f"{value!r} is no engine; choose one of {', '.join(TARGETS)}.")
    return value


def _languages(values: list[str] | None) -> list[str]:
    for value in values or ():
        if value not in LANGUAGES:
            raise typer.BadParameter(f"{value!r} is no language; choose of {', '.join(LANGUAGES)}.")
    return list(values or ())


def _version(value: bool) -> None:
    if value:
        typer.echo(f"synerstat {synerstat.__version__}")
        raise typer.Exit


def _project(value: Path | None) -> Path:
    """The project's folder: as named, else the working folder, else where this package lives."""
    if value is not None:
        return value
    here = Path.cwd()
    return here if (here / "dbt_project.yml").exists() else Path(__file__).resolve().parents[2]


Deliveries = Annotated[
    Path,
    typer.Option(exists=True, file_okay=False, help="Folder of the operators' deliveries."),
]
Warehouse = Annotated[Path, typer.Option(file_okay=False, help="Folder of the warehouse.")]
BuiltWarehouse = Annotated[
    Path, typer.Option(exists=True, file_okay=False, help="Folder of a built warehouse.")
]
Out = Annotated[Path, typer.Option(file_okay=False, help="Folder to write to.")]
Quarter = Annotated[
    str | None,
    typer.Option(
        callback=_quarter,
        metavar="2019Q4",
        help="Reference quarter.",
        show_default="the latest that has landed",
    ),
]
Project = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Folder of dbt_project.yml.",
        show_default="the working folder, else where synerstat is installed from",
    ),
]
Threads = Annotated[
    int, typer.Option(min=1, envvar="SYNERSTAT_THREADS", help="Threads that DuckDB may use.")
]
MemoryLimit = Annotated[
    str,
    typer.Option(
        callback=_memory,
        envvar="SYNERSTAT_MEMORY_LIMIT",
        metavar="3GB",
        help="Memory that DuckDB may use before it spills to disk.",
    ),
]
TempDir = Annotated[
    Path | None,
    typer.Option(
        file_okay=False,
        envvar="SYNERSTAT_TEMP_DIR",
        help="Folder for what does not fit into memory; taken away again.",
        show_default="beside the warehouse's database",
    ),
]
Whole = Annotated[
    bool,
    typer.Option(
        "--whole",
        help="Make every table anew, also where the build before could be continued.",
        show_default="",
    ),
]
DisclosureControl = Annotated[
    str | None,
    typer.Option(
        callback=_disclosure_control,
        metavar="full|primary",
        help="Withhold what protects the small counts, too, and audit it; or the small counts "
        "alone, for invented persons only.",
        show_default="full; primary for the sample's invented persons",
    ),
]
Target = Annotated[
    str, typer.Option(callback=_target, metavar="|".join(TARGETS), help="Engine to build on.")
]
Landing = Annotated[
    str | None,
    typer.Option(
        metavar="s3://bucket/landing",
        help="Where the landed deliveries lie, for Spark.",
        show_default="the warehouse's own",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print a machine-readable summary; all else to standard error."),
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help="Another limit for what one delivery may take, see docs/deliveries.md; repeatable.",
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an unexpected error arose.")]


@app.callback()
def options(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """One quarterly statistic of training participants, from the operators' own records."""


@dataclass(frozen=True)
class Engine:
    """What builds and publishes, and what it may take; `memory_limit` looks like 3GB."""

    threads: int
    memory_limit: str
    temp_dir: Path | None
    target: str = TARGETS[0]

    def resources(self) -> dict[str, Any]:
        """What the layers below are told of it, by the names of their arguments."""
        return {
            "threads": self.threads,
            "memory_limit": self.memory_limit,
            "temp_dir": self.temp_dir,
        }


class Report:
    """What a command tells: progress while it runs, a summary at its end."""

    def __init__(self, command: str, as_json: bool, with_summary: bool = True) -> None:
        self.summary: dict[str, Any] = {"command": command}
        self.problems: list[str] = []
        self._as_json = as_json and with_summary
        self._console = Console(stderr=as_json, highlight=False, markup=False, soft_wrap=True)
        self._errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._status: Status | None = None

    def progress(self, message: str, /) -> None:
        """A step: the spinner's text on a terminal, a line elsewhere."""
        if not self._console.is_terminal:
            self.say(message)
            return
        if self._status is None:
            self._status = self._console.status("")
            self._status.start()
        self._status.update(_masked(message))

    def say(self, message: str) -> None:
        """A line that stays."""
        self._console.print(_masked(message))

    def problem(self, message: str) -> None:
        """A reason why nothing is published."""
        self.problems.append(_masked(message))
        self._errors.print(_masked(message), style="yellow")

    def fail(self, message: str) -> None:
        """The error that ends the command."""
        self.summary["error"] = _masked(message)
        self._errors.print(_masked(message), style="bold red")

    def end(self, exit_code: int) -> None:
        """Stop the spinner and print the summary where it was asked for."""
        if self._status is not None:
            self._status.stop()
        if self._as_json:
            summary = {**self.summary, "problems": self.problems, "exit_code": exit_code}
            typer.echo(json.dumps(_plain(summary), indent=2, sort_keys=True, ensure_ascii=False))


@contextmanager
def _reporting(
    command: str, as_json: bool, debug: bool, *, summary: bool = True
) -> Iterator[Report]:
    """Run a command's body; its errors become messages and exit codes."""
    report = Report(command, as_json, summary)
    code = UNEXPECTED
    try:
        yield report
        code = WITHHELD if report.problems else DONE
    except (UsageError, SecretMismatchError) as error:
        code = USAGE
        report.fail(str(error))
    except (ChecksFailedError, PublicationWithheldError) as error:
        code = WITHHELD
        report.problem(str(error))
    except SynerstatError as error:
        report.fail(str(error))
    except (OSError, duckdb.IOException) as error:
        report.fail(
            f"{_fault(error)}. Check free disk space and the access rights of the folder, then run "
            "the same command again. What was there before stays as it is."
        )
    except KeyboardInterrupt:
        report.fail("Stopped. Nothing was published; run the same command again to go on.")
    except Exception as error:
        if debug:
            typer.echo(_masked(traceback.format_exc()), err=True)
        first = (str(error).splitlines() or [""])[0]
        advice = "Nothing was published. Run again with --debug to see where it arose."
        if store.tells_of_damage(first):
            advice = store.MADE_ANEW
        report.fail(f"Unexpected error: {type(error).__name__}: {first}\n{advice}")
    finally:
        report.end(code)
    if code != DONE:
        raise typer.Exit(code)


def _fault(error: Exception) -> str:
    """What the operating system says, and of which file."""
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}: {error.filename or 'a file'}"
    return str(error).splitlines()[0].removesuffix(".")


def _masked(text: str) -> str:
    """The text without the secret and without anything like a national number."""
    secret = os.environ.get(SECRET_VARIABLE, "")
    if len(secret) > 3:
        text = text.replace(secret, "***")
    # every other part is a checksum
    return "".join(
        part if number % 2 else without_national_numbers(part)
        for number, part in enumerate(CHECKSUM.split(text))
    )


def _plain(value: Any) -> Any:
    """The value in JSON's own types."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _masked(str(value))


def _secret() -> str:
    secret = os.environ.get(SECRET_VARIABLE, "").strip()
    if not secret:
        raise UsageError(
            f"The environment variable {SECRET_VARIABLE} is not set, so no delivery is read: "
            "persons' national numbers are replaced by keys made with it.\n"
            f"Set it to your organisation's secret, the same every quarter: "
            f"export {SECRET_VARIABLE}=...\n"
            f"For invented deliveries only, the throw-away secret will do: {SAMPLE_SECRET}"
        )
    if reason := weakness(secret):
        raise UsageError(
            f"The secret in {SECRET_VARIABLE} protects nobody: {reason}. No delivery is read.\n"
            "Make one from random bytes, for instance with: openssl rand -hex 32"
        )
    return secret


@app.command(
    epilog="Example: synerstat synthesise --out deliveries --persons 5000 --from 2018Q1 --to 2019Q4"
)
def synthesise(
    out: Out,
    persons: Annotated[int, typer.Option(min=1, help="Invented persons.")] = 2000,
    first: Annotated[
        str, typer.Option("--from", callback=_quarter, metavar="2018Q1", help="First quarter.")
    ] = "2018Q1",
    last: Annotated[
        str, typer.Option("--to", callback=_quarter, metavar="2019Q4", help="Last quarter.")
    ] = "2019Q4",
    seed: Annotated[int, typer.Option(help="Another seed invents other persons.")] = 1,
    sample: Annotated[
        bool,
        typer.Option(
            "--sample", help="The project's own sample, always the same; no other option counts."
        ),
    ] = False,
    project: Project = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write deliveries of invented persons, in the dialects of all operators.

    Safe to show to anyone: nobody in them exists.
    """
    with _reporting("synthesise", as_json, debug) as report:
        from synerstat import synthesise as inventing

        where = _project(project)
        contracts, seeds, progress = where / "contracts", where / "seeds", report.progress
        if sample:
            result = inventing.write_sample(
                out, contracts=contracts, seeds=seeds, progress=progress
            )
        else:
            result = inventing.synthesise(
                out,
                persons,
                first,
                last,
                seed,
                contracts=contracts,
                seeds=seeds,
                progress=progress,
            )
        report.summary["synthesise"] = result
        report.say(
            f"Invented {result.persons} persons: {len(result.deliveries)} deliveries "
            f"with {result.rows} rows are in {out}"
        )


@app.command(epilog="Example: synerstat intake --deliveries deliveries --warehouse warehouse")
def intake(
    deliveries: Deliveries,
    warehouse: Warehouse,
    limit: Limit = None,
    project: Project = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Read, check and pseudonymise deliveries, and land them as Parquet.

    Persons' national numbers are replaced by keys made with the secret in the environment variable
    SYNERSTAT_PERSON_KEY_SECRET; they go no further.
    """
    with _reporting("intake", as_json, debug) as report:
        secret = _secret()
        with store.exclusive(warehouse):
            _intake(report, deliveries, warehouse, _project(project), secret, limit or ())


@app.command(epilog="Example: synerstat build --warehouse warehouse --quarter 2019Q4")
def build(
    warehouse: Warehouse,
    quarter: Quarter = None,
    target: Target = TARGETS[0],
    landing: Landing = None,
    threads: Threads = 2,
    memory_limit: MemoryLimit = "3GB",
    temp_dir: TempDir = None,
    whole: Whole = False,
    project: Project = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Build and test the models for a quarter, and check that the figures hold together.

    With no deliveries landed, the models are built from the sample that comes with the project.
    """
    with _reporting("build", as_json, debug) as report, store.exclusive(warehouse):
        engine = Engine(threads, memory_limit, temp_dir, target)
        _build(report, warehouse, quarter, _project(project), engine, landing, whole)


@app.command(
    epilog="Example: synerstat publish --warehouse warehouse --quarter 2019Q4 --out publication"
)
def publish(
    warehouse: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder of the warehouse.")
    ],
    out: Out,
    quarter: Annotated[
        str | None,
        typer.Option(
            callback=_quarter,
            metavar="2019Q4",
            help="Reference quarter.",
            show_default="the one that was built",
        ),
    ] = None,
    threads: Threads = 2,
    memory_limit: MemoryLimit = "3GB",
    temp_dir: TempDir = None,
    disclosure_control: DisclosureControl = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Publish the quarter that was built, as a new vintage, whole or not at all.

    Nothing is published after a refused delivery or a failed check; what was published earlier
    stays as it is. Where nothing has changed since the last vintage, no new one is made.
    """
    with _reporting("publish", as_json, debug) as report, store.exclusive(warehouse):
        engine = Engine(threads, memory_limit, temp_dir)
        _publish(report, warehouse, quarter, out, engine, disclosure_control)


@app.command(
    epilog="Example: synerstat run --deliveries deliveries --warehouse warehouse "
    "--quarter 2019Q4 --out publication"
)
def run(
    deliveries: Deliveries,
    warehouse: Warehouse,
    out: Out,
    quarter: Quarter = None,
    target: Target = TARGETS[0],
    threads: Threads = 2,
    memory_limit: MemoryLimit = "3GB",
    temp_dir: TempDir = None,
    disclosure_control: DisclosureControl = None,
    limit: Limit = None,
    project: Project = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """From deliveries to publication: intake, build and publish in one go."""
    with _reporting("run", as_json, debug) as report:
        where, secret = _project(project), _secret()
        engine = Engine(threads, memory_limit, temp_dir, target)
        with store.exclusive(warehouse):
            read = _intake_and_read(
                report, deliveries, warehouse, where, secret, limit or (), engine
            )
            taken_in: IntakeResult = report.summary["intake"]
            if not (taken_in.landed or taken_in.unchanged or report.problems):
                # nothing to publish: the sample is for who builds, and asks for no deliveries
                raise UsageError(
                    f"{deliveries} holds no delivery of an operator with a contract, as "
                    "vdab/2019Q4-1/manifest.json. Check --deliveries."
                )
            # imported here: it takes longer to load than most commands need
            from synerstat.publish.formats import formats_at_hand

            with formats_at_hand() as formats:
                built = _build(report, warehouse, quarter, where, engine, read=read)
                if report.problems:
                    report.say("Nothing is published; what was published earlier stays as it is.")
                else:
                    _publish(report, warehouse, built, out, engine, disclosure_control, formats)


@app.command(
    epilog="Example: synerstat check --delivery deliveries/forem/2019Q4-1 --out checked\n\n"
    "Exit codes: 0 the delivery would be accepted; 3 it would be refused, or rows left out."
)
def check(
    delivery: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder of the delivery.")
    ],
    out: Annotated[
        Path, typer.Option(file_okay=False, help="Folder to write the report to.")
    ] = Path(),
    language: Annotated[
        list[str] | None,
        typer.Option(
            "--lang",
            callback=_languages,
            metavar="nl|fr|de|en",
            help="Language of the report; may be given more than once.",
            show_default="the operator's own",
        ),
    ] = None,
    threads: Threads = 2,
    memory_limit: MemoryLimit = "3GB",
    limit: Limit = None,
    project: Project = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Check a delivery before it is sent: the same report, on your own machine.

    Needs no warehouse, no secret and no network. Nothing of the delivery stays behind.
    """
    with _reporting("check", as_json, debug) as report:
        from synerstat.feedback import check_delivery
        from synerstat.intake import limits_from

        result = check_delivery(
            _project(project),
            delivery,
            out,
            language or (),
            limits=limits_from(limit or ()),
            threads=threads,
            memory_limit=memory_limit,
            progress=report.progress,
        )
        found, facts = result.report, result.report.facts
        report.summary["check"] = {
            "operator": found.operator,
            "delivery": found.delivery,
            "verdict": found.verdict,
            "refusal": found.refusal,
            "rows": facts.rows_delivered if facts else None,
            "rows_left_out": facts.rows_left_out if facts else None,
            "rows_with_warnings": facts.rows_with_warnings if facts else None,
            "reports": result.pages,
        }
        for notice in result.notices:
            report.say(f"Note: {notice}")
        for page in result.pages:
            report.say(f"The report is in {page}")
        if found.refusal:
            report.problem(f"Would be refused: {found.refusal.reason}: {found.refusal.message}")
        elif facts and facts.rows_left_out:
            report.problem(
                f"{facts.rows_left_out} of {facts.rows_delivered} rows would be left out"
            )


@app.command(
    epilog="Example: synerstat explain --warehouse build/warehouse --dataset training "
    "--cell operator=vdab --cell training_type=IWT --period 2019-Q4"
)
def explain(
    warehouse: BuiltWarehouse,
    dataset: Annotated[
        str, typer.Option(metavar="training|profile|status|mobility|mirror", help="Data set.")
    ],
    period: Annotated[
        str,
        typer.Option(
            "--period", "--quarter", callback=_period, metavar="2019-Q4|2019", help="Period."
        ),
    ],
    cell: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIMENSION=CODE",
            help="A code of the cell; may be given more than once. What is left out is the total.",
        ),
    ] = None,
    threads: Threads = 2,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show the way of one figure: from rows of deliveries over records to the published cell.

    Counts only, nothing of a person; but those of the warehouse, before disclosure control.
    """
    with _reporting("explain", as_json, debug) as report:
        from synerstat import explain as explaining

        codes = {}
        for each in cell or ():
            for one in each.split(","):
                name, equals, code = one.partition("=")
                if not equals:
                    raise UsageError(f"{one!r} is no code of a cell; write operator=vdab.")
                if name.strip() in codes:
                    raise UsageError(f"{name.strip()} is given twice; a cell has one code of it.")
                codes[name.strip()] = code.strip()
        with store.exclusive(warehouse):
            found = explaining.explain(warehouse, dataset, period, codes, threads=threads)
        report.summary["explain"] = found
        for line in explaining.in_words(found):
            report.say(line)


@app.command(epilog="Example: synerstat serve --out build/publication")
def serve(
    out: Annotated[
        Path,
        typer.Option(exists=True, file_okay=False, help="Folder of the publications."),
    ],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to serve at; 0 takes any that is free.")
    ] = 8000,
    debug: Debug = False,
) -> None:
    """Show the page of the latest publication in a browser on this machine.

    Nobody else can see it: only the loopback address is served. Ends with Ctrl+C.
    """
    with _reporting("serve", as_json=False, debug=debug) as report:
        from synerstat.site.serving import server

        with server(out, port) as serving:
            report.say(f"http://127.0.0.1:{serving.server_port}/  (Ctrl+C ends)")
            try:
                serving.serve_forever()
            except KeyboardInterrupt:
                report.say("Ended")


nomenclature_app = typer.Typer(
    help="Help with the crosswalks: what unknown codes may mean, what another mapping changes.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(nomenclature_app, name="nomenclature")

CsvOut = Annotated[
    Path | None,
    typer.Option("--out", dir_okay=False, help="File to write to.", show_default="standard output"),
]


@nomenclature_app.command(
    epilog="Examples: synerstat nomenclature suggest --warehouse warehouse\n\n"
    "synerstat nomenclature suggest --warehouse warehouse --labels labels.csv --best 3 "
    "--out suggestions.csv"
)
def suggest(
    warehouse: BuiltWarehouse,
    labels: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="What operators call their codes: CSV of operator, dimension, source_code, label.",
        ),
    ] = None,
    best: Annotated[int, typer.Option(min=1, help="Proposals for each code, at most.")] = 1,
    min_score: Annotated[
        int, typer.Option(min=0, max=100, help="How alike the texts must be, 100 is the same.")
    ] = 60,
    out: CsvOut = None,
    debug: Debug = False,
) -> None:
    """Propose a mapping for each code that no crosswalk knows, with its score.

    Compares codes and labels with those of all crosswalks and code lists. A proposal is a question
    to the operator, and is never applied: what is agreed on is written into a crosswalk by hand.
    """
    with _reporting("nomenclature suggest", True, debug, summary=False) as report:
        from synerstat import nomenclature

        with store.exclusive(warehouse):
            found = nomenclature.suggest(
                warehouse, labels=labels, best=best, min_score=min_score, progress=report.say
            )
        _write_csv(out, found, nomenclature.Suggestion)
        proposed = sum(1 for each in found if each.suggested_code)
        report.say(f"{len(found)} rows, {proposed} with a proposal; nothing was applied")


@nomenclature_app.command(
    epilog="Example: cp seeds/crosswalk/crosswalk_training_type.csv . (and edit the copy), then\n\n"
    "synerstat nomenclature diff --warehouse warehouse --crosswalk crosswalk_training_type.csv "
    "--out changes.csv"
)
def diff(
    warehouse: BuiltWarehouse,
    crosswalk: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, help="The crosswalk as it is to be: crosswalk_<name>.csv."
        ),
    ],
    dimension: Annotated[
        str | None,
        typer.Option(
            metavar="training_type",
            help="Which crosswalk it replaces.",
            show_default="as the file is named",
        ),
    ] = None,
    out: CsvOut = None,
    threads: Threads = 2,
    memory_limit: MemoryLimit = "3GB",
    project: Project = None,
    debug: Debug = False,
) -> None:
    """Show which figures another crosswalk would change, before anyone commits it.

    Counts everything anew on a copy; the warehouse stays as it is. The figures are those before
    small counts are withheld: keep them inside.
    """
    with _reporting("nomenclature diff", True, debug, summary=False) as report:
        from synerstat import nomenclature

        with store.exclusive(warehouse):
            found = nomenclature.diff(
                _project(project),
                warehouse,
                crosswalk,
                dimension=dimension,
                threads=threads,
                memory_limit=memory_limit,
                progress=report.progress,
            )
        _write_csv(out, found, nomenclature.ChangedFigure)
        of_set = Counter(each.data_set for each in found)
        told = ", ".join(f"{count} of {name}" for name, count in of_set.items())
        report.say(f"{len(found)} figures change{f': {told}' if told else ''}")


def _write_csv(out: Path | None, rows: Sequence[Any], kind: type) -> None:
    from synerstat.nomenclature import write_rows

    if out is None:
        write_rows(rows, kind, sys.stdout)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    # whole or not at all
    partial = out.with_name(f"{out.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        write_rows(rows, kind, file)
    partial.replace(out)


def _intake(
    report: Report,
    deliveries: Path,
    warehouse: Path,
    project: Path,
    secret: str,
    limits: Sequence[str],
) -> None:
    from synerstat.intake import limits_from, run_intake

    _tell_intake(
        report,
        warehouse,
        secret,
        run_intake(
            deliveries,
            warehouse,
            project / "contracts",
            secret,
            report.progress,
            limits=limits_from(limits),
        ),
    )


def _intake_and_read(
    report: Report,
    deliveries: Path,
    warehouse: Path,
    project: Path,
    secret: str,
    limits: Sequence[str],
    engine: Engine,
) -> Any | None:
    """Take deliveries in beside, and let dbt read the project meanwhile."""
    # Spark is told what has landed, which is not known yet
    if engine.target != TARGETS[0]:
        _intake(report, deliveries, warehouse, project, secret, limits)
        return None
    from synerstat.beside import beside
    from synerstat.intake import limits_from, run_intake

    with beside(
        run_intake,
        deliveries,
        warehouse,
        project / "contracts",
        secret,
        limits=limits_from(limits),
        progress=report.progress,
    ) as taken_in:
        from synerstat.build import read_project

        read = read_project(project, warehouse, has_time=lambda: not taken_in.done())
        result = taken_in.result()
    _tell_intake(report, warehouse, secret, result)
    return read


def _tell_intake(report: Report, warehouse: Path, secret: str, result: "IntakeResult") -> None:
    store.mark_persons_invented(warehouse, secret == SAMPLE_SECRET)
    report.summary["intake"] = result
    report.say(
        f"Landed {len(result.landed)} deliveries, {len(result.unchanged)} stood there already: "
        f"{result.rows} rows, {result.unreadable_rows} of them unreadable"
    )
    for notice in result.notices:
        report.say(f"Note: {notice.message}")
    _tell_refusals(report, warehouse)


def _build(
    report: Report,
    warehouse: Path,
    quarter: str | None,
    project: Path,
    engine: Engine,
    landing: str | None = None,
    whole: bool = False,
    read: Any | None = None,
) -> str:
    """Build, tell about it, return the quarter that was built."""
    from synerstat import build as building

    if landing is not None and quarter is None:
        raise UsageError("Which quarter? With --landing name it: --quarter 2019Q4.")
    asked = quarter or store.latest_landed_quarter(warehouse)
    if asked is None:
        asked = str(building.project_variables(project)["reference_quarter"])
        report.say("No delivery has landed: building from the sample of invented persons")
    result = building.build(
        project,
        warehouse,
        asked,
        target=engine.target,
        **engine.resources(),
        landing=landing,
        whole=whole,
        read=read,
        progress=report.progress,
    )
    report.summary["build"] = result
    counts = ", ".join(f"{count} {kind}s" for kind, count in sorted(result.counts.items()))
    report.say(f"Built {asked}: {counts}")
    for warning in result.warnings:
        report.say(f"Warning: {warning.name}: {warning.message}")
    for message in result.expectations.warnings:
        report.say(f"Warning: {message}")
    if not result.expectations.passed:
        for message in result.expectations.failures:
            report.problem(f"Expectation failed: {message}")
        if not result.expectations.failures:
            report.problem("A blocking expectation failed")
    docs = store.Warehouse(warehouse).data_docs / "index.html"
    report.summary["data_docs"] = docs
    report.say(f"What was checked: {docs}")
    if feedback := result.feedback:
        report.summary["feedback"] = feedback
        report.say(
            f"Feedback for the operators: {len(feedback.pages)} reports in {feedback.folder}"
        )
    if "intake" not in report.summary:
        _tell_refusals(report, warehouse)
    return asked


def _publish(
    report: Report,
    warehouse: Path,
    quarter: str | None,
    out: Path,
    engine: Engine,
    disclosure_control: str | None,
    formats: "AtHand | None" = None,
) -> None:
    from synerstat.publish import publish as publishing

    asked = quarter or store.read_build_state(warehouse).reference_quarter
    result = publishing(
        warehouse,
        asked,
        out,
        **engine.resources(),
        secondary=None if disclosure_control is None else disclosure_control == "full",
        formats=formats,
        progress=report.progress,
    )
    report.summary["publish"] = result
    if result.is_new:
        report.say(f"Published {result.vintage} in {result.folder}")
        for warning in result.warnings:
            report.say(f"Warning: {warning}")
    else:
        report.say(f"Nothing has changed since {result.vintage}: it stays as it is")


def _tell_refusals(report: Report, warehouse: Path) -> None:
    for refusal in store.refused_deliveries(warehouse):
        # a file beside the operators' folders is no operator's
        whose = "/".join(filter(None, (refusal.operator, refusal.folder)))
        report.problem(f"Refused: {whose}: {refusal.reason}: {refusal.message}")


if __name__ == "__main__":
    main()
