"""Help with the crosswalks: what an unknown code may mean, and what another mapping would change.

Nothing is applied here. A proposal becomes a mapping when somebody writes it into a crosswalk, and
a crosswalk is judged by what it does to the figures before it replaces the one that stands.
"""

import csv
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TextIO

import duckdb

from synerstat import spark
from synerstat.build import build_models
from synerstat.crosswalks import ATTRIBUTES, code_list
from synerstat.errors import UsageError
from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.formats.tables import harmless_text
from synerstat.warehouse import Progress, Warehouse, finished_build, no_records, silent

COLUMNS = (
    "operator",
    "source_code",
    "target_code",
    "valid_from",
    "valid_to",
    "source_label",
    "note",
)
LABEL_COLUMNS = ("operator", "dimension", "source_code", "label")
# what the figures of a data set are made of, up to disclosure control
FIGURE_MODELS = (
    "path:models/staging path:models/intermediate path:models/marts "
    "int_training__figures int_profile__figures int_status__figures int_mobility__figures "
    "int_mirror__figures quality_nomenclature"
)


@dataclass(frozen=True)
class Suggestion:
    """What an unknown code may mean. `score`: 0 to 100, how alike the two texts are.

    `source_label` is what the operator calls the code, as far as anybody said; `matched` names the
    mapping or label that it is like. Without a score high enough the last columns are empty.
    """

    operator: str
    dimension: str
    source_code: str
    source_label: str
    rows: int
    suggested_code: str
    score: int | None
    matched: str


@dataclass(frozen=True)
class ChangedFigure:
    """A figure that another mapping changes; None where there is no such cell."""

    data_set: str
    key: str
    indicator: str
    before: int | None
    after: int | None


def suggest(
    warehouse: Path,
    *,
    labels: Path | None = None,
    best: int = 1,
    min_score: int = 60,
    progress: Progress = silent,
) -> tuple[Suggestion, ...]:
    """Proposals for all codes in the built warehouse that no mapping knows.

    A code and its label are compared with the codes and labels of the crosswalks, of all operators,
    and with the labels of the code lists in four languages. Labels of unknown codes come from
    `labels` (CSV: operator, dimension, source_code, label); for types of training the commonest
    name of a programme stands in. Labels of no operator or dimension are told to `progress` and
    left aside. `best` proposals for each code, from `min_score` (0 to 100) on.

    Raises UsageError where the warehouse was not built or `labels` is no such file.
    """
    finished_build(warehouse)
    with duckdb.connect(str(Warehouse(warehouse).database), read_only=True) as connection:
        try:
            connection.execute("from intermediate.int_records__unioned limit 0")
        except (duckdb.CatalogException, duckdb.IOException):
            raise no_records(warehouse) from None
        given = _labels(connection, labels, progress)
        unknown = connection.execute(
            f"""
            with codes as (
                select operator, dimension, source_code, sum(unmapped_rows) as rows
                from quality.quality_source_codes
                where unmapped_rows > 0
                group by operator, dimension, source_code
            ), programmes as (
                select operator, 'training_type' as dimension, source_training_type as source_code,
                    mode(programme_name order by programme_name) as label
                from intermediate.int_records__unioned
                where training_type is null and source_training_type is not null
                group by operator, source_training_type
            )
            select codes.*, coalesce(given.label, programmes.label, '')
            from codes
            left join {given} as given using (operator, dimension, source_code)
            left join programmes using (operator, dimension, source_code)
            order by operator, dimension, rows desc, source_code
            """
        ).fetchall()
        known = {
            dimension: connection.execute(
                f"""
                select operator, source_code, source_label, target_code
                from seeds.crosswalk_{dimension}
                union all
                select 'code list', '', label, code from (
                    unpivot (select code, label_en, label_fr, label_nl, label_de
                        from seeds.code_lists where code_list = ?)
                    on label_en, label_fr, label_nl, label_de into name language value label
                )
                order by all
                """,
                [code_list(dimension)],
            ).fetchall()
            for dimension in ATTRIBUTES
        }
    return tuple(
        suggestion
        for operator, dimension, code, rows, label in unknown
        for suggestion in _suggest(
            (operator, dimension, code, label), int(rows), known[dimension], best, min_score
        )
    )


def _labels(connection: duckdb.DuckDBPyConnection, path: Path | None, progress: Progress) -> str:
    """A relation of the labels that somebody gave, one for each code."""
    if path is None:
        return "(select '' as operator, '' as dimension, '' as source_code, '' as label)"
    try:
        connection.execute(
            "create temp table labels as from read_csv(?, all_varchar = true, header = true)",
            [str(path)],
        )
    except duckdb.Error as error:
        raise UsageError(
            f"{path} can't be read: {str(error).splitlines()[0]}. It needs the columns "
            f"{', '.join(LABEL_COLUMNS)}."
        ) from None
    _require(path, LABEL_COLUMNS, connection.table("labels").columns)
    connection.execute(
        "create temp table given as select operator, dimension, upper(source_code) as source_code, "
        "max(label) as label from labels group by all"
    )
    operators = [
        code
        for (code,) in connection.execute(
            "select code from seeds.code_lists where code_list = 'OPERATOR' order by all"
        ).fetchall()
    ]
    unknown = connection.execute(
        "select concat_ws(' ', operator, dimension), count(*) from given "
        "where (operator in $operators and dimension in $dimensions) is not true "
        "group by all order by all",
        {"operators": operators, "dimensions": list(ATTRIBUTES)},
    ).fetchall()
    if unknown:
        told = ", ".join(f"{name or 'none'} ({count})" for name, count in unknown)
        progress(
            f"{path}: labels left aside, because there is no such operator or dimension: {told}. "
            f"Operators are {', '.join(operators)}; dimensions are {', '.join(ATTRIBUTES)}"
        )
    return "given"


def _require(path: Path, needed: Sequence[str], found: Iterable[str]) -> None:
    """Raise UsageError where a file lacks columns."""
    there = {name.lower() for name in found}
    if missing := [name for name in needed if name not in there]:
        raise UsageError(
            f"{path} lacks the columns {', '.join(missing)}. It needs the columns "
            f"{', '.join(needed)}, named in its first line."
        )


def _suggest(
    asked: tuple[str, str, str, str],
    rows: int,
    known: Sequence[tuple[str, str, str, str]],
    best: int,
    min_score: int,
) -> Iterable[Suggestion]:
    from rapidfuzz import fuzz, process, utils

    operator, dimension, code, label = asked
    # whole codes only: parts of short codes are alike by chance
    by_code = process.cdist(
        [code], [each[1] for each in known], scorer=fuzz.ratio, processor=str.upper
    )[0]
    by_label = process.cdist(
        [label or code],
        [each[2] or "" for each in known],
        scorer=fuzz.token_sort_ratio,
        processor=utils.default_process,
    )[0]
    ranked = sorted(
        (
            (-round(max(float(score), float(other))), each[0] != operator, each)
            for score, other, each in zip(by_code, by_label, known, strict=True)
        ),
        key=lambda found: (found[0], found[1], found[2]),
    )
    chosen: dict[str, Suggestion] = {}
    for negative, _, (whose, known_code, known_label, target) in ranked:
        if -negative < min_score or len(chosen) == best:
            break
        if target not in chosen:
            matched = " ".join(filter(None, (f"{whose}:", known_code, known_label)))
            chosen[target] = Suggestion(
                operator, dimension, code, label, rows, target, -negative, matched
            )
    return chosen.values() or [Suggestion(operator, dimension, code, label, rows, "", None, "")]


def diff(
    project: Path,
    warehouse: Path,
    crosswalk: Path,
    *,
    dimension: str | None = None,
    threads: int = 2,
    memory_limit: str = "3GB",
    progress: Progress = silent,
) -> tuple[ChangedFigure, ...]:
    """The figures that change if the file replaces the crosswalk of its dimension.

    The dimension is in the file's name, crosswalk_<dimension>.csv, unless it is named. The models
    are built on a copy of the warehouse, which is removed; the warehouse itself is only read. The
    figures are those before disclosure control: confidential. The caller holds the warehouse.

    Raises UsageError where the warehouse was not built, or the file is no sound crosswalk.
    """
    state = finished_build(warehouse)
    named = dimension or crosswalk.stem.removeprefix("crosswalk_")
    if named not in ATTRIBUTES:
        raise UsageError(
            f"{crosswalk.name} does not say which crosswalk it replaces. Name it "
            f"crosswalk_<dimension>.csv or add --dimension, one of {', '.join(ATTRIBUTES)}."
        )
    if spark.records_lie_elsewhere(warehouse):
        raise UsageError(
            "The records were built on Spark where they lie, so they can't be counted anew here. "
            "Land the deliveries in a warehouse with `synerstat intake` and build it."
        )
    before = Warehouse(warehouse.resolve())
    with tempfile.TemporaryDirectory(prefix="synerstat-diff-") as temporary:
        # in a folder of the same name: views name their database
        after = Warehouse(Path(temporary) / "warehouse")
        after.root.mkdir()
        progress("Copying the warehouse")
        shutil.copyfile(before.database, after.database)
        with duckdb.connect(str(after.database)) as connection:
            _replace(connection, named, crosswalk)
        build_models(
            project,
            after.root,
            state.reference_quarter,
            command="run",
            select=FIGURE_MODELS,
            threads=threads,
            memory_limit=memory_limit,
            variables={**state.variables, "landing_path": str(before.landing)},
            progress=progress,
        )
        progress("Comparing the figures")
        with duckdb.connect() as connection:
            for name, store in (("before", before), ("after", after)):
                path = str(store.database).replace("'", "''")
                connection.execute(f"attach '{path}' as {name}_build (read_only)")
            return tuple(
                ChangedFigure(*row)
                for data_set in DATA_SETS
                for row in _changes(connection, data_set)
            )


def _replace(connection: duckdb.DuckDBPyConnection, dimension: str, path: Path) -> None:
    """Put the rows of the file in the place of the crosswalk; raises UsageError if unsound."""
    table = f"seeds.crosswalk_{dimension}"
    try:
        header = _header(path)
        _require(path, COLUMNS, header)
        connection.execute(
            "create temp table proposed as select "
            + ", ".join(
                f"try_cast({name} as date) as {name}" if name.startswith("valid_") else name
                for name in COLUMNS
            )
            + ", (valid_from is not null and try_cast(valid_from as date) is null) or "
            "(valid_to is not null and try_cast(valid_to as date) is null) as is_unreadable "
            "from read_csv(?, header = true, auto_detect = false, delim = ',', quote = '\"', "
            "escape = '\"', columns = ?)",
            [str(path), dict.fromkeys(header, "varchar")],
        )
    except (duckdb.Error, UnicodeDecodeError) as error:
        # without the advice on the reader's settings
        fault, _, _ = str(error).partition("\nPossible fixes")
        raise UsageError(
            f"{path} can't be read as a crosswalk: {' '.join(fault.splitlines())}. "
            f"It needs the columns {', '.join(COLUMNS)}, and as many values in each row."
        ) from None
    unsound = connection.execute(
        """
        select operator, source_code, 'a date that is none, write 2019-12-31' from proposed
        where is_unreadable
        union all
        select operator, source_code, 'no operator, code or target' from proposed
        where operator is null or source_code is null or target_code is null
        union all
        select operator, source_code, 'the target ' || target_code || ' is in no code list'
        from proposed
        where target_code <> '_X' and target_code not in (
            select code from seeds.code_lists where code_list = ?
        )
        union all
        select operator, source_code, 'two mappings on the same day' from (
            select operator, source_code, coalesce(valid_to, date '9999-12-31') as last_day,
                lead(coalesce(valid_from, date '0001-01-01')) over (
                    partition by operator, upper(source_code)
                    order by coalesce(valid_from, date '0001-01-01')
                ) as next_day
            from proposed
        ) where next_day <= last_day
        order by all
        """,
        [code_list(dimension)],
    ).fetchall()
    count = connection.execute("select count(*) from proposed").fetchall()[0][0]
    if unsound or not count:
        told = [f"  {operator} {code}: {what}" for operator, code, what in unsound[:10]]
        raise UsageError(
            f"{path} is no sound crosswalk of {dimension}:\n"
            + ("\n".join(told) or "  it has no rows")
            + "\nCorrect it, then run this again. Nothing was changed."
        )
    connection.execute(f"delete from {table}")
    connection.execute(
        f"insert into {table} by name select * exclude (is_unreadable) from proposed"
    )


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def _changes(
    connection: duckdb.DuckDBPyConnection, data_set: DataSet
) -> list[tuple[str, str, str, int | None, int | None]]:
    """The figures of a data set that are not the same in both builds."""
    key = ", ".join(data_set.key)
    dimensions = [name for name in data_set.key if name != "indicator"]
    told = " || ', ' || ".join(f"'{name}=' || {name}" for name in dimensions)
    relation = f"intermediate.int_{data_set.name}__figures"
    return connection.execute(
        f"""
        select '{data_set.name}', {told}, indicator, was.figure, becomes.figure
        from before_build.{relation} as was
        full join after_build.{relation} as becomes using ({key})
        where was.figure is distinct from becomes.figure
        order by {key}
        """
    ).fetchall()


def write_rows(rows: Sequence[Suggestion | ChangedFigure], kind: type, file: TextIO) -> None:
    """The rows as CSV with a heading; nothing in it is taken for a formula by a spreadsheet."""
    names = [field.name for field in fields(kind)]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(
        [
            harmless_text(value) if isinstance(value, str) else value
            for value in (getattr(row, name) for name in names)
        ]
        for row in rows
    )
