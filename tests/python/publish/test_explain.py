"""What `explain` says where there is nothing to explain from."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from synerstat.cli import app
from synerstat.errors import UsageError
from synerstat.explain import explain


def test_figures_whose_records_are_elsewhere_are_not_explained(warehouse: Path) -> None:
    with pytest.raises(UsageError, match="synerstat build"):
        explain(warehouse, "training", "2019-Q4", {})


def test_a_warehouse_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    arguments = ["--warehouse", str(tmp_path / "typo"), "--dataset", "training", "--period", "2019"]
    assert CliRunner().invoke(app, ["explain", *arguments]).exit_code == 2
    assert not (tmp_path / "typo").exists()
