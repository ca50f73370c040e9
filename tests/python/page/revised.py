"""A page of revisions, without the rest of a publication."""

import csv
import shutil
from pathlib import Path

from formats.vintages import connect

from synerstat.publish import publication
from synerstat.publish.data_sets import DATA_SETS
from synerstat.publish.formats.vocabulary import LANGUAGES, Edition, read_code_lists
from synerstat.site import pages
from synerstat.site.feeds import releases
from synerstat.site.history import REVISIONS, read_history
from synerstat.site.words import Words

EDITION = Edition("2019Q4", "2019Q4-v2", threshold=4, invented_persons=True)
COLUMNS = (
    "data_set",
    *dict.fromkeys(dimension.column for each in DATA_SETS for dimension in each.dimensions),
    *("indicator", "previous_vintage", "old_value", "new_value", "difference", "share"),
    *("old_obs_status", "new_obs_status", "cause"),
)
TRAINING = {
    **{"data_set": "training", "freq": "Q", "time_period": "2019-Q4", "training_area": "BE3X"},
    **{"operator": "bruxelles_formation", "training_type": "TRV_ICT", "delivery_mode": "_T"},
    **{"indicator": "PRESENT", "previous_vintage": "2019Q4-v1"},
}
CHANGED = {
    **{"old_value": "1200", "new_value": "1176", "difference": "-24", "share": "-0.02"},
    **{"old_obs_status": "P", "new_obs_status": "P", "cause": "corrected_record"},
}
WITHHELD = {"old_obs_status": "Q", "new_obs_status": "P", "cause": "disclosure_control"}
MIRROR = {
    **{"data_set": "mirror", "freq": "A", "time_period": "2019"},
    **{"home_operator": "vdab", "host_operator": "forem", "indicator": "MIRROR_HOST"},
    "previous_vintage": "2019Q4-v1",
}
ROWS = ({**TRAINING, **CHANGED}, {**TRAINING, **WITHHELD}, {**MIRROR, **CHANGED})


def write_revisions(folder: Path) -> Path:
    """The folder of the site, with its page of revisions in every language."""
    with (folder / REVISIONS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(ROWS)
    (folder / "codelists").mkdir()
    with connect() as connection:
        publication._write_code_lists(folder / "codelists", connection)
        lists = read_code_lists(connection)
    site = folder / "site"
    shutil.copytree(Path(pages.__file__).parent / "assets", site / "assets")
    history = read_history(folder, EDITION)
    planned = releases(EDITION)
    for language in LANGUAGES:
        words = Words(language, lists)
        page_writer = pages._Writer(site, words, EDITION, "2020-01-20", planned, {}, ())
        page_writer.page(pages.Page("revisions", "revisions", {"history": history}))
    return site
