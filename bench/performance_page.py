"""Writes the results of a benchmark into the page about performance, and draws its chart."""

import itertools
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import vl_convert

from synerstat.site.charts import COLOURS, DASHES, SERIES, SHAPES, VEGA_LITE

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
CHART = Path("img") / "performance.svg"
NAMES = {
    "by_hand": "one script by hand (DuckDB)",
    "marts": "the warehouse's models (dbt, DuckDB)",
    "with_polars": "polars",
    "with_pandas": "pandas, with the warehouse's short cut",
    "with_pandas_plainly": "pandas, counting each level",
}
# what is asked of `synerstat run`, by millions of rows: seconds (None: no matter how many) and GB
ASKED_OF_RUN = {1: (60, 3), 10: (240, 6), 50: (None, 24)}
# at most so many times the script's time, and at least so many times faster than pandas
ASKED_OF_SCRIPT, ASKED_OF_PANDAS = 1.5, 20
ASKED_GROWTH = 1.05
# what a build does first, and what it says when another part of it begins
FIRST_PART = "models and tests"
PARTS = {
    "Checking the expectations and writing the feedback for the operators": (
        "expectations and feedback"
    ),
}
SLOWEST = 8
# where the scale of seconds is labelled
STEPS = [digit * 10**power for power in range(-1, 5) for digit in (1, 3)]


def write_page(results: Mapping[str, Any], page: Path) -> None:
    """Put the tables between the page's markers, and the chart beside it.

    Raises ValueError where the page has no markers.
    """
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no lines {BEGIN} and {END} to write between.")
    chart = page.parent / CHART
    chart.parent.mkdir(parents=True, exist_ok=True)
    chart.write_text(draw(results), "utf-8")
    page.write_text(f"{before}{begin}\n{_tables(results)}\n{end}{after}", "utf-8")


def _tables(results: Mapping[str, Any]) -> str:
    sizes = results["sizes"]
    largest = sizes[-1]
    machine, versions = results["machine"], results["versions"]
    parts = [
        f"Measured on {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']:.0f} GB, {machine['system']}; "
        + ", ".join(f"{name} {number}" for name, number in versions.items())
        + ".",
        _table(
            ("rows", "measured on", "at commit", "threads", "memory of the warehouse's engine"),
            [_how(size) for size in sizes],
        ),
        "### Measured against asked",
        _table(("what", "rows", "measured", "asked", ""), _targets(sizes)),
        "### The same marts from the same landed rows",
        _table(
            (
                "rows",
                "tool",
                "seconds",
                "processor seconds",
                "peak memory",
                "rows per second",
                "times the script",
            ),
            [row for size in sizes for row in _peers(size)],
        ),
        f"![Seconds by rows, for each tool]({CHART.as_posix()})",
        "### The whole warehouse",
        _table(
            (
                "rows",
                "step",
                "seconds",
                "processor seconds",
                "largest process",
                "all processes",
                "rows per second",
            ),
            [row for size in sizes for row in _phases(size)],
        ),
        f"### The slowest models, {_rows(largest)} rows",
        _table(
            ("model", "seconds", "share of all models"),
            _slowest(largest["build_models"]),
        ),
    ]
    return "\n\n".join(parts)


def _targets(sizes: list[Mapping[str, Any]]) -> Iterable[tuple[str, ...]]:
    for size in sizes:
        seconds, gigabytes = ASKED_OF_RUN.get(size["millions"], (None, None))
        run = size["run"]
        if seconds:
            yield _target("`synerstat run`, seconds", size, run["seconds"], seconds)
        if gigabytes:
            yield _target(
                "`synerstat run`, largest process, GB", size, run["largest_gb"], gigabytes
            )
            yield _target("`synerstat run`, all processes, GB", size, run["together_gb"], gigabytes)
    for size in sizes:
        models = size["marts"]["work_seconds"]
        if script := _work(size, "by_hand"):
            yield _target(
                "models against the script, times", size, models / script, ASKED_OF_SCRIPT
            )
        for peer in ("with_pandas_plainly", "with_pandas"):
            name = f"models faster than {NAMES[peer]}, times"
            if pandas := _work(size, peer):
                yield _target(name, size, pandas / models, ASKED_OF_PANDAS, False)
            elif (least := _stopped_after(size, peer) / models) >= ASKED_OF_PANDAS:
                what, rows, times, asked, holds = _target(name, size, least, ASKED_OF_PANDAS, False)
                yield what, rows, f"more than {times}", asked, holds
    for smaller, larger in itertools.pairwise(sizes):
        for name, seconds in (
            ("`synerstat run`", [each["run"]["seconds"] for each in (smaller, larger)]),
            ("the models", [each["marts"]["work_seconds"] for each in (smaller, larger)]),
        ):
            exponent = math.log(seconds[1] / seconds[0]) / math.log(
                larger["rows"] / smaller["rows"]
            )
            yield (
                f"growth of {name}, exponent",
                f"{_rows(smaller)} to {_rows(larger)}",
                f"{exponent:.2f}",
                f"at most {ASKED_GROWTH}",
                "yes" if exponent <= ASKED_GROWTH else "**no**",
            )


def _target(
    name: str, size: Mapping[str, Any], measured: float, asked: float, at_most: bool = True
) -> tuple[str, ...]:
    holds = measured <= asked if at_most else measured >= asked
    return (
        name,
        _rows(size),
        _number(measured),
        f"at {'most' if at_most else 'least'} {asked}",
        "yes" if holds else "**no**",
    )


def _how(size: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        _rows(size),
        size["date"],
        f"`{size['commit']}`",
        str(size["threads"]),
        size["memory_limit"],
    )


def _peers(size: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    script = _work(size, "by_hand")
    limits = {
        "out of time": f"stopped after {size['peer_seconds']:.0f} s",
        "out of memory": f"stopped at {size['peer_memory_gb']:.0f} GB",
    }
    for peer in sorted({"marts", *size["peers"]}, key=list(NAMES).index):
        told = size["marts"] if peer == "marts" else size["peers"][peer]
        seconds = told["work_seconds"]
        if seconds is None:
            yield (_rows(size), NAMES[peer], limits[told["ended"]], "", "", "", "")
            continue
        yield (
            _rows(size),
            NAMES[peer],
            _number(seconds),
            _number(told["processor_seconds"]),
            f"{told['largest_gb']:.2f} GB",
            f"{size['rows'] / seconds:,.0f}",
            f"{seconds / script:.2f}" if script else "",
        )


def _phases(size: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    steps = {"`synerstat run`": size["run"]}
    for name, told in size["phases"].items():
        command, comma, more = name.partition(",")
        steps[f"`synerstat {command}`{comma}{more}"] = told
    for name, told in steps.items():
        if told["ended"] != "done":
            yield (_rows(size), name, told["ended"], "", "", "", "")
            continue
        yield (
            _rows(size),
            name,
            _number(told["seconds"]),
            _number(told["processor_seconds"]),
            f"{told['largest_gb']:.2f} GB",
            f"{told['together_gb']:.2f} GB",
            f"{size['rows'] / told['seconds']:,.0f}",
        )
        if name == "`synerstat build`":
            for part, seconds in _parts(told):
                yield (_rows(size), f"... {part}", _number(seconds), "", "", "", "")


def _parts(build: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The parts of a build, from the moments at which it told of them."""
    begun = [(0, FIRST_PART), *((at, PARTS[line]) for at, line in build["lines"] if line in PARTS)]
    edges = [*(at for at, _ in begun), build["seconds"]]
    return [(part, edges[place + 1] - edges[place]) for place, (_, part) in enumerate(begun)]


def _slowest(models: list[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    took = sorted(((m["ended"] - m["begun"], m["name"]) for m in models), reverse=True)
    total = sum(seconds for seconds, _ in took)
    return [
        (f"`{name}`", f"{seconds:.1f}", f"{seconds / total:.0%}")
        for seconds, name in took[:SLOWEST]
    ]


def _work(size: Mapping[str, Any], peer: str) -> float | None:
    """Seconds of a peer's work; None where it was left out or stopped."""
    return size["peers"].get(peer, {}).get("work_seconds")


def _stopped_after(size: Mapping[str, Any], peer: str) -> float:
    """Seconds after which a peer was stopped; 0 where it was not."""
    ended = size["peers"].get(peer, {}).get("ended")
    return float(size["peer_seconds"]) if ended == "out of time" else 0.0


def _rows(size: Mapping[str, Any]) -> str:
    return f"{size['rows']:,}"


def _number(value: float) -> str:
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw(results: Mapping[str, Any]) -> str:
    """Seconds by rows on scales of powers of ten: parallel lines grow alike."""
    points = []
    for size in results["sizes"]:
        for peer in NAMES:
            seconds = size["marts"]["work_seconds"] if peer == "marts" else _work(size, peer)
            if seconds is not None:
                points.append({"rows": size["rows"], "seconds": seconds, "tool": NAMES[peer]})
    rows = [size["rows"] for size in results["sizes"]]
    tools = [name for name in NAMES.values() if any(point["tool"] == name for point in points)]
    axis = {
        "labelColor": COLOURS["quiet"],
        "titleColor": COLOURS["text"],
        "gridColor": COLOURS["rule"],
        "domainColor": COLOURS["rule"],
        "tickColor": COLOURS["rule"],
    }
    colours = [COLOURS[name] for name in SERIES]
    x = {
        "field": "rows",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [rows[0] * 0.8, rows[-1] * 1.25], "nice": False},
        "axis": {"title": "landed rows", "format": ".2~s", "values": rows, **axis},
    }
    y = {
        "field": "seconds",
        "type": "quantitative",
        "scale": {"type": "log", "nice": True},
        "axis": {"title": "seconds", "format": "~r", "values": STEPS, **axis},
    }
    tool = {"field": "tool", "type": "nominal", "sort": tools}
    legend = {"title": None, "orient": "bottom", "columns": 1, "labelLimit": 300}
    specification = {
        "data": {"values": points},
        "width": 460,
        "height": 280,
        "padding": 12,
        "background": COLOURS["page"],
        "config": {"font": "sans-serif", "aria": False, "view": {"stroke": None}},
        "encoding": {
            "x": x,
            "y": y,
            "color": {**tool, "scale": {"domain": tools, "range": colours}, "legend": legend},
            "shape": {**tool, "scale": {"domain": tools, "range": list(SHAPES)}, "legend": legend},
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {
                    "strokeDash": {
                        **tool,
                        "scale": {"domain": tools, "range": [list(dash) for dash in DASHES]},
                        "legend": None,
                    },
                    "shape": {"value": "circle"},
                },
            },
            {"mark": {"type": "point", "filled": True, "size": 70, "opacity": 1}},
        ],
    }
    return vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE) + "\n"
