"""The crosswalks: an operator's code in its own language, the harmonised code, how much it is used.

How much is told in bands, and a code of few persons is told apart from one of none by nothing: a
share of a handful of records would be a count of persons.
"""

from dataclasses import dataclass

import duckdb

ATTRIBUTES = (
    "training_type",
    "delivery_mode",
    "labour_status",
    "education_level",
    "sex",
    "organiser",
)
LANGUAGE_OF_OPERATOR = {"vdab": "nl", "forem": "fr", "bruxelles_formation": "fr", "adg": "de"}
# Fewer persons than this: no share.
FEW_PERSONS = 10
BANDS = (0.01, 0.05, 0.2, 0.5)
RECORDS = "warehouse.intermediate.int_records__unioned"


@dataclass(frozen=True)
class Mapping:
    """A row of a crosswalk. `band`: 0 for few or no persons, else 1 (the least) to 5."""

    attribute: str
    operator: str
    source_code: str
    source_label: str
    target_code: str
    valid_from: str
    valid_to: str
    note: str
    band: int

    @property
    def source_language(self) -> str:
        """The language of the source's label."""
        return LANGUAGE_OF_OPERATOR.get(self.operator, "")

    @property
    def code_list(self) -> str:
        """The code list of the harmonised code."""
        return "OPERATOR" if self.attribute == "organiser" else self.attribute.upper()


def read_crosswalks(connection: duckdb.DuckDBPyConnection) -> tuple[Mapping, ...]:
    """All rows of all crosswalks in their own order, with the band of their use."""
    found: list[Mapping] = []
    for attribute in ATTRIBUTES:
        rows = connection.execute(
            f"""
            with

            used as (

                select
                    crosswalk.rowid as place,
                    count(*) as records,
                    count(distinct coalesce(records.national_key, records.client_key)) as persons
                from warehouse.seeds.crosswalk_{attribute} as crosswalk
                inner join {RECORDS} as records
                    on records.operator = crosswalk.operator
                    and records.source_{attribute} = crosswalk.source_code
                    and coalesce(crosswalk.valid_from <= records.start_date, true)
                    and coalesce(crosswalk.valid_to >= records.start_date, true)
                where not records.is_replaced
                group by crosswalk.rowid

            ),

            shares as (

                select
                    crosswalk.rowid as place,
                    used.persons,
                    used.records
                    / sum(used.records) over (partition by crosswalk.operator) as share
                from warehouse.seeds.crosswalk_{attribute} as crosswalk
                left join used on used.place = crosswalk.rowid

            )

            select
                crosswalk.operator,
                crosswalk.source_code,
                coalesce(crosswalk.source_label, ''),
                crosswalk.target_code,
                coalesce(cast(crosswalk.valid_from as varchar), ''),
                coalesce(cast(crosswalk.valid_to as varchar), ''),
                coalesce(crosswalk.note, ''),
                case
                    when coalesce(shares.persons, 0) < {FEW_PERSONS} then 0
                    when shares.share < {BANDS[0]} then 1
                    when shares.share < {BANDS[1]} then 2
                    when shares.share < {BANDS[2]} then 3
                    when shares.share < {BANDS[3]} then 4
                    else 5
                end
            from warehouse.seeds.crosswalk_{attribute} as crosswalk
            inner join shares on shares.place = crosswalk.rowid
            order by crosswalk.rowid
            """
        ).fetchall()
        found += [Mapping(attribute, *row) for row in rows]
    return tuple(found)
