"""Writes the statistics page of a vintage: one set of templates, four languages.

site/index.html                   choice of language
site/<language>/<page>.html       the same addresses in every language
site/figures/<language>/          each figure as CSV and SVG
site/api/                         the same figures for machines
site/cube/                        what the table builder loads
site/calendar.<language>.ics, feed.<language>.xml
"""

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import duckdb
import jinja2
from markupsafe import Markup

from synerstat.alone import environment
from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.formats.tables import harmless_text
from synerstat.publish.formats.vocabulary import (
    LANGUAGES,
    Code,
    Edition,
    column_name,
    description,
    read_code_lists,
    text,
)
from synerstat.site import charts
from synerstat.site.bridge import Bridge, read_bridge
from synerstat.site.cells import Cell, free_dimensions, list_of, read_cells, sign, year_before
from synerstat.site.crosswalk import Mapping as CodeMapping
from synerstat.site.crosswalk import read_crosswalks
from synerstat.site.feeds import Release, releases, write_calendar, write_feed
from synerstat.site.figures import BY_NAME, MAIN, TOTAL, Figure, Figures, Table, data_set_figures
from synerstat.site.history import Break, History, read_breaks, read_history
from synerstat.site.machine import slices, write_machine
from synerstat.site.words import BREAK, NAMES, Words, other_languages

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
SIGNS = "[c] withheld to protect persons, [z] not applicable, [x] not available, [p] provisional, [b] break in series"  # noqa: E501
HEADLINES = ("PRESENT", "ENTRANTS", "STOCK", "PARTICIPATIONS", "HOURS")
ASSETS = ("site.css", "site.js", "builder.js")


@dataclass(frozen=True)
class Page:
    """A page: its file without ending, its template, and what it alone shows."""

    name: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Headline:
    """A figure of the overview, the same quarter of the year before, and the way between."""

    indicator: str
    cell: Cell | None
    before: Cell | None
    trail: Sequence[Cell | None]

    @property
    def change(self) -> float | None:
        """The share by which it changed; None where one of the two is withheld or zero."""
        if not self.cell or not self.before or self.cell.value is None or not self.before.value:
            return None
        return self.cell.value / self.before.value - 1


def write_site(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    edition: Edition,
    provenance: Mapping[str, Any],
) -> None:
    """Write the page of the vintage in the folder, below site/.

    `relations` names the published table of each data set, so nothing withheld can be shown; the
    relation `code_lists` has labels as they are. `provenance` is what provenance.json holds.

    Raises PublicationError where a text is not translated.
    """
    site = folder / "site"
    site.mkdir()
    for name in ASSETS:
        with as_file(files("synerstat.site") / "assets" / name) as asset:
            (site / "assets").mkdir(exist_ok=True)
            shutil.copyfile(asset, site / "assets" / name)
    lists = read_code_lists(connection)
    cells = read_cells(connection, relations)
    updated = max((each["extracted_at"][:10] for each in provenance["deliveries"]), default="")
    updated = updated or f"{edition.quarter[:4]}-12-31"
    breaks = read_breaks(connection)
    history = read_history(folder, edition)
    figures = Figures(cells, lists, edition.period, _break_periods(breaks))
    cubes = slices(connection, relations, lists)
    pages = _pages(connection, figures, cells, lists, edition, provenance, history, breaks)
    drawn = {figure.name: figure for page in pages for figure in _figures_of(page)}
    planned = releases(edition)
    for language in LANGUAGES:
        words = Words(language, lists)
        writer = _Writer(site, words, edition, updated, planned, provenance, cells.periods)
        for page in pages:
            writer.page(page)
        for figure in drawn.values():
            writer.files(figure)
        write_calendar(site / f"calendar.{language}.ics", words, planned, updated)
        write_feed(site / f"feed.{language}.xml", words, edition, history, updated)
    _write_entry(site, edition)
    _write_script(site, cubes, lists, edition)
    write_machine(
        site,
        connection,
        relations,
        cubes,
        lists,
        edition,
        updated,
        history.vintages,
        history.changes,
    )


def _break_periods(breaks: Sequence[Break]) -> Any:
    def periods(at: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(each.period for each in breaks if each.touches(at))

    return periods


def _pages(
    connection: duckdb.DuckDBPyConnection,
    figures: Figures,
    cells: Any,
    lists: Mapping[str, Sequence[Code]],
    edition: Edition,
    provenance: Mapping[str, Any],
    history: History,
    breaks: Sequence[Break],
) -> tuple[Page, ...]:
    """All pages but the entry, with what they show; the same for every language."""
    training, profile, status = (BY_NAME[name] for name in ("training", "profile", "status"))
    mobility = BY_NAME["mobility"]
    quarter, before = edition.period, year_before(edition.period)
    headlines = [
        Headline(
            indicator,
            cells.get(training, indicator, quarter),
            cells.get(training, indicator, before),
            [cells.get(training, indicator, each) for each in cells.quarters[-8:]],
        )
        for indicator in HEADLINES
    ]
    matrix = figures.matrix("mobility", mobility, "residence_area", "operator")
    mirror = figures.mirror()
    overview = [
        figures.over_time("participants", training),
        figures.lines("participants-by-operator", training, "operator"),
        figures.by("participants-by-type", training, "training_type"),
        figures.by("participants-by-age", profile, "age_group"),
        matrix,
    ]
    operators = [code.code for code in lists["OPERATOR"] if code.code != TOTAL]
    bridge: Bridge = read_bridge(connection, cells, operators, edition)
    crosswalks: tuple[CodeMapping, ...] = read_crosswalks(connection)
    pages = [
        Page("index", "overview", {"headlines": headlines, "figures": overview, "before": before})
    ]
    for data_set in DATA_SETS:
        groups = list(data_set_figures(figures, data_set))
        pages.append(Page(f"data-{data_set.name}", "data_set", {"set": data_set, "groups": groups}))
    for operator in operators:
        stem = f"operator-{operator.replace('_', '-')}"
        shown = [
            figures.over_time(stem, training, operator=operator),
            figures.by(f"{stem}-type", training, "training_type", operator=operator),
            figures.by(f"{stem}-status", status, "labour_status", operator=operator),
            figures.by(f"{stem}-area", training, "training_area", operator=operator),
        ]
        heads = [
            Headline(
                each,
                cells.get(training, each, quarter, operator=operator),
                cells.get(training, each, before, operator=operator),
                (),
            )
            for each in HEADLINES
        ]
        pages.append(
            Page(
                stem,
                "operator",
                {
                    "operator": operator,
                    "headlines": heads,
                    "figures": shown,
                    "before": before,
                    "deliveries": [
                        each for each in provenance["deliveries"] if each["operator"] == operator
                    ],
                },
            )
        )
    pages += [
        Page("mobility", "mobility", {"figures": [matrix, mirror]}),
        Page("bridge", "bridge", {"bridge": bridge}),
        Page("codes", "codes", {"mappings": crosswalks, "operators": operators}),
        Page("tables", "tables"),
        Page("method", "method", {"breaks": breaks}),
        Page("quality", "quality", {"breaks": breaks}),
        Page("revisions", "revisions", {"history": history}),
        Page("provenance", "provenance"),
        Page("machines", "machines"),
        Page("calendar", "calendar"),
        Page("accessibility", "accessibility"),
    ]
    return tuple(pages)


def _figures_of(page: Page) -> list[Figure]:
    found = [*page.context.get("figures", ())]
    for group in page.context.get("groups", ()):
        found += group
    return found


class _Writer:
    """Writes pages and files in one language."""

    def __init__(
        self,
        site: Path,
        words: Words,
        edition: Edition,
        updated: str,
        planned: Sequence[Release],
        provenance: Mapping[str, Any],
        periods: Sequence[str],
    ) -> None:
        self._site = site
        self._words = words
        self._edition = edition
        (site / words.language).mkdir()
        (site / "figures" / words.language).mkdir(parents=True)
        self._environment = _environment()
        self._environment.globals.update(
            {
                "_": words,
                "w": words,
                "language": words.language,
                "languages": LANGUAGES,
                "language_names": NAMES,
                "others": other_languages(words.language),
                "edition": edition,
                "period": edition.period,
                "updated": date.fromisoformat(updated),
                "releases": planned,
                "provenance": provenance,
                "periods": periods,
                "policy": POLICY,
                "data_sets": DATA_SETS,
                "operators": [code.code for code in words.lists["OPERATOR"] if code.code != TOTAL],
                "column_name": lambda column: column_name(column, words.language),
                "text": lambda key: text(key, words.language),
                "description": description(words.lists, words.language),
                "label": self._label,
                "title": self._title,
                "cell": self._cell,
                "drawing": self._drawing,
                "keys": self._keys,
                "alternative": self._alternative,
                "spark": _spark,
                "slug": lambda code: code.replace("_", "-"),
                "total": TOTAL,
                "list_of": list_of,
                "free_dimensions": free_dimensions,
            }
        )

    def page(self, page: Page) -> None:
        """Write one page."""
        html = self._environment.get_template(f"{page.template}.html.j2").render(
            **page.context, page=page.name
        )
        path = self._site / self._words.language / f"{page.name}.html"
        path.write_text(html, "utf-8", newline="\n")

    def files(self, figure: Figure) -> None:
        """Write a figure as CSV, and as SVG where it has a chart."""
        folder = self._site / "figures" / self._words.language
        (folder / f"{figure.name}.csv").write_text(self._csv(figure.table), "utf-8", newline="")
        if figure.chart:
            source = f"{text('statistic', self._words.language)}, {self._edition.vintage}"
            if self._edition.invented_persons:
                source += ". " + text("invented", self._words.language)
            svg = charts.as_file(
                figure.chart, self._words, self._words, self._title(figure), source
            )
            (folder / f"{figure.name}.svg").write_text(svg, "utf-8", newline="\n")

    def _label(self, data_set: DataSet, column: str, code: str) -> str:
        if column == "time_period":
            return self._words.period(code)
        if column == "indicator":
            return self._words.plain("INDICATOR", code)
        return self._words.label(list_of(data_set, column), code)

    def _title(self, figure: Figure, of_table: bool = False) -> str:
        """What a figure is called: its measure, what it is told by, and what it is limited to.

        Where the table has all indicators, the chart beside it shows the main one.
        """
        table, words = figure.table, self._words
        shown = table.indicator or (MAIN if figure.chart and not of_table else None)
        indicator = words.plain("INDICATOR", shown) if shown else words("Key figures")
        if figure.name == "mirror":
            indicator = words("Reports of home and host operators")
        about = [
            column_name(column, words.language) for column in figure.about.split(",") if column
        ]
        name = " \u00d7 ".join(about) or words("Over time")
        fixed = [
            self._label(table.data_set, column, code)
            for column, code in table.at.items()
            if code != TOTAL and column not in ("indicator", "time_period")
        ]
        when = [words.period(figure.period)] if figure.period else []
        return f"{indicator}{words.colon} {', '.join([name, *fixed, *when])}"

    def _cell(self, cell: Cell | None, plain: bool = False) -> Markup:
        """A table cell's text: the number, or the shorthand of why there is none."""
        if cell is None or cell.value is None:
            return Markup(sign(cell))
        number = self._words.number(cell.value)
        return Markup(f"{number} {BREAK}") if cell.status == "B" and not plain else Markup(number)

    def _drawing(self, figure: Figure) -> Markup:
        assert figure.chart is not None
        svg = charts.inline(charts.filled(figure.chart.svg, self._words, self._words))
        name = f"chart-{figure.name}"
        start = (
            f'<svg class="chart" id="{name}" viewBox="0 0 {figure.chart.width} '
            f'{figure.chart.height}" role="img" aria-labelledby="{name}-text">'
        )
        return Markup(start + svg[svg.index(">") + 1 :].rstrip())

    def _keys(self, figure: Figure) -> list[tuple[Markup, str]]:
        assert figure.chart is not None
        keys = []
        for key in figure.chart.legend:
            kind, *parts = key.text.strip("§").split("|")
            spoken = charts.spoken(kind, parts, self._words, self._words)
            keys.append((Markup(charts.key_svg(key)), spoken))
        return keys

    def _alternative(self, figure: Figure) -> str:
        """What the chart shows, in words: highest and lowest, or first and last."""
        table, words = figure.table, self._words
        found = [
            (cell.value, row, column)
            for row, cells in zip(table.row_codes, table.cells, strict=True)
            for column, cell in zip(table.column_codes, cells, strict=True)
            if cell
            and cell.value is not None
            and TOTAL not in (row, column)
            and (not figure.now or column == figure.now)
            and (table.columns != "indicator" or column == "PRESENT")
            and len(column if table.columns == "time_period" else "2019-Q4") > 4
        ]
        if not found:
            return f"{self._title(figure)}."
        largest, smallest = max(found), min(found)

        def told(entry: tuple[int, str, str]) -> str:
            value, row, column = entry
            names = [self._label(table.data_set, table.rows, row)]
            if table.columns != "indicator":
                names.append(self._label(table.data_set, table.columns, column))
            return f"{', '.join(names)} ({words.number(value)})"

        return words(
            "%(title)s. Highest: %(highest)s. Lowest: %(lowest)s. All figures are in the table.",
            title=self._title(figure),
            highest=told(largest),
            lowest=told(smallest),
        )

    def _csv(self, table: Table) -> str:
        """The table in long form, codes beside labels; no label can be taken for a formula."""
        target = io.StringIO(newline="")
        writer = csv.writer(target, lineterminator="\r\n")
        language = self._words.language
        names = [column_name(each, language) for each in (table.rows, table.columns)]
        writer.writerow(
            [
                table.rows,
                names[0],
                table.columns,
                names[1],
                *(["indicator"] if table.indicator else []),
                "obs_value",
                "obs_status",
                "vintage",
            ]
        )
        for row, cells in zip(table.row_codes, table.cells, strict=True):
            for column, cell in zip(table.column_codes, cells, strict=True):
                if cell is None:
                    continue
                writer.writerow(
                    [
                        row,
                        harmless_text(self._label(table.data_set, table.rows, row)),
                        column,
                        harmless_text(self._label(table.data_set, table.columns, column)),
                        *([table.indicator] if table.indicator else []),
                        "" if cell.value is None else cell.value,
                        cell.status,
                        self._edition.vintage,
                    ]
                )
        return "\ufeff" + target.getvalue()


def _spark(cells: Sequence[Cell | None]) -> Markup:
    """A line of the last quarters, without words: the figure stands beside it."""
    values = [cell.value if cell else None for cell in cells]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup("")
    low, high = min(known), max(known)
    span = (high - low) or 1
    points = [
        f"{4 + place * 92 / max(len(values) - 1, 1):.1f},{26 - 20 * (value - low) / span:.1f}"
        for place, value in enumerate(values)
        if value is not None
    ]
    x, y = points[-1].split(",")
    return Markup(
        '<svg class="spark" viewBox="0 0 100 30" aria-hidden="true">'
        f'<polyline points="{" ".join(points)}"/><circle cx="{x}" cy="{y}" r="3"/></svg>'
    )


def _environment() -> jinja2.Environment:
    """A new one each time: its globals are those of one language."""
    made = environment("synerstat.site")
    made.filters["split_pairs"] = _pairs
    return made


def _pairs(lines: str) -> list[list[Markup]]:
    """Lines such as method|Méthode; the text is escaped already."""
    return [
        [Markup(part) for part in line.split("|", 1)]
        for line in str(lines).splitlines()
        if line.strip()
    ]


def _write_entry(site: Path, edition: Edition) -> None:
    """The page that asks for the language; a browser that says its own is sent there."""
    texts = {language: text("statistic", language) for language in LANGUAGES}
    html = (
        _environment()
        .get_template("entry.html.j2")
        .render(
            languages=LANGUAGES,
            language_names=NAMES,
            statistics=texts,
            policy=POLICY,
            edition=edition,
        )
    )
    (site / "index.html").write_text(html, "utf-8", newline="\n")


def _write_script(
    site: Path, cubes: Any, lists: Mapping[str, Sequence[Code]], edition: Edition
) -> None:
    """assets/meta.<language>.js: labels and texts of the table builder; assets/vintage.js."""
    for language in LANGUAGES:
        words = Words(language, lists)
        meta = {
            "vintage": edition.vintage,
            "language": language,
            "group": words.group,
            "decimal": words.decimal,
            "invented": edition.invented_persons,
            "periods": {
                each: words.period(each) for each in sorted({cube.period for cube in cubes})
            },
            "sets": {
                data_set.name: {
                    "label": words.label("DATA_SET", data_set.name),
                    "periods": [c.period for c in cubes if c.data_set is data_set],
                    "dims": [
                        {
                            "id": column,
                            "label": column_name(column, language),
                            "codes": [
                                [code, words.label(_list(data_set, column), code)] for code in codes
                            ],
                        }
                        for column, codes in next(
                            c for c in cubes if c.data_set is data_set
                        ).codes.items()
                    ],
                }
                for data_set in DATA_SETS
            },
            "texts": builder_texts(words),
        }
        content = json.dumps(meta, ensure_ascii=False, separators=(",", ":"))
        (site / "assets" / f"meta.{language}.js").write_text(
            f"window.synerstatMeta={content};\n", "utf-8", newline="\n"
        )
    (site / "assets" / "vintage.js").write_text(
        f"window.synerstatLatest={json.dumps(edition.vintage)};\n", "utf-8", newline="\n"
    )


def _list(data_set: DataSet, column: str) -> str:
    return "INDICATOR" if column == "indicator" else list_of(data_set, column)


def builder_texts(words: Words) -> dict[str, str]:
    """What the table builder says."""
    return {
        "dataSet": words("Data set"),
        "rows": words("Rows"),
        "columns": words("Columns"),
        "period": words("Period"),
        "indicator": words("Indicator"),
        "find": words("Find in rows"),
        "chart": words("Chart"),
        "copy": words("Copy table"),
        "copied": words("The table is in the clipboard."),
        "notCopied": words("The browser did not allow copying. Download the table instead."),
        "link": words("Copy link"),
        "linked": words("The link is in the clipboard. It always shows this vintage."),
        "none": words("No cell is published for this choice. Choose other codes or periods."),
        "failed": words("The data could not be loaded. Reload the page to try again."),
        "loading": words("Loading figures"),
        "sort": words("Sort by this column"),
        "shown": words("%(rows)s rows, %(columns)s columns", rows="{rows}", columns="{columns}"),
        "source": words("Source"),
        "definition": words("Definition"),
        "quality": words("Quality"),
        "provenance": words("Provenance"),
        "legend": words(SIGNS),
        "statistic": text("statistic", words.language),
        "inventedText": text("invented", words.language),
    }
