"""workbook/training-participants-<quarter>.<language>.xlsx: the main totals, for people.

Cover, contents, notes, then one table per sheet, as the guidance of the UK government statisticians
on spreadsheets asks: no merged cells, real tables with alternative text, frozen headers, links,
marks in square brackets, figures that are numbers and nothing else. A flag that a figure carries
stands beside its period where all figures of the column have it, else in the table's last column.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import xlsxwriter
from python_calamine import CalamineWorkbook

from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.formats.tables import harmless
from synerstat.publish.formats.vocabulary import (
    LANGUAGES,
    Code,
    Edition,
    coded_columns,
    column_name,
    description,
    literal,
    notes,
    read_code_lists,
    text,
)

QUARTERS = 8
YEARS = 5
# Figures and marks in one column.
SHOWN = "union(figure bigint, mark varchar)"
COVER_WIDTH = 75
NOTES_WIDTH = 95
LABEL_WIDTH = 56
LINE_HEIGHT = 15
# Lines above a table: title, two sentences, two links.
HEADER = 5
QUARTER_END = {"1": (3, 31), "2": (6, 30), "3": (9, 30), "4": (12, 31)}


@dataclass(frozen=True)
class Table:
    """A sheet: a data set by some of its dimensions, all others at their total."""

    data_set: str
    by: tuple[str, ...]


TABLES = (
    Table("training", ()),
    Table("training", ("operator",)),
    Table("training", ("training_area",)),
    Table("training", ("training_type",)),
    Table("training", ("delivery_mode",)),
    Table("profile", ("sex",)),
    Table("profile", ("age_group",)),
    Table("profile", ("education_level",)),
    Table("status", ("labour_status",)),
    Table("training", ("operator", "training_type")),
    Table("training", ("training_area", "operator")),
    Table("profile", ("sex", "age_group")),
    Table("mobility", ("residence_area", "operator")),
    Table("mirror", ("home_operator", "host_operator")),
)
SUBJECTS = {"mobility": "subject.job_seekers", "mirror": "subject.mirror"}


def workbook_path(folder: Path, quarter: str, language: str) -> Path:
    """Where the workbook of a vintage stands."""
    return folder / "workbook" / f"training-participants-{quarter}.{language}.xlsx"


def _write_workbook(
    path: Path,
    connection: duckdb.DuckDBPyConnection,
    lists: Mapping[str, Sequence[Code]],
    edition: Edition,
    language: str,
) -> None:
    book = xlsxwriter.Workbook(
        str(path),
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    looks = _looks(book)
    title = f"{text('statistic', language)}, {edition.period}"
    month, day = QUARTER_END[edition.quarter[-1]]
    book.set_properties(
        {
            "title": title,
            "subject": text("workbook.subject", language),
            "author": text("agency", language),
            "company": text("agency", language),
            "category": language,
            "keywords": text("keywords", language),
            "comments": text("workbook.vintage", language, vintage=edition.vintage),
            "created": datetime(int(edition.quarter[:4]), month, day, tzinfo=UTC),
        }
    )
    titles = [table_title(table, language) for table in TABLES]
    _cover(book, looks, lists, edition, language, title)
    _contents(book, looks, language, titles)
    _notes(book, looks, edition, language)
    for number, (table, sheet_title) in enumerate(zip(TABLES, titles, strict=True), start=1):
        _table(book, looks, connection, table, language, number, sheet_title)
    book.close()


def table_title(table: Table, language: str) -> str:
    """Participants by operator and type of training."""
    subject = text(SUBJECTS.get(table.data_set, "subject.participants"), language)
    names = [column_name(column, language) for column in table.by]
    if language != "de":
        names = [name[:1].lower() + name[1:] for name in names]
    if not names:
        return text("title.all", language, subject=subject)
    if len(names) == 1:
        return text("title.one", language, subject=subject, first=names[0])
    return text("title.two", language, subject=subject, first=names[0], second=names[1])


def sheet_name(number: int, language: str) -> str:
    """Table 1, Tableau 1, Tabel 1, Tabelle 1."""
    return f"{text('sheet.table', language)} {number}"


def selection(data_set: DataSet, table: Table, relation: str) -> str:
    """The rows of the data set that a sheet shows, as a relation."""
    fixed = [
        f"{dimension.column} = '_T'"
        for dimension in data_set.dimensions
        if dimension.column not in ("freq", "time_period", *table.by)
    ]
    return f"""(
        select *
        from {relation}
        where {" and ".join(fixed) or "true"}
        and (
            time_period in (
                select distinct time_period from {relation} where freq = 'Q'
                order by time_period desc limit {QUARTERS}
            )
            or time_period in (
                select distinct time_period from {relation} where freq = 'A'
                order by time_period desc limit {YEARS}
            )
        )
    )"""


def read_back(path: Path, language: str) -> Iterator[tuple[int, DataSet, Table, pd.DataFrame]]:
    """The sheets of a workbook as text, by an independent reader, with their own headers."""
    data_sets = {data_set.name: data_set for data_set in DATA_SETS}
    book = CalamineWorkbook.from_path(str(path))
    for number, table in enumerate(TABLES, start=1):
        sheet = book.get_sheet_by_name(sheet_name(number, language))
        rows = sheet.to_python(skip_empty_area=False)
        frame = pd.DataFrame(rows[HEADER + 1 :], columns=rows[HEADER], dtype=object)
        yield number, data_sets[table.data_set], table, frame.astype(str)


def codes_of_sheet(
    data_set: DataSet,
    table: Table,
    sheet: str,
    due: str,
    columns: tuple[str, ...],
    language: str,
) -> str:
    """SQL that leads a sheet back to rows of the published table, without the vintage.

    Needs the relation `labels` (code_list, code, label as in the code lists' files), and `due`,
    what the sheet should hold: a cell marked [z] is a row only where the data set has one.
    """
    lists = dict(coded_columns(data_set))
    by = (*table.by, "indicator")
    names = {column: column_name(column, language) for column in by}
    noted = column_name_of_notes(language)
    periods = [each for each in columns if each not in (*names.values(), noted)]
    key = ", ".join(data_set.key)
    if not periods:
        return f"select {key}, obs_value, obs_status, conf_status from {due} where false"
    listed = ", ".join(f'"{period}"' for period in periods)
    note = f"coalesce(\"{noted}\", '')" if noted in columns else "''"
    codes = ", ".join(f"code_of_{column}.code as {column}" for column in by)
    joins = " ".join(
        f"left join labels as code_of_{column} "
        f"on code_of_{column}.code_list = {literal(lists[column])} "
        f"and code_of_{column}.label = {harmless(f'cells.label_of_{column}')}"
        for column in by
    )
    fixed = ", ".join(
        f"'_T' as {dimension.column}"
        for dimension in data_set.dimensions
        if dimension.column not in ("freq", "time_period", *table.by)
    )
    labels = ", ".join(f'"{name}" as label_of_{column}' for column, name in names.items())
    return f"""
        with

        cells as (

            unpivot (select {labels}, {note} as notes, {listed} from {sheet})
            on {listed} into name header value shown

        ),

        coded as (

            select
                case when contains(header, '-Q') then 'Q' else 'A' end as freq,
                split_part(header, ' ', 1) as time_period,
                header like '% [p]' as is_provisional,
                string_split(notes, ', ') as notes,
                shown,
                cast(try_cast(shown as double) as bigint) as figure,
                {codes}{", " + fixed if fixed else ""}
            from cells
            {joins}

        ),

        found as (

            select
                {key},
                shown,
                cast(figure as varchar) as obs_value,
                case
                    when shown = '[c]' then 'Q'
                    when shown = '[z]' then 'M'
                    when figure is null then 'O'
                    when list_contains(notes, '[b] ' || time_period) then 'B'
                    when list_contains(notes, '[p] ' || time_period) or is_provisional then 'P'
                    else 'A'
                end as obs_status,
                case when shown = '[c]' then 'C' else 'F' end as conf_status
            from coded

        )

        select {key}, obs_value, obs_status, conf_status
        from found
        where shown <> '[z]'
        union all
        select {key}, obs_value, obs_status, conf_status
        from found
        semi join {due} using ({key})
        where shown = '[z]'
    """


def column_name_of_notes(language: str) -> str:
    """The header of the column with the flags that single figures carry."""
    return text("workbook.marks", language)


def _looks(book: Any) -> dict[str, Any]:
    """Cell formats. Dark blue on white and white on dark blue: contrast above 7 to 1."""
    base = {"font_name": "Arial", "font_size": 11, "valign": "top"}
    header = {
        "bold": True,
        "font_color": "#FFFFFF",
        "bg_color": "#1F3864",
        "valign": "vcenter",
    }
    return {
        "title": book.add_format({**base, "font_size": 16, "bold": True, "font_color": "#1F3864"}),
        "text": book.add_format({**base}),
        "wrapped": book.add_format({**base, "text_wrap": True}),
        "link": book.add_format({**base, "font_color": "#0B4F9E", "underline": 1}),
        "figure": book.add_format({**base, "num_format": "#,##0", "align": "right"}),
        "header": book.add_format({**base, **header}),
        # indented, so that the filter's button does not lie on the period
        "figure_header": book.add_format({**base, **header, "align": "right", "indent": 2}),
    }


def _sheet(book: Any, name: str, footer: str) -> Any:
    sheet = book.add_worksheet(name)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{footer}&R&P / &N")
    sheet.hide_gridlines(2)
    return sheet


def _cover(
    book: Any,
    looks: Mapping[str, Any],
    lists: Mapping[str, Sequence[Code]],
    edition: Edition,
    language: str,
    title: str,
) -> None:
    sheet = _sheet(book, text("sheet.cover", language), edition.vintage)
    sheet.set_column(0, 0, COVER_WIDTH)
    lines = [
        description(lists, language),
        text("workbook.quarter", language, quarter=edition.period),
        text("workbook.vintage", language, vintage=edition.vintage),
        *([text("invented", language)] if edition.invented_persons else []),
        text("workbook.selection", language),
        text("workbook.shorthand", language),
    ]
    _title(sheet, title, looks)
    sheet.write_column(1, 0, lines, looks["wrapped"])
    _fit_heights(sheet, 1, lines, COVER_WIDTH)
    for row, target in enumerate(("contents", "notes"), start=1 + len(lines)):
        _link(
            sheet,
            row,
            text(f"sheet.{target}", language),
            text(f"workbook.to_{target}", language),
            looks,
        )
    sheet.activate()


def _contents(book: Any, looks: Mapping[str, Any], language: str, titles: list[str]) -> None:
    name = text("sheet.contents", language)
    sheet = _sheet(book, name, name)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 75)
    _title(sheet, name, looks)
    sheet.write_string(1, 0, text("workbook.contents_intro", language), looks["text"])
    names = [
        text("sheet.notes", language),
        *(sheet_name(number, language) for number in range(1, len(titles) + 1)),
    ]
    rows = list(zip(names, [text("sheet.notes", language), *titles], strict=True))
    _add_table(
        sheet,
        looks,
        2,
        (text("workbook.worksheet", language), text("workbook.content", language)),
        rows,
        "contents",
        name,
        text("workbook.contents_intro", language),
    )
    for row, each in enumerate(names, start=3):
        _link(sheet, row, each, each, looks)
    sheet.freeze_panes(3, 0)


def _notes(book: Any, looks: Mapping[str, Any], edition: Edition, language: str) -> None:
    name = text("sheet.notes", language)
    sheet = _sheet(book, name, name)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, NOTES_WIDTH)
    _title(sheet, name, looks)
    sheet.write_string(1, 0, text("workbook.notes_intro", language), looks["text"])
    _link(sheet, 2, text("sheet.contents", language), text("workbook.to_contents", language), looks)
    rows = notes(language, threshold=edition.threshold)
    _fit_heights(sheet, 4, [note for _, note in rows], NOTES_WIDTH)
    _add_table(
        sheet,
        looks,
        3,
        (text("workbook.topic", language), text("workbook.note", language)),
        rows,
        "notes",
        name,
        text("workbook.notes_intro", language),
    )
    sheet.freeze_panes(4, 0)


def _table(
    book: Any,
    looks: Mapping[str, Any],
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    language: str,
    number: int,
    title: str,
) -> None:
    name = sheet_name(number, language)
    sheet = _sheet(book, name, name)
    headers, rows = _cells(connection, table, f"sheet_{number}", language)
    by = len(table.by) + 1
    intro = text(
        "workbook.table_intro",
        language,
        data_set=table.data_set,
    )
    full_title = text("sheet.title", language, sheet=name, title=title)
    _title(sheet, full_title, looks)
    sheet.write_string(1, 0, intro, looks["text"])
    sheet.write_string(2, 0, text("workbook.shorthand", language), looks["text"])
    for row, target in ((3, "contents"), (4, "notes")):
        _link(
            sheet,
            row,
            text(f"sheet.{target}", language),
            text(f"workbook.to_{target}", language),
            looks,
        )
    for column in range(by):
        longest = max((len(row[column]) for row in rows), default=LABEL_WIDTH)
        sheet.set_column(column, column, min(longest + 1, LABEL_WIDTH))
    _fit_heights(sheet, HEADER + 1, [max(row[:by], key=len) for row in rows], LABEL_WIDTH)
    sheet.set_column(by, len(headers) - 1, 15)
    _add_table(sheet, looks, HEADER, headers, rows, f"table_{number}", title, intro, labels=by)
    sheet.set_landscape()
    sheet.repeat_rows(HEADER)
    sheet.freeze_panes(HEADER + 1, by)


def _cells(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    due: str,
    language: str,
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Headers and rows of a sheet: figures as integers, marks and labels as text."""
    periods = connection.execute(
        f"""
        select
            time_period,
            coalesce(
                bool_and(obs_status in ('P', 'B')) filter (obs_value is not null)
                and bool_or(obs_status = 'P') filter (obs_value is not null),
                false
            ) as is_provisional
        from {due}
        group by freq, time_period
        order by freq desc, time_period
        """
    ).fetchall()
    by = (*table.by, "indicator")
    headers = (
        *(column_name(column, language) for column in by),
        *(f"{period} [p]" if is_so else period for period, is_so in periods),
    )
    if not periods:
        return headers, []
    provisional = ", ".join(literal(period) for period, is_so in periods if is_so) or "''"
    lists = {name: code_list for each in DATA_SETS for name, code_list in coded_columns(each)}
    labels = ", ".join(f"label_of_{column}.label_{language}" for column in by)
    positions = ", ".join(f"label_of_{column}.position" for column in by)
    joins = " ".join(
        f"inner join code_lists as label_of_{column} "
        f"on label_of_{column}.code_list = {literal(lists[column])} "
        f"and label_of_{column}.code = cells.{column}"
        for column in by
    )
    figures = ", ".join(
        f"coalesce(any_value(shown) filter (time_period = {literal(period)}), "
        f"cast('[z]' as {SHOWN}))"
        for period, _ in periods
    )
    rows = connection.execute(
        f"""
        with

        cells as (

            select
                *,
                case
                    when conf_status <> 'F' then cast('[c]' as {SHOWN})
                    when obs_status = 'M' then cast('[z]' as {SHOWN})
                    when obs_value is null then cast('[x]' as {SHOWN})
                    else cast(obs_value as {SHOWN})
                end as shown,
                case
                    when obs_value is null then null
                    when obs_status = 'B' then '[b] ' || time_period
                    when obs_status = 'P' and time_period not in ({provisional})
                        then '[p] ' || time_period
                end as noted
            from {due}

        )

        select
            {labels},
            {figures},
            coalesce(string_agg(noted, ', ' order by freq desc, time_period), '')
        from cells
        {joins}
        group by {labels}, {positions}
        order by {positions}
        """
    ).fetchall()
    # no column of blanks where no single figure carries a flag
    if any(row[-1] for row in rows):
        return (*headers, column_name_of_notes(language)), rows
    return headers, [row[:-1] for row in rows]


def _add_table(
    sheet: Any,
    looks: Mapping[str, Any],
    first_row: int,
    headers: tuple[str, ...],
    rows: list[Any],
    name: str,
    title: str,
    description: str,
    labels: int | None = None,
) -> None:
    """A real table, with alternative text; the first `labels` columns (default: all) are text."""
    labels = len(headers) if labels is None else labels
    sheet.add_table(
        first_row,
        0,
        # a table needs a row, even where there is nothing to show
        first_row + max(len(rows), 1),
        len(headers) - 1,
        {
            "name": name,
            "title": title,
            "description": description,
            "style": "Table Style Light 1",
            "autofilter": labels < len(headers),
            "columns": [
                {
                    "header": header,
                    "header_format": looks["header" if column < labels else "figure_header"],
                    "format": looks["wrapped" if column < labels else "figure"],
                }
                for column, header in enumerate(headers)
            ],
            "data": rows,
        },
    )


def _title(sheet: Any, title: str, looks: Mapping[str, Any]) -> None:
    sheet.set_row(0, 24)
    sheet.write_string(0, 0, title, looks["title"])


def _fit_heights(sheet: Any, first_row: int, lines: list[str], width: int) -> None:
    """Heights for wrapped text, which not every program works out; rather a line too many."""
    for row, line in enumerate(lines, start=first_row):
        sheet.set_row(row, LINE_HEIGHT * (len(line) // width + 1))


def _link(sheet: Any, row: int, target: str, label: str, looks: Mapping[str, Any]) -> None:
    sheet.write_url(row, 0, f"internal:'{target}'!A1", looks["link"], label)


def write_workbooks(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    edition: Edition,
) -> None:
    """Write the workbooks of all languages; `relations`: the published table of each data set.

    Nothing in them tells when they were written: the same figures give the same bytes.
    """
    (folder / "workbook").mkdir(exist_ok=True)
    data_sets = {data_set.name: data_set for data_set in DATA_SETS}
    for number, table in enumerate(TABLES, start=1):
        due = selection(data_sets[table.data_set], table, relations[table.data_set])
        connection.execute(f"create or replace temp table sheet_{number} as from {due}")
    lists = read_code_lists(connection)
    for language in LANGUAGES:
        path = workbook_path(folder, edition.quarter, language)
        _write_workbook(path, connection, lists, edition, language)
