"""What `explain` says where there is nothing to explain from."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from synerstat.cli import app
from synerstat.errors import UsageError
from synerstat.explain import DeliveredRows, Explanation, Way, explain, in_words


def test_figures_whose_records_are_elsewhere_are_not_explained(warehouse: Path) -> None:
    with pytest.raises(UsageError, match="synerstat build"):
        explain(warehouse, "training", "2019-Q4", {})


@pytest.mark.parametrize("checksum", ["", "ab" * 32])
def test_a_checksum_is_told_where_there_is_one(checksum: str) -> None:
    rows = DeliveredRows("vdab", "2019Q4", 1, checksum, 3, {})
    way = Way("", 3, 3, 3, (rows,), ())
    found = Explanation("training", {}, (), (way,), "2019Q4", "1", "cc", "1")
    (line,) = (line for line in in_words(found) if "vdab/2019Q4-1" in line)
    told = "  vdab/2019Q4-1: 3 rows"
    assert line == told + (f"  (SHA-256 of its files {checksum[:16]})" if checksum else "")


def test_a_warehouse_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    arguments = ["--warehouse", str(tmp_path / "typo"), "--dataset", "training", "--period", "2019"]
    assert CliRunner().invoke(app, ["explain", *arguments]).exit_code == 2
    assert not (tmp_path / "typo").exists()
