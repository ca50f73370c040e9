"""Names of programmes per language and training type, as centres put them in their catalogues."""

from collections.abc import Mapping

NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "nl": {
        "VOC": (
            "Lasser halfautomaat",
            "Vrachtwagenchauffeur C/CE",
            "Zorgkundige",
            "Boekhoudkundig medewerker",
            "Heftruckchauffeur; reachtruck",
            "Front-end ontwikkelaar",
            "Residentieel elektrotechnisch installateur",
            "Magazijnier",
            "Poetshulp",
            "Kok",
            "Dakdekker hellende daken",
            "CNC-operator: draaien en frezen",
            "Administratief medewerker (onthaal)",
            "Begeleider kinderopvang",
            "Koeltechnicus",
        ),
        "TRV_LAN": ("Nederlands voor anderstaligen", "Nederlands op de opleidingsvloer", "Frans"),
        "TRV_ICT": ("Tekstverwerking", "Rekenblad: basis", "Aan de slag met de computer"),
        "INT": ("Opleidingsstage", "Afsluitende stage"),
        "TRY": ("Kennismaking met het beroep", "Beroepsverkenning"),
        "IWT": ("Opleiding op de werkvloer", "Individuele beroepsopleiding"),
        "ALT": ("Duaal traject: bakker", "Duaal traject: kapper", "Duaal traject: loodgieter"),
        "_X": ("Oriëntering", "Solliciteren kun je leren", "Werkervaring"),
    },
    "fr": {
        "VOC": (
            "Soudeur semi-automatique",
            "Électricien résidentiel",
            "Aide-soignant",
            "Employé administratif ; accueil",
            "Développeur web « front-end »",
            "Conducteur poids lourd (permis C/CE)",
            "Maçon - coffreur",
            "Cariste",
            "Commis de cuisine",
            "Technicien frigoriste",
            "Comptable, fiscalité et paie",
            "Opérateur de production",
            "Auxiliaire de l'enfance",
            "Couvreur",
            'Chauffagiste "gaz"',
        ),
        "TRV_LAN": ("Néerlandais métier", "Anglais des affaires", "Français langue étrangère"),
        "TRV_ICT": ("Traitement de texte", "Tableur : les bases", "Découverte de l'ordinateur"),
        "INT": ("Stage de fin de formation", "Stage d'achèvement"),
        "TRY": ("Découverte du métier", "Mise en situation"),
        "IWT": ("Formation en entreprise", "Formation individuelle"),
        "ALT": ("Alternance : boulanger", "Alternance : coiffeur", "Alternance : mécanicien"),
        "_X": ("Bilan et orientation", "Recherche d'emploi", "Validation d'acquis"),
    },
    "de": {
        "VOC": (
            "Schweißer",
            "Bürokaufleute",
            "Maler und Fußbodenleger",
            "Hochbau: Maurer",
            "Küchenhilfe",
            "Reinigungskräfte",
            "Zerspanungstechnik",
            "Gärtner, Grünflächenpflege",
        ),
        "TRV_LAN": ("Deutsch für Anfänger", "Französisch im Beruf", "Deutsch B1"),
        "TRV_ICT": ("Textverarbeitung", "Tabellen für Einsteiger"),
        "INT": ("Abschlusspraktikum",),
        "TRY": ("Erprobung am Arbeitsplatz",),
        "IWT": ("Ausbildung im Unternehmen",),
        "ALT": ("Dual: Bäcker", "Dual: Schreiner"),
        "_X": ("Eingliederung", "Berufsberatung"),
    },
}


def programme_name(language: str, training_type: str, number: int) -> str:
    """The name of the programme `number` of a type, 1 and up. Unknown languages and types get a
    plain one.
    """
    names = NAMES.get(language, {}).get(training_type)
    if not names:
        return f"{training_type} {number}"
    level = (number - 1) // len(names)
    return names[(number - 1) % len(names)] + (f" {level + 1}" if level else "")
