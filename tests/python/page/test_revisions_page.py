"""The page of revisions says in its own language what changed, and why."""

import re
from pathlib import Path

import lxml.html
import pytest
from page.revised import write_revisions


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_revisions(tmp_path_factory.mktemp("revised"))


def rows_of(site: Path, language: str) -> list[list[str]]:
    document = lxml.html.parse(site / language / "revisions.html").getroot()
    (table,) = document.xpath("//table")
    return [
        [" ".join(cell.text_content().split()) for cell in row] for row in table.iterfind(".//tr")
    ]


def test_changes_are_told_in_the_language_of_the_page(site: Path) -> None:
    assert rows_of(site, "fr") == [
        ["Chiffre", "Ancien", "Nouveau", "Évolution", "Cause"],
        [
            "Participants présents, T4 2019 "
            "Participants par formation · Lieu de formation : "
            "Région wallonne hors Communauté germanophone · Opérateur : Bruxelles Formation"
            " · Type de formation : Formation transversale : TIC",
            *("1 200", "1 176", "\u221224 (\u22122,0 %)"),
            "Un enregistrement a été corrigé par son opérateur",
        ],
        [
            rows_of(site, "fr")[1][0],
            *("[c]", "[x]", ""),
            "Non diffusé dans une des deux publications, donc sans valeur",
        ],
        [
            "Demandeurs d'emploi de la zone d'origine selon l'opérateur d'accueil, 2019 "
            "Flux miroirs entre opérateurs · Opérateur d'origine : VDAB"
            " · Opérateur d'accueil : Le Forem",
            *("1 200", "1 176", "\u221224 (\u22122,0 %)"),
            "Un enregistrement a été corrigé par son opérateur",
        ],
    ]


@pytest.mark.parametrize("language", ["de", "en", "fr", "nl"])
def test_no_code_and_no_name_of_a_column_is_shown(site: Path, language: str) -> None:
    shown = " ".join(cell for row in rows_of(site, language) for cell in row)
    assert re.findall(r"[a-z]+_[a-z_]+|TRV_ICT|PRESENT|MIRROR|BE3X|2019-Q4", shown) == []
