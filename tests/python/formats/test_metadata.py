from pathlib import Path

import pytest
from csvw import CSVW
from formats.vintages import rewrite
from frictionless import Package, system
from rdflib import RDF, Graph, URIRef

from synerstat.errors import PublicationError
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.catalogue import check_catalogue
from synerstat.publish.formats.vocabulary import LANGUAGES

DCAT = "http://www.w3.org/ns/dcat#"
TITLE = URIRef("http://purl.org/dc/terms/title")


def errors(descriptor: Path, *, trusted: bool = False) -> set[str]:
    with system.use_context(trusted=trusted):
        report = Package(str(descriptor)).validate()
    return {kind for (kind,) in report.flatten(["type"])}


def test_frictionless_takes_the_data_package_without_being_told_to_trust_it(vintage: Path) -> None:
    assert errors(vintage / "datapackage.json") == set()


def test_frictionless_takes_the_package_beside_the_other_metadata(vintage: Path) -> None:
    assert errors(vintage / "metadata" / "datapackage.json", trusted=True) == set()


def test_frictionless_finds_a_code_that_no_list_has_and_a_changed_file(copied: Path) -> None:
    rewrite(copied / "data" / "mobility.csv", lambda text: text.replace(",BE1,", ",BE9,", 1))
    assert {"foreign-key", "hash-count"} <= errors(copied / "datapackage.json")


@pytest.mark.parametrize("name", [data_set.name for data_set in DATA_SETS])
def test_csvw_takes_every_data_set(vintage: Path, name: str) -> None:
    description = CSVW(str(vintage / "metadata" / f"{name}.csv-metadata.json"), validate=True)
    assert description.is_valid
    assert description.warnings == []


@pytest.mark.parametrize(
    ("before", "after"),
    [(",BE1,", ",BE9,"), ("2018-Q1", "2018-T1"), (",P,F", ",P,X"), ("obs_value", "value")],
)
def test_csvw_finds_what_does_not_fit(copied: Path, before: str, after: str) -> None:
    rewrite(copied / "data" / "mobility.csv", lambda text: text.replace(before, after, 1))
    description = CSVW(str(copied / "metadata" / "mobility.csv-metadata.json"), validate=True)
    assert not description.is_valid or description.warnings


def test_the_catalogue_keeps_to_the_shapes_and_names_the_files(vintage: Path) -> None:
    check_catalogue(vintage)
    graph = Graph().parse(vintage / "metadata" / "catalogue.ttl", publicID="https://example.org/m/")
    data_sets = list(graph.subjects(RDF.type, URIRef(f"{DCAT}Dataset")))
    assert len(data_sets) == len(DATA_SETS) + 1
    for each in data_sets:
        titles = {title.language for title in graph.objects(each, TITLE)}
        assert titles == set(LANGUAGES)
    files = {
        str(path).rpartition("example.org/")[2]
        for path in graph.objects(None, URIRef(f"{DCAT}accessURL"))
    }
    due = {
        path.relative_to(vintage).as_posix()
        for folder in ("data", "workbook", "sdmx")
        for path in (vintage / folder).rglob("*.*")
        if path.suffix != ".xml"
    }
    assert files == due


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"Participants à la formation en Belgique"@fr,', ""),
        ("dct:publisher <#publisher> ;", ""),
        ("dcat:accessURL <../data/mirror.csv> ;", ""),
        ('"Training participants in Belgium"@en', '"Training participants in Belgium"'),
        ("/data-theme/", "/theme/"),
        ('"2018-01-01"^^xsd:date', '"2018"'),
    ],
)
def test_a_catalogue_that_breaks_a_shape_is_not_published(
    copied: Path, before: str, after: str
) -> None:
    rewrite(copied / "metadata" / "catalogue.ttl", lambda text: text.replace(before, after, 1))
    with pytest.raises(PublicationError, match="not valid DCAT-AP"):
        check_catalogue(copied)


def test_a_catalogue_of_files_that_are_not_there_is_not_published(copied: Path) -> None:
    (copied / "data" / "mirror.parquet").unlink()
    with pytest.raises(PublicationError, match=r"not there: .*mirror\.parquet"):
        check_catalogue(copied)
