import shutil
from pathlib import Path

import pytest
from formats.vintages import EDITION, RELATIONS, connect, write_plain

from synerstat.publish.formats import agreement, comparing_formats, workbook, write_formats


@pytest.fixture(scope="session")
def vintage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vintage, to be read only."""
    folder = tmp_path_factory.mktemp("vintage") / "v1"
    with connect() as connection:
        write_plain(folder, connection)
        write_formats(folder, connection, RELATIONS, EDITION)
        with comparing_formats(folder, connection):
            pass
    return folder


@pytest.fixture
def copied(vintage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The vintage, to be tampered with; only its French files are written and compared."""
    monkeypatch.setattr(agreement, "LANGUAGES", ("fr",))
    monkeypatch.setattr(workbook, "LANGUAGES", ("fr",))
    return Path(shutil.copytree(vintage, tmp_path / "copy"))
