"""metadata/catalogue.ttl: the publication as a DCAT-AP 3 catalogue, titles in four languages.

Addresses are relative to the file, so that the catalogue is right wherever the vintage is put.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path

from pyshacl import validate
from rdflib import RDF, XSD, Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF

from synerstat.errors import PublicationError
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.tables import labelled_path, sdmx_path
from synerstat.publish.formats.vocabulary import LANGUAGES, Code, Edition, description, text, words
from synerstat.publish.formats.workbook import QUARTER_END, workbook_path

AUTHORITY = "http://publications.europa.eu/resource/authority"
LANGUAGE_CODES = {"en": "ENG", "fr": "FRA", "nl": "NLD", "de": "DEU"}
MEDIA_TYPES = {
    "CSV": "text/csv",
    "PARQUET": "application/vnd.apache.parquet",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
VERSION = URIRef(f"{DCAT}version")
# What addresses in the file are relative to while it is checked; it stands nowhere in it.
BASE = "https://example.org/metadata/catalogue.ttl"


def write_catalogue(
    folder: Path, code_lists: Mapping[str, Sequence[Code]], edition: Edition
) -> None:
    """Write the catalogue of the vintage: data sets with their files, and the workbooks."""
    (folder / "metadata").mkdir(exist_ok=True)
    graph = Graph()
    for prefix, namespace in (("dcat", DCAT), ("dct", DCTERMS), ("foaf", FOAF)):
        graph.bind(prefix, namespace)
    catalogue, publisher = URIRef("#catalogue"), URIRef("#publisher")
    graph.add((publisher, RDF.type, FOAF.Agent))
    _texts(graph, publisher, FOAF.name, words("agency"))
    graph.add((catalogue, RDF.type, DCAT.Catalog))
    graph.add((catalogue, DCTERMS.publisher, publisher))
    _texts(graph, catalogue, DCTERMS.title, words("statistic"))
    _texts(graph, catalogue, DCTERMS.description, _description(code_lists, edition))
    for language in LANGUAGES:
        graph.add((catalogue, DCTERMS.language, _language(language)))
    titles = {code.code: code.labels for code in code_lists["DATA_SET"]}
    for data_set in DATA_SETS:
        distributions = [
            ("file.csv", folder / "data" / f"{data_set.name}.csv", "CSV", None),
            ("file.parquet", folder / "data" / f"{data_set.name}.parquet", "PARQUET", None),
            ("file.sdmx", sdmx_path(folder, data_set), "CSV", None),
            *(
                ("file.labelled", labelled_path(folder, data_set, language), "CSV", language)
                for language in LANGUAGES
            ),
        ]
        node = _dataset(graph, data_set.name, titles[data_set.name], edition)
        for distribution in distributions:
            _distribution(graph, folder, node, *distribution)
    node = _dataset(graph, "tables", words("tables"), edition)
    for language in LANGUAGES:
        path = workbook_path(folder, edition.quarter, language)
        _distribution(graph, folder, node, "file.workbook", path, "XLSX", language)
    content = graph.serialize(format="turtle", encoding="utf-8")
    (folder / "metadata" / "catalogue.ttl").write_bytes(content)


def check_catalogue(folder: Path) -> None:
    """Raise PublicationError where the catalogue does not keep to the shapes or misses a file."""
    path = folder / "metadata" / "catalogue.ttl"
    graph = Graph().parse(path, format="turtle", publicID=BASE)
    shapes = Graph().parse(
        data=(files("synerstat.publish.formats") / "dcat_ap_shapes.ttl").read_text("utf-8"),
        format="turtle",
    )
    conforms, _, report = validate(graph, shacl_graph=shapes)
    if not conforms:
        raise PublicationError(f"The catalogue is not valid DCAT-AP: {report}")
    base = BASE.removesuffix("metadata/catalogue.ttl")
    addresses = sorted(str(each).removeprefix(base) for each in graph.objects(None, DCAT.accessURL))
    if missing := [address for address in addresses if not (folder / address).is_file()]:
        raise PublicationError(f"The catalogue names files that are not there: {missing}.")


def _dataset(graph: Graph, name: str, titles: Mapping[str, str], edition: Edition) -> URIRef:
    node = URIRef(f"#{name}")
    graph.add((URIRef("#catalogue"), DCAT.dataset, node))
    graph.add((node, RDF.type, DCAT.Dataset))
    graph.add((node, DCTERMS.publisher, URIRef("#publisher")))
    graph.add((node, DCTERMS.identifier, Literal(f"{edition.vintage}/{name}")))
    graph.add((node, VERSION, Literal(edition.vintage)))
    _texts(graph, node, DCTERMS.title, titles)
    _texts(graph, node, DCTERMS.description, words(f"data_set.{name}"))
    for language, keywords in words("keywords").items():
        for keyword in keywords.split(", "):
            graph.add((node, DCAT.keyword, Literal(keyword, lang=language)))
    for theme in ("EDUC", "SOCI"):
        graph.add((node, DCAT.theme, URIRef(f"{AUTHORITY}/data-theme/{theme}")))
    graph.add((node, DCTERMS.accrualPeriodicity, URIRef(f"{AUTHORITY}/frequency/QUARTERLY")))
    graph.add((node, DCTERMS.accessRights, URIRef(f"{AUTHORITY}/access-right/PUBLIC")))
    graph.add((node, DCTERMS.spatial, URIRef(f"{AUTHORITY}/country/BEL")))
    # a name of its own instead of one drawn at random: the same bytes at each writing
    covered = URIRef(f"#{name}-period")
    month, day = QUARTER_END[edition.quarter[-1]]
    end = date(int(edition.quarter[:4]), month, day).isoformat()
    graph.add((node, DCTERMS.temporal, covered))
    graph.add((covered, RDF.type, DCTERMS.PeriodOfTime))
    graph.add((covered, DCAT.startDate, Literal("2018-01-01", datatype=XSD.date)))
    graph.add((covered, DCAT.endDate, Literal(end, datatype=XSD.date)))
    return node


def _distribution(
    graph: Graph,
    folder: Path,
    dataset: URIRef,
    title: str,
    path: Path,
    file_type: str,
    language: str | None,
) -> None:
    address = path.relative_to(folder).as_posix()
    node = URIRef("#" + address.replace("/", "-"))
    graph.add((dataset, DCAT.distribution, node))
    graph.add((node, RDF.type, DCAT.Distribution))
    _texts(graph, node, DCTERMS.title, words(title))
    graph.add((node, DCAT.accessURL, URIRef(f"../{address}")))
    graph.add((node, DCAT.downloadURL, URIRef(f"../{address}")))
    graph.add((node, DCTERMS.format, URIRef(f"{AUTHORITY}/file-type/{file_type}")))
    graph.add((node, DCAT.byteSize, Literal(path.stat().st_size, datatype=XSD.nonNegativeInteger)))
    media_type = URIRef(f"http://www.iana.org/assignments/media-types/{MEDIA_TYPES[file_type]}")
    graph.add((node, DCAT.mediaType, media_type))
    for each in (language,) if language else ():
        graph.add((node, DCTERMS.language, _language(each)))


def _description(code_lists: Mapping[str, Sequence[Code]], edition: Edition) -> dict[str, str]:
    return {
        language: description(code_lists, language)
        + (" " + text("invented", language) if edition.invented_persons else "")
        for language in LANGUAGES
    }


def _language(language: str) -> URIRef:
    return URIRef(f"{AUTHORITY}/language/{LANGUAGE_CODES[language]}")


def _texts(graph: Graph, node: URIRef, predicate: URIRef, texts: Mapping[str, str]) -> None:
    for language, label in texts.items():
        graph.add((node, predicate, Literal(label, lang=language)))
