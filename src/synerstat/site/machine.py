"""The same figures for machines, as static files at stable addresses below site/api/.

index.json                          what there is
data/<data set>/<period>.json       JSON-stat 2.0
sdmx/<data set>/<period>.csv        SDMX-CSV 2.0
codelists/<code list>.json          codes with labels in four languages
vintages.json, changes.json         this vintage, the one before, and what changed between the two
openapi.json                        OpenAPI 3.1 description of these addresses
../cube/<data set>/<period>.js      the cells once more, as the table builder loads them
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.formats.tables import sdmx_rows, write_csv
from synerstat.publish.formats.vocabulary import (
    LANGUAGES,
    Code,
    Edition,
    code_list_names,
    literal,
    words,
)
from synerstat.site.cells import free_dimensions

JSON_STAT = "2.0"
OPENAPI = "3.1.0"
GEOGRAPHY = ("training_area", "residence_area")
INTEGER_STATUS = {"type": "string", "enum": ["A", "P", "B", "Q", "M"]}


@dataclass(frozen=True)
class Slice:
    """The cells of a data set in one period, by their place in the whole cube of codes."""

    data_set: DataSet
    period: str
    codes: Mapping[str, tuple[str, ...]]
    places: tuple[int, ...]
    values: tuple[int | None, ...]
    statuses: str

    @property
    def file_name(self) -> str:
        """<data set>/<period>, which is the end of its addresses."""
        return f"{self.data_set.name}/{self.period}"


def slices(
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    code_lists: Mapping[str, Sequence[Code]],
) -> tuple[Slice, ...]:
    """Read all published cells, by data set and period."""
    found = []
    for data_set in DATA_SETS:
        codes = _codes(data_set, code_lists)
        place = "0"
        for column, listed in codes.items():
            values = "[" + ", ".join(literal(code) for code in listed) + "]"
            place = f"({place}) * {len(listed)} + list_position({values}, {column}) - 1"
        rows = connection.execute(
            f"""
            select
                time_period,
                list(place order by place),
                list(obs_value order by place),
                string_agg(obs_status, '' order by place)
            from (
                select time_period, obs_value, obs_status, {place} as place
                from {relations[data_set.name]}
            )
            group by time_period
            order by time_period
            """
        ).fetchall()
        found += [
            Slice(data_set, period, codes, tuple(places), tuple(values), statuses)
            for period, places, values, statuses in rows
        ]
    return tuple(found)


def write_machine(
    site: Path,
    connection: duckdb.DuckDBPyConnection,
    relations: Mapping[str, str],
    cubes: Sequence[Slice],
    code_lists: Mapping[str, Sequence[Code]],
    edition: Edition,
    updated: str,
    vintages: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> None:
    """Write all files for machines, and what the table builder loads."""
    api = site / "api"
    for cube in cubes:
        _write(
            api / "data" / f"{cube.file_name}.json", json_stat(cube, code_lists, edition, updated)
        )
        _write_script(site / "cube" / f"{cube.file_name}.js", cube)
        _write_sdmx(
            api / "sdmx" / f"{cube.file_name}.csv", connection, relations[cube.data_set.name], cube
        )
    for name, codes in code_lists.items():
        _write(
            api / "codelists" / f"{name.lower()}.json",
            {
                "id": name,
                "name": _names(name),
                "codes": [{"code": code.code, "label": dict(code.labels)} for code in codes],
            },
        )
    _write(api / "vintages.json", vintages)
    _write(api / "changes.json", changes)
    _write(api / "index.json", _index(cubes, code_lists, edition, updated))
    _write(api / "openapi.json", _openapi(cubes, code_lists, edition))


def json_stat(
    cube: Slice, code_lists: Mapping[str, Sequence[Code]], edition: Edition, updated: str
) -> dict[str, Any]:
    """A data set of one period as JSON-stat 2.0; only published cells have an entry.

    `status` has the flag (SDMX CL_OBS_STATUS) of each cell that is not a normal value. Labels are
    English; those of all languages stand in `extension.labels`.
    """
    labels = {
        column: {code.code: code.labels for code in code_lists[_list(cube.data_set, column)]}
        for column in cube.codes
    }
    frequency = "A" if len(cube.period) == 4 else "Q"
    dimensions: dict[str, Any] = {
        "freq": _dimension(
            words("column.freq")["en"],
            {frequency: next(c.labels for c in code_lists["FREQ"] if c.code == frequency)["en"]},
        ),
        "time_period": _dimension(words("column.time_period")["en"], {cube.period: cube.period}),
    }
    for column, codes in cube.codes.items():
        dimensions[column] = _dimension(
            words(f"column.{column}")["en"], {code: labels[column][code]["en"] for code in codes}
        )
    names = next(c.labels for c in code_lists["DATA_SET"] if c.code == cube.data_set.name)
    return {
        "version": JSON_STAT,
        "class": "dataset",
        "label": f"{names['en']}, {cube.period}",
        "source": words("statistic")["en"],
        "updated": updated,
        "id": list(dimensions),
        "size": [len(each["category"]["index"]) for each in dimensions.values()],
        "role": {
            "time": ["time_period"],
            "geo": [column for column in cube.codes if column in GEOGRAPHY],
            "metric": ["indicator"],
        },
        "dimension": dimensions,
        "value": {str(place): value for place, value in zip(cube.places, cube.values, strict=True)},
        "status": {
            str(place): status
            for place, status in zip(cube.places, cube.statuses, strict=True)
            if status != "A"
        },
        "extension": {
            "vintage": edition.vintage,
            "labels": {
                language: {
                    column: {code: labels[column][code][language] for code in codes}
                    for column, codes in cube.codes.items()
                }
                for language in LANGUAGES
                if language != "en"
            },
        },
    }


def _dimension(label: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {"label": label, "category": {"index": list(labels), "label": dict(labels)}}


def _codes(
    data_set: DataSet, code_lists: Mapping[str, Sequence[Code]]
) -> dict[str, tuple[str, ...]]:
    """All codes of each dimension after the period, and the indicators of the data set."""
    codes = {
        column: tuple(code.code for code in code_lists[_list(data_set, column)])
        for column in free_dimensions(data_set)
    }
    return {**codes, "indicator": tuple(each.code for each in data_set.indicators)}


def _list(data_set: DataSet, column: str) -> str:
    lists = {each.column: each.code_list for each in data_set.dimensions}
    return lists.get(column) or "INDICATOR"


def _names(code_list: str) -> dict[str, str]:
    try:
        return code_list_names(code_list)
    except KeyError:
        return dict.fromkeys(LANGUAGES, code_list)


def _write_script(path: Path, cube: Slice) -> None:
    """The cells as the table builder reads them: distances between places, values, flags.

    A script and not JSON: pages opened from a disk may load scripts, but fetch nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    steps = [
        place - before for place, before in zip(cube.places, (0, *cube.places[:-1]), strict=True)
    ]
    values = [0 if value is None else value for value in cube.values]
    content = json.dumps(
        [cube.data_set.name, cube.period, steps, values, cube.statuses], separators=(",", ":")
    )
    path.write_text(f"synerstatCube({content[1:-1]});\n", "utf-8", newline="\n")


def _write_sdmx(
    path: Path, connection: duckdb.DuckDBPyConnection, relation: str, cube: Slice
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    period = f"(select * from {relation} where time_period = {literal(cube.period)})"
    write_csv(connection, sdmx_rows(cube.data_set, period), path)


def _index(
    cubes: Sequence[Slice],
    code_lists: Mapping[str, Sequence[Code]],
    edition: Edition,
    updated: str,
) -> dict[str, Any]:
    titles = {code.code: dict(code.labels) for code in code_lists["DATA_SET"]}
    return {
        "title": words("statistic"),
        "vintage": edition.vintage,
        "reference_quarter": edition.period,
        "updated": updated,
        "persons_are_invented": edition.invented_persons,
        "data_sets": [
            {
                "id": data_set.name,
                "title": titles[data_set.name],
                "dimensions": [
                    {"id": each.column, "code_list": each.code_list}
                    for each in data_set.dimensions
                    if each.code_list
                ],
                "periods": [
                    {
                        "time_period": cube.period,
                        "cells": len(cube.places),
                        "json_stat": f"data/{cube.file_name}.json",
                        "sdmx_csv": f"sdmx/{cube.file_name}.csv",
                    }
                    for cube in cubes
                    if cube.data_set is data_set
                ],
            }
            for data_set in DATA_SETS
        ],
        "code_lists": [
            {"id": name, "name": _names(name), "href": f"codelists/{name.lower()}.json"}
            for name in code_lists
        ],
        "vintages": "vintages.json",
        "changes": "changes.json",
        "openapi": "openapi.json",
    }


def _openapi(
    cubes: Sequence[Slice], code_lists: Mapping[str, Sequence[Code]], edition: Edition
) -> dict[str, Any]:
    text = {"type": "string"}
    texts = {
        "type": "object",
        "properties": dict.fromkeys(LANGUAGES, text),
        "required": list(LANGUAGES),
    }
    periods = sorted({cube.period for cube in cubes})
    at = [
        _parameter("data_set", "A data set", [each.name for each in DATA_SETS]),
        _parameter("time_period", "A quarter or a calendar year", periods),
    ]
    listed = {"type": "array", "items": {"type": "object"}}
    return {
        "openapi": OPENAPI,
        "info": {
            "title": words("statistic")["en"],
            "version": edition.vintage,
            "description": "Static files, read with GET. Addresses and contents of a vintage never "
            "change. A withheld cell has no value and the flag Q.",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": "./", "description": "The folder that holds this description"}],
        "paths": {
            "/index.json": _get(
                "index",
                "What there is: data sets, periods, code lists",
                _object(
                    vintage=text,
                    reference_quarter=text,
                    updated=text,
                    data_sets=listed,
                    code_lists=listed,
                ),
            ),
            "/data/{data_set}/{time_period}.json": _get(
                "data",
                "The cells of a data set in one period, as JSON-stat 2.0",
                _object(
                    version={"type": "string", "const": JSON_STAT},
                    **{"class": {"type": "string", "const": "dataset"}},
                    id={"type": "array", "items": text},
                    size={"type": "array", "items": {"type": "integer", "minimum": 1}},
                    dimension={"type": "object"},
                    value={
                        "type": "object",
                        "additionalProperties": {"type": ["integer", "null"]},
                    },
                    status={"type": "object", "additionalProperties": INTEGER_STATUS},
                ),
                at,
            ),
            "/sdmx/{data_set}/{time_period}.csv": _get(
                "sdmx", "The same cells as SDMX-CSV 2.0", text, at, "text/csv"
            ),
            "/codelists/{code_list}.json": _get(
                "code_list",
                "The codes of a list with labels in four languages",
                _object(
                    id=text,
                    name=texts,
                    codes={"type": "array", "items": _object(code=text, label=texts)},
                ),
                [_parameter("code_list", "A code list", [each.lower() for each in code_lists])],
            ),
            "/vintages.json": _get(
                "vintages",
                "This vintage and the earlier ones of its quarter",
                _object(current=text, vintages=listed),
            ),
            "/changes.json": _get(
                "changes",
                "What changed since the vintage before",
                _object(vintage=text, changes=listed),
            ),
        },
    }


def _parameter(name: str, description: str, codes: Sequence[str]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "enum": list(codes)},
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _get(
    operation: str,
    summary: str,
    schema: Mapping[str, Any],
    parameters: Sequence[Mapping[str, Any]] = (),
    media: str = "application/json",
) -> dict[str, Any]:
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            **({"parameters": list(parameters)} if parameters else {}),
            "responses": {
                "200": {"description": summary, "content": {media: {"schema": dict(schema)}}}
            },
        }
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n",
        "utf-8",
        newline="\n",
    )
