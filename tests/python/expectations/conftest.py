from pathlib import Path

import pytest

from synerstat.build import build_models

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def project() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse built from the sample, with its figures in order. Not to be changed."""
    warehouse = tmp_path_factory.mktemp("built")
    build_models(ROOT, warehouse, "2019Q4", command="seed")
    build_models(ROOT, warehouse, "2019Q4", command="run")
    return warehouse
