"""Charts as SVG, made once for all languages.

Vega-Lite lays a chart out; its texts are marks such as §label|OPERATOR|vdab§, which are filled in
for each language afterwards: the geometry is computed once and not four times. Specifications are
written as they stand in the documentation of Vega-Lite: a library that builds them took longer than
the drawing. A withheld cell is never drawn as zero: its place says [c].
"""

import html
import re
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import vl_convert

from synerstat.publish.formats.vocabulary import column_name
from synerstat.site.cells import Cell, sign
from synerstat.site.words import BREAK, Words

WIDTH = 460
# of the layout engine that is installed; another one may lay charts out anew
VEGA_LITE = "6.4"
MARK = re.compile("§([^§]*)§")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"

# Told apart with every kind of colour vision and, by their marks, in grey too. In a page each
# colour is the variable of its name, which has another value in the dark.
COLOURS: Mapping[str, str] = {
    "text": "#1a2129",
    "quiet": "#55606d",
    "rule": "#cfd6de",
    "page": "#ffffff",
    "c1": "#0b5cad",
    "c2": "#c04a00",
    "c3": "#0f7f63",
    "c4": "#8a3a94",
    "c5": "#2b2f36",
}
# Begun anew where there are more series. There are more shapes than colours, so that a colour that
# comes again has another shape.
SERIES = ("c1", "c2", "c3", "c4", "c5")
SHAPES: Mapping[str, str] = {
    "circle": '<circle cx="6" cy="6" r="5"/>',
    "square": '<rect x="1" y="1" width="10" height="10"/>',
    "triangle-up": '<path d="M6 0 12 11H0Z"/>',
    "diamond": '<path d="M6 0 12 6 6 12 0 6Z"/>',
    "cross": '<path d="M4 0H8V4H12V8H8V12H4V8H0V4H4Z"/>',
    "triangle-down": '<path d="M6 12 0 1H12Z"/>',
    "triangle-right": '<path d="M12 6 1 12V0Z"/>',
    "triangle-left": '<path d="M0 6 11 0V12Z"/>',
}
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3])
# a column's head that is broken into lines where columns are narrower, in pixels
ROOM, LETTER = 110, 7.2
# steps of a shaded matrix: opacity of the shade and the colour of the figure on it
SHADES = ((0.06, "text"), (0.16, "text"), (0.3, "text"), (0.9, "page"), (1.0, "page"))


# a layer of a specification of Vega-Lite
Layer = Mapping[str, Any]


@dataclass(frozen=True)
class Key:
    """An entry of a legend: its mark in the chart, and the text of it as a mark to fill in."""

    colour: str
    shape: str
    text: str


@dataclass(frozen=True)
class Chart:
    """A chart without words: an SVG drawing with marks to fill in, and its legend."""

    svg: str
    width: int
    height: int
    legend: tuple[Key, ...] = ()


def mark(kind: str, *parts: object) -> str:
    """A place that is filled in by language: period, quarter, number, label, plain or text."""
    return "§" + "|".join((kind, *map(str, parts))) + "§"


def _in_lines(text: str, width: int) -> str:
    """The mark, to be filled in as lines of so many letters."""
    return mark("lines", width, text.strip("§"))


def shown(cell: Cell | None) -> str:
    """What stands for a cell in a chart: its number as a mark, or the shorthand of its absence."""
    if cell is None or cell.value is None:
        return sign(cell)
    return mark("number", cell.value)


def columns(
    periods: Sequence[str], cells: Sequence[Cell | None], breaks: Collection[str] = ()
) -> Chart:
    """Columns over time, one series: provisional ones are lighter and outlined, breaks marked."""
    height, step = 200, WIDTH / max(len(periods), 1)
    top = _top(cells)
    rows = [
        {
            "x": index * step + step * 0.12,
            "x2": (index + 1) * step - step * 0.12,
            "middle": (index + 0.5) * step,
            "y": cell.value if cell and cell.value is not None else 0,
            "label": shown(cell),
            "drawn": bool(cell and cell.value),
            "provisional": bool(cell and cell.status == "P"),
            "break": period in breaks or bool(cell and cell.status == "B"),
        }
        for index, (period, cell) in enumerate(zip(periods, cells, strict=True))
    ]
    y = _number("y", top)
    drawn = _layer(
        [row for row in rows if row["drawn"]],
        {"type": "rect", "color": COLOURS["c1"], "stroke": COLOURS["c1"], "strokeWidth": 1.5},
        x=_x("x"),
        x2=_field("x2"),
        y=y,
        y2={"datum": 0},
        fillOpacity={"condition": {"test": "datum.provisional", "value": 0.35}, "value": 1},
    )
    figures = _layer(
        rows,
        {"type": "text", "dy": -8, "fontSize": 12, "color": COLOURS["text"]},
        x=_x("middle"),
        y=y,
        text=_nominal("label"),
    )
    return _finished(
        [drawn, figures, *_breaks(rows, height), *_time_axis(periods, step, height)],
        height,
        bottom=42,
    )


def lines(
    periods: Sequence[str],
    series: Sequence[tuple[str, Sequence[Cell | None]]],
    breaks: Collection[str] = (),
) -> Chart:
    """A line for each series over time, with marks of their own; a gap where a cell is withheld.

    `series`: the text of each as a mark, and its cells.
    """
    height, step = 220, WIDTH / max(len(periods), 1)
    top = _top([cell for _, cells in series for cell in cells])
    layers = _number_axis(top)
    broken = set(breaks)
    looks = list(islice(zip(cycle(SERIES), cycle(SHAPES), strict=False), len(series)))
    for index, (_, cells) in enumerate(series):
        part, rows = 0, []
        for place, cell in enumerate(cells):
            if cell is None or cell.value is None:
                part += 1
                continue
            rows.append({"x": (place + 0.5) * step, "y": cell.value, "part": part})
            if cell.status == "B":
                broken.add(periods[place])
        name, shape = looks[index]
        colour, dashes = COLOURS[name], DASHES[index % len(DASHES)]
        for drawn in (
            {"type": "line", "color": colour, "strokeWidth": 2.2, "strokeDash": dashes},
            {
                "type": "point",
                "color": colour,
                "fill": colour,
                "opacity": 1,
                "size": 42,
                "shape": shape,
            },
        ):
            layers.append(
                _layer(rows, drawn, x=_x("x"), y=_number("y", top), detail=_nominal("part"))
            )
    marks = [{"x": place * step, "break": each in broken} for place, each in enumerate(periods)]
    layers += [*_breaks(marks, height), *_time_axis(periods, step, height)]
    legend = tuple(Key(*look, text) for look, (text, _) in zip(looks, series, strict=True))
    return _finished(layers, height, bottom=42, legend=legend)


def bars(entries: Sequence[tuple[str, Cell | None, Cell | None]], now: str, before: str) -> Chart:
    """A bar for each entry, its text and figure above it, and a line at what it is compared with.

    `entries`: text as a mark, the cell, and the cell to compare with, such as the same of the year
    before; `now`, `before`: the texts of the two, as marks.
    """
    step = 42
    height = step * len(entries)
    top = _top([cell for _, *both in entries for cell in both])
    rows = [
        {
            "text": text,
            "value": cell.value if cell and cell.value is not None else 0,
            "label": shown(cell),
            "before": previous.value if previous else None,
            "above": index * step + 12,
            "y": index * step + 19,
            "y2": index * step + 35,
            "from": index * step + 16,
            "to": index * step + 38,
        }
        for index, (text, cell, previous) in enumerate(entries)
    ]
    text = {"type": "text", "fontSize": 12.5, "color": COLOURS["text"]}
    labels = _layer(
        rows,
        text | {"align": "left"},
        x={"value": 0},
        y=_pixel("above", height),
        text=_nominal("text"),
    )
    drawn = _layer(
        [row for row in rows if row["value"]],
        {"type": "rect", "color": COLOURS["c1"]},
        x=_number("value", top),
        x2={"datum": 0},
        y=_pixel("y", height),
        y2=_field("y2"),
    )
    figures = _layer(
        rows,
        text | {"align": "right", "fontWeight": 600},
        x={"value": WIDTH},
        y=_pixel("above", height),
        text=_nominal("label"),
    )
    ticks = _layer(
        [row for row in rows if row["before"] is not None],
        {"type": "rule", "color": COLOURS["c2"], "strokeWidth": 3},
        x=_number("before", top),
        y=_pixel("from", height),
        y2=_field("to"),
    )
    legend = (
        Key("c1", "square", now),
        Key("c2", "stroke", before),
    )
    return _finished([labels, drawn, ticks, figures], height, legend=legend)


def matrix(
    rows: Sequence[str], heads: Sequence[str], cells: Sequence[Sequence[Cell | None]]
) -> Chart:
    """A shaded table: the text of each row stands above it, those of the columns at the top."""
    step, across = 56, WIDTH / len(heads)
    if across < ROOM:
        heads = [_in_lines(text, int(across / LETTER)) for text in heads]
    height = 40 + step * len(rows)
    values = [cell.value for row in cells for cell in row if cell and cell.value]
    top = max(values, default=1)
    data = []
    for down, row in enumerate(cells):
        for place, cell in enumerate(row):
            value = cell.value if cell and cell.value is not None else 0
            shade, colour = SHADES[min(4, int(5 * (value / top) ** 0.5))] if value else SHADES[0]
            data.append(
                {
                    "x": place * across + 1.5,
                    "x2": (place + 1) * across - 1.5,
                    "middle": (place + 0.5) * across,
                    "y": 40 + down * step + 20,
                    "y2": 40 + (down + 1) * step - 4,
                    "centre": 40 + down * step + 36,
                    "shade": shade,
                    "colour": COLOURS[colour],
                    "label": shown(cell),
                }
            )
    shades = _layer(
        data,
        {"type": "rect", "color": COLOURS["c1"], "cornerRadius": 3},
        x=_x("x"),
        x2=_field("x2"),
        y=_pixel("y", height),
        y2=_field("y2"),
        fillOpacity={"field": "shade", "type": "quantitative", "scale": None},
    )
    figures = _layer(
        data,
        {"type": "text", "fontSize": 14, "fontWeight": 600},
        x=_x("middle"),
        y=_pixel("centre", height),
        text=_nominal("label"),
        color={"field": "colour", "type": "nominal", "scale": None},
    )
    labels = _layer(
        [{"y": 40 + down * step + 10, "text": text} for down, text in enumerate(rows)],
        {"type": "text", "align": "left", "fontSize": 12.5, "color": COLOURS["text"]},
        x={"value": 0},
        y=_pixel("y", height),
        text=_nominal("text"),
    )
    tops = _layer(
        [{"x": (place + 0.5) * across, "y": 14, "text": text} for place, text in enumerate(heads)],
        {"type": "text", "fontSize": 12, "fontWeight": 600, "color": COLOURS["quiet"]},
        x=_x("x"),
        y=_pixel("y", height),
        text=_nominal("text"),
    )
    return _finished([shades, figures, labels, tops], height)


def filled(svg: str, words: Words, message: Callable[[str], str]) -> str:
    """The drawing with its marks filled in for a language; whatever a label holds stays text."""

    def text(found: re.Match[str]) -> str:
        kind, *parts = html.unescape(found[1]).split("|")
        if kind != "lines":
            return html.escape(spoken(kind, parts, words, message), quote=False)
        width, kind, *parts = parts
        told = spoken(kind, parts, words, message)
        return "".join(
            f'<tspan x="0" dy="{"1.1em" if index else 0}">{html.escape(line, quote=False)}</tspan>'
            for index, line in enumerate(textwrap.wrap(told, int(width), break_long_words=False))
        )

    return MARK.sub(text, svg)


def spoken(kind: str, parts: Sequence[str], words: Words, message: Callable[[str], str]) -> str:
    """What a mark says in a language."""
    match kind:
        case "period":
            return words.period(parts[0])
        case "quarter":
            return words.period(parts[0]).split("\u00a0")[0]
        case "number":
            return words.number(int(parts[0]))
        case "label":
            return words.label(parts[0], parts[1])
        case "pair":
            return " \u2192 ".join(words.label("OPERATOR", each) for each in parts)
        case "column":
            return column_name(parts[0], words.language)
    return message(parts[0])


def inline(svg: str) -> str:
    """The drawing for a page: colours as variables, so that it follows light, dark and print."""
    for name, colour in COLOURS.items():
        svg = svg.replace(f'"{colour}"', f'"var(--{name})"')
    return svg


def as_file(
    chart: Chart, words: Words, message: Callable[[str], str], title: str, source: str
) -> str:
    """The drawing as a file that stands alone: with title, legend and source, on white."""
    heads = textwrap.wrap(title, 58) or [""]
    feet = textwrap.wrap(source, 80)
    pieces = []
    y = 8
    for head in heads:
        y += 19
        pieces.append(_text(14, y, head, 15, COLOURS["text"], "600"))
    for key in chart.legend:
        y += 18
        pieces.append(
            f'<g transform="translate(14,{y - 10})" fill="{COLOURS[key.colour]}">'
            f"{_shape(key.shape)}</g>"
        )
        text = MARK.sub(
            lambda found: spoken((parts := found[1].split("|"))[0], parts[1:], words, message),
            key.text,
        )
        pieces.append(_text(32, y, text, 12.5, COLOURS["text"]))
    y += 14
    drawing = filled(chart.svg, words, message)
    pieces.append(
        f'<svg x="0" y="{y}" width="{chart.width}" height="{chart.height}" '
        f'viewBox="0 0 {chart.width} {chart.height}">{_inner(drawing)}</svg>'
    )
    y += chart.height + 4
    for foot in feet:
        y += 15
        pieces.append(_text(14, y, foot, 11, COLOURS["quiet"]))
    y += 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{chart.width}" height="{y}" '
        f'viewBox="0 0 {chart.width} {y}" font-family="{FONT}" role="img">'
        f"<title>{html.escape(title)}</title>"
        f'<rect width="{chart.width}" height="{y}" fill="#ffffff"/>{"".join(pieces)}</svg>\n'
    )


def _text(x: float, y: float, text: str, size: float, colour: str, weight: str = "400") -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}">'
        f"{html.escape(text, quote=False)}</text>"
    )


def _shape(shape: str) -> str:
    """The mark of a legend, 12 by 12."""
    return SHAPES.get(shape, '<rect x="4.5" y="0" width="3" height="12"/>')


def key_svg(key: Key) -> str:
    """The mark of a legend entry for a page."""
    return (
        '<svg class="key" viewBox="0 0 12 12" aria-hidden="true">'
        f'<g fill="var(--{key.colour})">{_shape(key.shape)}</g></svg>'
    )


def _inner(svg: str) -> str:
    return svg[svg.index(">") + 1 : svg.rindex("</svg>")]


def _layer(rows: Sequence[Mapping[str, Any]], drawn: Mapping[str, Any], **encoding: Any) -> Layer:
    """A layer of a chart: its rows, how they are drawn, and where."""
    return {"data": {"values": rows}, "mark": drawn, "encoding": encoding}


def _top(cells: Sequence[Cell | None]) -> float:
    """The upper end of the scale, which starts at zero."""
    values = [cell.value for cell in cells if cell and cell.value is not None]
    return max(values, default=0) * 1.08 or 1


def _field(column: str) -> Mapping[str, Any]:
    """The other end of what has a scale already."""
    return {"field": column}


def _nominal(column: str) -> Mapping[str, Any]:
    return {"field": column, "type": "nominal"}


def _number(column: str, top: float, **scale: Any) -> Mapping[str, Any]:
    """A position on a scale from zero to `top`, without an axis."""
    return {
        "field": column,
        "type": "quantitative",
        "scale": {"domain": [0, top], "nice": False, **scale},
        "axis": None,
    }


def _x(column: str) -> Mapping[str, Any]:
    """A position in pixels from the left."""
    return _number(column, WIDTH)


def _pixel(column: str, height: int) -> Mapping[str, Any]:
    """A position in pixels from the top."""
    return _number(column, height, reverse=True)


def _time_axis(periods: Sequence[str], step: float, height: int) -> list[Layer]:
    """Quarters in one line, their years below; years alone are in the first line."""
    rows = []
    for index, period in enumerate(periods):
        starts = index == 0 or period[:4] != periods[index - 1][:4]
        rows.append(
            {
                "x": (index + 0.5) * step,
                "text": mark("quarter", period),
                "year": period[:4] if starts and len(period) > 4 else "",
            }
        )
    text = {"type": "text", "color": COLOURS["quiet"]}
    return [
        _layer(
            rows,
            text | {"fontSize": 12 if len(periods) <= 10 else 10},
            x=_x("x"),
            y={"value": height + 14},
            text=_nominal("text"),
        ),
        _layer(
            rows,
            text | {"fontSize": 12, "fontWeight": 600},
            x=_x("x"),
            y={"value": height + 31},
            text=_nominal("year"),
        ),
        _layer(
            [{"x": 0, "x2": WIDTH}],
            {"type": "rule", "color": COLOURS["quiet"]},
            x=_x("x"),
            x2=_field("x2"),
            y={"value": height},
        ),
    ]


def _number_axis(top: float) -> list[Layer]:
    """Four rules with their numbers above them."""
    raw = top / 4
    power = 10 ** (len(str(int(raw))) - 1) if raw >= 1 else 1
    unit = max(1, next(n * power for n in (1, 2, 2.5, 5, 10) if n * power >= raw * 0.9))
    rows = [
        {"y": int(unit * n), "text": mark("number", int(unit * n))}
        for n in range(1, 6)
        if unit * n <= top
    ]
    return [
        _layer(
            rows,
            {"type": "rule", "color": COLOURS["rule"]},
            x={"value": 0},
            x2={"value": WIDTH},
            y=_number("y", top),
        ),
        _layer(
            rows,
            {"type": "text", "align": "left", "dy": -6, "fontSize": 11, "color": COLOURS["quiet"]},
            x={"value": 0},
            y=_number("y", top),
            text=_nominal("text"),
        ),
    ]


def _breaks(rows: Sequence[Mapping[str, Any]], height: int) -> list[Layer]:
    """A dashed line before each period that a break separates from those before it."""
    broken = [{"x": row["x"], "text": BREAK} for row in rows if row.get("break")]
    if not broken:
        return []
    return [
        _layer(
            broken,
            {"type": "rule", "color": COLOURS["quiet"], "strokeDash": [3, 3]},
            x=_x("x"),
            y={"value": 0},
            y2={"value": height},
        ),
        _layer(
            broken,
            {"type": "text", "fontSize": 11, "dx": 10, "color": COLOURS["quiet"]},
            x=_x("x"),
            y={"value": 6},
            text=_nominal("text"),
        ),
    ]


def _finished(
    layers: Sequence[Layer], height: int, bottom: int = 6, legend: tuple[Key, ...] = ()
) -> Chart:
    side, top = 14, 16
    specification = {
        "layer": layers,
        "width": WIDTH,
        "height": height,
        "padding": {"left": side, "right": side, "top": top, "bottom": bottom},
        "autosize": {"type": "none"},
        "background": "transparent",
        "config": {"view": {"stroke": None}, "font": "sans-serif", "aria": False},
    }
    svg = vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE)
    return Chart(_slim(svg), WIDTH + 2 * side, height + top + bottom, legend)


def _slim(svg: str) -> str:
    """The drawing without what says nothing: empty paths, roles of its groups, default values."""
    svg = re.sub(r'<path class="(?:background|foreground)"[^>]*/>', "", svg)
    svg = re.sub(r'<rect width="\d+" height="\d+" fill="transparent"/>', "", svg)
    svg = re.sub(
        r' (?:class|font-family|aria-[a-z]+|role|pointer-events|opacity)="(?:[^"0]*|1|0)"',
        "",
        svg,
    )
    svg = re.sub(r"(\d\.\d\d)\d+", r"\1", svg)
    before = None
    while before != svg:
        before, svg = svg, re.sub(r"<g>((?:(?!</?g).)*)</g>", r"\1", svg)
    return re.sub(r"<g>\s*</g>", "", svg)
