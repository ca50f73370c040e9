"""The figures of the pages: a table of published cells, and a chart of it where one helps."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.formats.vocabulary import Code
from synerstat.site import charts
from synerstat.site.cells import Cell, Cells, free_dimensions, list_of, year_before
from synerstat.site.charts import Chart, mark

BY_NAME: Mapping[str, DataSet] = {data_set.name: data_set for data_set in DATA_SETS}
TOTAL = "_T"
MAIN = "PRESENT"
SHOWN_QUARTERS = 12
CHARTED_QUARTERS = 12


@dataclass(frozen=True)
class Table:
    """Published cells by two columns of a data set, at codes of the others (totals if not named).

    `rows` and `columns` are columns of the data set; `indicator` is empty where it is one of them.
    """

    data_set: DataSet
    indicator: str
    rows: str
    columns: str
    row_codes: tuple[str, ...]
    column_codes: tuple[str, ...]
    at: Mapping[str, str]
    cells: tuple[tuple[Cell | None, ...], ...]

    @property
    def is_provisional(self) -> tuple[bool, ...]:
        """Whether a column holds provisional cells."""
        return tuple(
            any(row[place] is not None and row[place].status == "P" for row in self.cells)  # type: ignore[union-attr]
            for place in range(len(self.column_codes))
        )


@dataclass(frozen=True)
class Figure:
    """A table with its name in the addresses, and a chart of a part of it.

    `about`: the dimension it is told by, for its title; empty for figures over time.
    """

    name: str
    about: str
    table: Table
    chart: Chart | None = None
    period: str = ""
    now: str = ""


class Figures:
    """Makes the figures of an edition, each once for all languages."""

    def __init__(
        self,
        cells: Cells,
        lists: Mapping[str, Sequence[Code]],
        period: str,
        breaks: Callable[[Mapping[str, str]], tuple[str, ...]],
    ) -> None:
        self._cells = cells
        self._lists = lists
        self._breaks = breaks
        self.period = period
        self._before = year_before(period)

    def over_time(self, name: str, data_set: DataSet, **at: str) -> Figure:
        """All indicators by quarter; the chart shows persons present."""
        quarters = self._cells.quarters
        indicators = tuple(indicator.code for indicator in data_set.indicators)
        table = self._table(
            data_set, "", "time_period", "indicator", quarters[::-1], indicators, at
        )
        charted = quarters[-CHARTED_QUARTERS:]
        cells = [self._cells.get(data_set, MAIN, quarter, **at) for quarter in charted]
        chart = charts.columns(charted, cells, self._breaks(at))
        return Figure(name, "", table, chart)

    def lines(self, name: str, data_set: DataSet, column: str) -> Figure:
        """Persons present by the codes of a column, one line each."""
        code_list = list_of(data_set, column)
        figure = self.by(name, data_set, column, charted=False)
        quarters = self._cells.quarters[-CHARTED_QUARTERS:]
        series = [
            (
                mark("label", code_list, code),
                [self._cells.get(data_set, MAIN, each, **{column: code}) for each in quarters],
            )
            for code in figure.table.row_codes
            if code != TOTAL
        ]
        chart = charts.lines(quarters, series, self._breaks({}))
        return Figure(name, column, figure.table, chart)

    def by(
        self,
        name: str,
        data_set: DataSet,
        column: str,
        indicator: str = MAIN,
        charted: bool = True,
        **at: str,
    ) -> Figure:
        """An indicator by the codes of a column, over time; the chart shows the last quarter."""
        periods = (*self._cells.years, *self._cells.quarters[-SHOWN_QUARTERS:])
        codes = [
            code
            for code in self._codes(data_set, column)
            if any(
                self._cells.get(data_set, indicator, each, **{**at, column: code})
                for each in periods
            )
        ]
        table = self._table(data_set, indicator, column, "time_period", codes, periods, at)
        chart = None
        if charted:
            code_list = list_of(data_set, column)
            entries = [
                (
                    mark("label", code_list, code),
                    self._cells.get(data_set, indicator, self.period, **{**at, column: code}),
                    self._cells.get(data_set, indicator, self._before, **{**at, column: code}),
                )
                for code in codes
                if code != TOTAL
            ]
            entries = [each for each in entries if each[1] or each[2]]
            chart = charts.bars(entries, mark("period", self.period), mark("period", self._before))
        return Figure(name, column, table, chart, now=self.period)

    def matrix(self, name: str, data_set: DataSet, rows: str, columns: str) -> Figure:
        """Persons present in the last quarter by two columns."""
        row_codes = [
            code
            for code in self._codes(data_set, rows)
            if self._cells.get(data_set, MAIN, self.period, **{rows: code})
        ]
        column_codes = self._codes(data_set, columns)
        table = self._table(data_set, MAIN, rows, columns, row_codes, column_codes, {}, self.period)
        chart = charts.matrix(
            [mark("label", list_of(data_set, rows), code) for code in row_codes if code != TOTAL],
            [mark("label", list_of(data_set, columns), code) for code in column_codes[1:]],
            [
                row[1:]
                for code, row in zip(table.row_codes, table.cells, strict=True)
                if code != TOTAL
            ],
        )
        return Figure(name, f"{rows},{columns}", table, chart, self.period)

    def mirror(self) -> Figure:
        """What home and host operators report of the same persons, for each pair."""
        data_set = BY_NAME["mirror"]
        pairs = [
            (home.code, host.code)
            for home in self._lists["OPERATOR"]
            for host in self._lists["OPERATOR"]
            if home != host and TOTAL not in (home.code, host.code)
        ]
        entries = []
        for home, host in pairs:
            at = {"home_operator": home, "host_operator": host}
            cells = [
                self._cells.get(data_set, indicator, self.period, **at)
                for indicator in ("MIRROR_HOME", "MIRROR_HOST")
            ]
            if any(cells):
                entries.append((mark("pair", home, host), cells[0], cells[1]))
        chart = charts.bars(
            entries, mark("column", "home_operator"), mark("column", "host_operator")
        )
        return Figure(
            "mirror",
            "home_operator,host_operator",
            self._pairs("MIRROR_HOME", self.period),
            chart,
            self.period,
        )

    def pairs(self, indicator: str) -> Figure:
        """An indicator of the mirror data set by home and host operator, in the last quarter."""
        name = f"mirror-{indicator.lower().replace('_', '-')}"
        table = self._pairs(indicator, self.period)
        return Figure(name, "home_operator,host_operator", table, None, self.period)

    def _pairs(self, indicator: str, period: str) -> Table:
        data_set = BY_NAME["mirror"]
        codes = [code.code for code in self._lists["OPERATOR"] if code.code != TOTAL]
        return self._table(
            data_set, indicator, "home_operator", "host_operator", codes, codes, {}, period
        )

    def _codes(self, data_set: DataSet, column: str) -> list[str]:
        """The codes of a column, the total first."""
        codes = [code.code for code in self._lists[list_of(data_set, column)]]
        return sorted(codes, key=lambda code: code != TOTAL)

    def _table(
        self,
        data_set: DataSet,
        indicator: str,
        rows: str,
        columns: str,
        row_codes: Sequence[str],
        column_codes: Sequence[str],
        at: Mapping[str, str],
        period: str = "",
    ) -> Table:
        fixed = {
            **dict.fromkeys(free_dimensions(data_set), TOTAL),
            **at,
            "indicator": indicator,
            "time_period": period,
        }

        def cell(row: str, column: str) -> Cell | None:
            place = {**fixed, rows: row, columns: column}
            return self._cells.get(
                data_set, place.pop("indicator"), place.pop("time_period"), **place
            )

        fixed = {name: code for name, code in fixed.items() if name not in (rows, columns) and code}
        return Table(
            data_set,
            indicator,
            rows,
            columns,
            tuple(row_codes),
            tuple(column_codes),
            fixed,
            tuple(tuple(cell(row, column) for column in column_codes) for row in row_codes),
        )


def data_set_figures(figures: Figures, data_set: DataSet) -> Iterator[list[Figure]]:
    """For each dimension: the main indicator with its chart, then the tables of the others."""
    if data_set.name == "mirror":
        yield [figures.mirror()]
        for indicator in ("MIRROR_HOST", "MIRROR_ASYMMETRY"):
            yield [figures.pairs(indicator)]
        return
    for column in free_dimensions(data_set):
        stem = f"{data_set.name}-{column.replace('_', '-')}"
        yield [
            figures.by(
                stem if indicator.code == MAIN else f"{stem}-{indicator.code.lower()}",
                data_set,
                column,
                indicator.code,
                charted=indicator.code == MAIN,
            )
            for indicator in data_set.indicators
        ]
