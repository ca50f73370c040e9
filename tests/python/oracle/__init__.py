"""The oracle: a second, independent counter that the warehouse is tested against.

Purpose
-------
The figures of the warehouse are computed by SQL models that are built for speed and for review
layer by layer. A mistake in the reading of a rule would be repeated by every test derived from
those models. The oracle is therefore written from the counting rules alone, as plain Python
that loops over rows and days: slow, obvious, and sharing nothing with the code it checks (it
imports neither the package nor a contract, and has its own small table of operator columns).
Tests feed the same deliveries to both and compare every cell of the seven marts.

Use
---
``count`` reads a folder of deliveries::

    result = count(deliveries, "2019Q4", Geography(by_refnis, by_post_code), crosswalk_paths)
    result.marts["mart_participants_by_training"][("Q", "2019-Q4", "_T", "_T", "_T", "_T")]

``count_rows`` takes deliveries that are already in memory: a list of ``Delivery``, whose rows
are dicts by meaning (``record_id``, ``start_date``...; text in the operator's own format, or
``None`` for a row that can't be read). Property tests invent histories in that form.

Modules
-------
``reading``   folders, manifests, refusals, dialects, typed cells, identifier replacements
``rules``     one row: national number, dates, codes, areas, quality rules
``counting``  versions, persons, participations, periods, cubes, mirror, accounting

When the two disagree, neither is right by definition: read the rule, write the case down as a
worked example in ``test_oracle_worked_examples.py``, then correct the one that is wrong.
"""

from .counting import MARTS, MEASURES, OracleResult, count, count_rows
from .reading import (
    COLUMNS,
    DIALECTS,
    MEANINGS,
    OPERATORS,
    OTHER_COLUMNS,
    Delivery,
    Refusal,
    read_folder,
)
from .rules import Geography, Nomenclature

__all__ = [
    "COLUMNS",
    "DIALECTS",
    "MARTS",
    "MEANINGS",
    "MEASURES",
    "OPERATORS",
    "OTHER_COLUMNS",
    "Delivery",
    "Geography",
    "Nomenclature",
    "OracleResult",
    "Refusal",
    "count",
    "count_rows",
    "read_folder",
]
