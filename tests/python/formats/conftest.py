import shutil
from pathlib import Path

import pytest
from formats.vintages import connect, write_all, write_plain

from synerstat.publish.formats import agreement, workbook


@pytest.fixture(scope="session")
def vintage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vintage, to be read only."""
    folder = tmp_path_factory.mktemp("vintage") / "v1"
    with connect() as connection:
        write_plain(folder, connection)
        write_all(folder, connection)
    return folder


@pytest.fixture
def copied(vintage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The vintage, to be tampered with; only its French files are written and compared."""
    monkeypatch.setattr(agreement, "LANGUAGES", ("fr",))
    monkeypatch.setattr(workbook, "LANGUAGES", ("fr",))
    return Path(shutil.copytree(vintage, tmp_path / "copy"))
