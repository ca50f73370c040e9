"""The crosswalks: an operator's code in its own language, the harmonised code, how much it is used.

How much is told in bands, and a code of few records is told apart from one of none by nothing: a
share of a handful of records would be a count of persons.
"""

from dataclasses import dataclass

import duckdb

from synerstat.crosswalks import ATTRIBUTES, code_list

LANGUAGE_OF_OPERATOR = {"vdab": "nl", "forem": "fr", "bruxelles_formation": "fr", "adg": "de"}
# Fewer records than this: no share. A person may have several.
FEW_RECORDS = 30
BANDS = (0.01, 0.05, 0.2, 0.5)


@dataclass(frozen=True)
class Mapping:
    """A row of a crosswalk. `band`: 0 for few or no records, else 1 (the least) to 5."""

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
        return code_list(self.attribute)


def read_crosswalks(connection: duckdb.DuckDBPyConnection) -> tuple[Mapping, ...]:
    """All rows of all crosswalks in their own order, with the band of their use."""
    found: list[Mapping] = []
    for attribute in ATTRIBUTES:
        rows = connection.execute(
            f"""
            with

            used as (

                select operator, source_code, target_code, sum(rows) as records
                from warehouse.quality.quality_source_codes
                where dimension = '{attribute}' and target_code is not null
                group by operator, source_code, target_code

            ),

            shares as (

                select *, records / sum(records) over (partition by operator) as share
                from used

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
                    when coalesce(shares.records, 0) < {FEW_RECORDS} then 0
                    when shares.share < {BANDS[0]} then 1
                    when shares.share < {BANDS[1]} then 2
                    when shares.share < {BANDS[2]} then 3
                    when shares.share < {BANDS[3]} then 4
                    else 5
                end
            from warehouse.seeds.crosswalk_{attribute} as crosswalk
            left join shares using (operator, source_code, target_code)
            order by crosswalk.rowid
            """
        ).fetchall()
        found += [Mapping(attribute, *row) for row in rows]
    return tuple(found)
