"""sdmx/structure.xml: the structure of the data sets in SDMX-ML 3.0, in four languages.

Versions have two parts (1.0), which in SDMX 3.0 are those of structures that may still change:
the code lists are the nomenclature's, and the vintage says which state of it counts.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lxml import etree

from synerstat.publish.data_sets import DATA_SETS, DataSet
from synerstat.publish.formats.vocabulary import (
    FLAGS,
    VALUES,
    Code,
    Edition,
    code_list_names,
    coded_columns,
    words,
)

AGENCY = "SYNERSTAT"
VERSION = "1.0"
CONCEPTS = "CS_TRAINING_PARTICIPANTS"

_BASE = "http://www.sdmx.org/resources/sdmxml/schemas/v3_0"
MESSAGE, STRUCTURE, COMMON = f"{_BASE}/message", f"{_BASE}/structure", f"{_BASE}/common"
_XML = "http://www.w3.org/XML/1998/namespace"
_URN = "urn:sdmx:org.sdmx.infomodel"


def flow_id(data_set: DataSet) -> str:
    """The id of the data set's dataflow."""
    return data_set.name.upper()


def component_id(column: str) -> str:
    """The id of the concept and component that a column holds."""
    return column.upper()


def write_structure(path: Path, code_lists: Mapping[str, Sequence[Code]], edition: Edition) -> None:
    """Write agency, code lists, concepts, data structures and dataflows of all data sets."""
    root = etree.Element(
        f"{{{MESSAGE}}}Structure", nsmap={"mes": MESSAGE, "str": STRUCTURE, "com": COMMON}
    )
    _header(root, edition)
    structures = _child(root, MESSAGE, "Structures")
    _agencies(structures)
    lists = _child(structures, STRUCTURE, "Codelists")
    used = {name for data_set in DATA_SETS for _, name in coded_columns(data_set)}
    for name in sorted(used):
        _code_list(lists, name, code_lists[name])
    _concepts(_child(structures, STRUCTURE, "ConceptSchemes"))
    flows = etree.Element(f"{{{STRUCTURE}}}Dataflows")
    definitions = etree.Element(f"{{{STRUCTURE}}}DataStructures")
    for data_set in DATA_SETS:
        names = {code.code: code.labels for code in code_lists["DATA_SET"]}[data_set.name]
        _dataflow(flows, data_set, names)
        _data_structure(definitions, data_set, names)
    # the schema's order: flows before the structures they use
    structures.extend([flows, definitions])
    etree.indent(root, space="  ")
    path.write_bytes(
        etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    )


def _header(root: etree._Element, edition: Edition) -> None:
    header = _child(root, MESSAGE, "Header")
    _child(header, MESSAGE, "ID").text = "STRUCTURE_" + edition.vintage.replace("-", "_")
    _child(header, MESSAGE, "Test").text = "true" if edition.invented_persons else "false"
    # the quarter's last day, not the time of writing: a rebuild gives the same bytes
    month, day = {"1": ("03", 31), "2": ("06", 30), "3": ("09", 30), "4": ("12", 31)}[
        edition.quarter[-1]
    ]
    _child(header, MESSAGE, "Prepared").text = f"{edition.quarter[:4]}-{month}-{day}T00:00:00Z"
    _child(header, MESSAGE, "Sender", id=AGENCY)


def _agencies(structures: etree._Element) -> None:
    schemes = _child(structures, STRUCTURE, "AgencySchemes")
    scheme = _child(
        schemes,
        STRUCTURE,
        "AgencyScheme",
        id="AGENCIES",
        agencyID="SDMX",
        # only our own part of the scheme of all agencies
        isPartial="true",
        urn=f"{_URN}.base.AgencyScheme=SDMX:AGENCIES({VERSION})",
    )
    _names(scheme, words("agency_scheme"))
    agency = _child(
        scheme,
        STRUCTURE,
        "Agency",
        id=AGENCY,
        urn=f"{_URN}.base.Agency=SDMX:AGENCIES({VERSION}).{AGENCY}",
    )
    _names(agency, words("agency"))


def _code_list(lists: etree._Element, name: str, codes: Sequence[Code]) -> None:
    code_list = _maintained(lists, "Codelist", f"CL_{name}", "codelist")
    _names(code_list, code_list_names(name))
    for code in codes:
        item = _child(
            code_list, STRUCTURE, "Code", id=code.code, urn=_code_list_urn(name, code.code)
        )
        _names(item, code.labels)


def _concepts(schemes: etree._Element) -> None:
    scheme = _maintained(schemes, "ConceptScheme", CONCEPTS, "conceptscheme")
    _names(scheme, words("concept_scheme"))
    columns = dict.fromkeys(column for each in DATA_SETS for column in (*each.key, *VALUES))
    for column in columns:
        concept = _child(
            scheme, STRUCTURE, "Concept", id=component_id(column), urn=_concept_urn(column)
        )
        _names(concept, words(f"column.{column}"))


def _data_structure(
    definitions: etree._Element, data_set: DataSet, names: Mapping[str, str]
) -> None:
    definition = _maintained(
        definitions, "DataStructure", f"DSD_{flow_id(data_set)}", "datastructure"
    )
    _names(definition, names)
    _descriptions(definition, words(f"data_set.{data_set.name}"))
    components = _child(definition, STRUCTURE, "DataStructureComponents")
    lists = dict(coded_columns(data_set))
    dimensions = _child(components, STRUCTURE, "DimensionList", id="DimensionDescriptor")
    coded = [column for column in data_set.key if column in lists]
    for position, column in enumerate(coded, start=1):
        dimension = _component(dimensions, "Dimension", column, position=str(position))
        _enumeration(dimension, lists[column])
    time = _component(dimensions, "TimeDimension", "time_period")
    representation = _child(time, STRUCTURE, "LocalRepresentation")
    _child(representation, STRUCTURE, "TextFormat", textType="ObservationalTimePeriod")

    attributes = _child(components, STRUCTURE, "AttributeList", id="AttributeDescriptor")
    for column, code_list in FLAGS:
        attribute = _component(attributes, "Attribute", column, usage="mandatory")
        _enumeration(attribute, code_list)
        relationship = _child(attribute, STRUCTURE, "AttributeRelationship")
        _child(relationship, STRUCTURE, "Observation")
    vintage = _component(attributes, "Attribute", "vintage", usage="mandatory")
    _child(_child(vintage, STRUCTURE, "LocalRepresentation"), STRUCTURE, "TextFormat").set(
        "textType", "String"
    )
    _child(_child(vintage, STRUCTURE, "AttributeRelationship"), STRUCTURE, "Dataflow")

    measures = _child(components, STRUCTURE, "MeasureList", id="MeasureDescriptor")
    # optional: a withheld figure has flags, but no value
    measure = _component(measures, "Measure", "obs_value", usage="optional")
    _child(_child(measure, STRUCTURE, "LocalRepresentation"), STRUCTURE, "TextFormat").set(
        "textType", "Long"
    )


def _dataflow(flows: etree._Element, data_set: DataSet, names: Mapping[str, str]) -> None:
    flow = _maintained(flows, "Dataflow", flow_id(data_set), "datastructure")
    _names(flow, names)
    _descriptions(flow, words(f"data_set.{data_set.name}"))
    _child(
        flow, STRUCTURE, "Structure"
    ).text = f"{_URN}.datastructure.DataStructure={AGENCY}:DSD_{flow_id(data_set)}({VERSION})"


def _component(parent: etree._Element, kind: str, column: str, **attributes: str) -> etree._Element:
    component = _child(parent, STRUCTURE, kind, id=component_id(column), **attributes)
    _child(component, STRUCTURE, "ConceptIdentity").text = _concept_urn(column)
    return component


def _enumeration(component: etree._Element, code_list: str) -> None:
    representation = _child(component, STRUCTURE, "LocalRepresentation")
    _child(representation, STRUCTURE, "Enumeration").text = _code_list_urn(code_list)


def _maintained(parent: etree._Element, kind: str, name: str, package: str) -> etree._Element:
    return _child(
        parent,
        STRUCTURE,
        kind,
        id=name,
        agencyID=AGENCY,
        version=VERSION,
        urn=f"{_URN}.{package}.{kind}={AGENCY}:{name}({VERSION})",
    )


def _concept_urn(column: str) -> str:
    return f"{_URN}.conceptscheme.Concept={AGENCY}:{CONCEPTS}({VERSION}).{component_id(column)}"


def _code_list_urn(name: str, code: str | None = None) -> str:
    if code is None:
        return f"{_URN}.codelist.Codelist={AGENCY}:CL_{name}({VERSION})"
    return f"{_URN}.codelist.Code={AGENCY}:CL_{name}({VERSION}).{code}"


def _names(parent: etree._Element, labels: Mapping[str, str]) -> None:
    _texts(parent, "Name", labels)


def _descriptions(parent: etree._Element, labels: Mapping[str, str]) -> None:
    _texts(parent, "Description", labels)


def _texts(parent: etree._Element, kind: str, labels: Mapping[str, str]) -> None:
    for language, label in labels.items():
        element = _child(parent, COMMON, kind)
        element.set(f"{{{_XML}}}lang", language)
        element.text = label


def _child(parent: etree._Element, namespace: str, kind: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{namespace}}}{kind}", attributes)
