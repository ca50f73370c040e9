"""Descriptions of the data files for machines: Data Package v2 and CSV on the Web."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.formats.vocabulary import (
    LANGUAGES,
    Code,
    Edition,
    code_list_names,
    coded_columns,
    columns,
    description,
    text,
    words,
)

PACKAGE_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
PERIOD = "[0-9]{4}(-Q[1-4])?"
CODE_LIST_COLUMNS = ("code", *(f"label_{language}" for language in ("en", "fr", "nl", "de")))


def write_data_packages(
    folder: Path, code_lists: Mapping[str, Sequence[Code]], edition: Edition
) -> None:
    """Write datapackage.json and metadata/datapackage.json: the data sets and their code lists.

    The standard wants the descriptor at the top and forbids paths that lead upwards; that one is
    valid in the strict sense. The one beside the other metadata is the same but for its paths.
    """
    (folder / "metadata").mkdir(exist_ok=True)
    _write_json(folder / "datapackage.json", _data_package(folder, code_lists, edition, ""))
    _write_json(
        folder / "metadata" / "datapackage.json",
        _data_package(folder, code_lists, edition, "../"),
    )


def write_csvw(
    folder: Path,
    data_set: DataSet,
    code_lists: Mapping[str, Sequence[Code]],
    edition: Edition,
) -> None:
    """Write metadata/<data set>.csv-metadata.json, which describes data/<data set>.csv."""
    (folder / "metadata").mkdir(exist_ok=True)
    lists = dict(coded_columns(data_set))
    titles = _titles(code_lists, data_set)
    _write_json(
        folder / "metadata" / f"{data_set.name}.csv-metadata.json",
        {
            "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
            "url": f"../data/{data_set.name}.csv",
            "dc:identifier": f"{edition.vintage}/{data_set.name}",
            "dc:title": _natural(titles),
            "dc:description": _natural(words(f"data_set.{data_set.name}")),
            "dialect": {"encoding": "utf-8", "delimiter": ",", "header": True},
            "tableSchema": {
                "columns": [
                    {
                        "name": column,
                        # its name in the file first; a validator compares it with the header
                        "titles": {"und": column, **words(f"column.{column}")},
                        "datatype": _csvw_type(column, lists, code_lists),
                        "required": column != "obs_value",
                        "null": "",
                    }
                    for column in columns(data_set)
                ],
                "primaryKey": list(data_set.key),
            },
        },
    )


def _csvw_type(
    column: str, lists: Mapping[str, str], code_lists: Mapping[str, Sequence[Code]]
) -> dict[str, Any]:
    if column == "obs_value":
        return {"base": "integer"}
    if column == "time_period":
        return {"base": "string", "format": PERIOD}
    if column in lists:
        codes = "|".join(code.code for code in code_lists[lists[column]])
        return {"base": "string", "format": f"({codes})"}
    return {"base": "string"}


def _data_package(
    folder: Path, code_lists: Mapping[str, Sequence[Code]], edition: Edition, way: str
) -> dict[str, Any]:
    used = sorted({name for data_set in DATA_SETS for _, name in coded_columns(data_set)})
    return {
        "$schema": PACKAGE_PROFILE,
        "name": f"synerstat-{edition.vintage.lower()}",
        "id": f"synerstat:{edition.vintage}",
        "title": f"{text('statistic', 'en')}, {edition.period}",
        "description": description(code_lists, "en")
        + (" " + text("invented", "en") if edition.invented_persons else ""),
        "version": edition.vintage,
        "keywords": text("keywords", "en").split(", "),
        "contributors": [{"title": text("agency", "en"), "roles": ["publisher"]}],
        "resources": [
            *(_data_resource(folder, each, code_lists, way) for each in DATA_SETS),
            *(_code_list_resource(folder, name, way) for name in used),
        ],
    }


def _data_resource(
    folder: Path, data_set: DataSet, code_lists: Mapping[str, Sequence[Code]], way: str
) -> dict[str, Any]:
    lists = dict(coded_columns(data_set))
    return {
        **_file(folder, f"data/{data_set.name}.csv", way),
        "name": data_set.name,
        "title": _titles(code_lists, data_set)["en"],
        "description": text(f"data_set.{data_set.name}", "en"),
        "schema": {
            "fields": [_field(column) for column in columns(data_set)],
            "missingValues": [""],
            "primaryKey": list(data_set.key),
            "foreignKeys": [
                {
                    "fields": [column],
                    "reference": {"resource": _code_list_name(name), "fields": ["code"]},
                }
                for column, name in lists.items()
            ],
        },
    }


def _code_list_resource(folder: Path, name: str, way: str) -> dict[str, Any]:
    return {
        **_file(folder, f"codelists/{name.lower()}.csv", way),
        "name": _code_list_name(name),
        "title": code_list_names(name)["en"],
        "schema": {
            "fields": [
                {"name": column, "type": "string", "constraints": {"required": True}}
                for column in CODE_LIST_COLUMNS
            ],
            "primaryKey": ["code"],
        },
    }


def _code_list_name(name: str) -> str:
    return f"codelist-{name.lower().replace('_', '-')}"


def _field(column: str) -> dict[str, Any]:
    constraints: dict[str, Any] = {} if column == "obs_value" else {"required": True}
    if column == "time_period":
        constraints["pattern"] = PERIOD
    return {
        "name": column,
        "title": text(f"column.{column}", "en"),
        "type": "integer" if column == "obs_value" else "string",
        **({"constraints": constraints} if constraints else {}),
    }


def _file(folder: Path, path: str, way: str) -> dict[str, Any]:
    content = (folder / path).read_bytes()
    return {
        "path": way + path,
        "type": "table",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "dialect": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "header": True},
    }


def _titles(code_lists: Mapping[str, Sequence[Code]], data_set: DataSet) -> Mapping[str, str]:
    return {code.code: code.labels for code in code_lists["DATA_SET"]}[data_set.name]


def _natural(texts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"@value": texts[language], "@language": language} for language in LANGUAGES]


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8", newline="\n")
