"""The sample's publication, served on this machine, and a browser to look at it."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from running import Sample

from synerstat.site.serving import server

LANGUAGES = ("de", "en", "fr", "nl")
EXECUTABLE = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@dataclass(frozen=True)
class Published:
    """A publication of the sample, and where it is served."""

    warehouse: Path
    out: Path
    address: str

    @property
    def vintage(self) -> Path:
        return self.out / "2019Q4" / "v1"

    @property
    def site(self) -> Path:
        return self.vintage / "site"

    @property
    def pages(self) -> list[str]:
        """All pages of all languages, as en/index.html."""
        return sorted(
            f"{language}/{path.name}"
            for language in LANGUAGES
            for path in (self.site / language).glob("*.html")
        )

    def url(self, page: str) -> str:
        return f"{self.address}latest/site/{page}"


@pytest.fixture(scope="session")
def serving() -> Iterator[Callable[[Path], str]]:
    """Serves a folder until the tests end; gives its address."""
    running = []

    def start(out: Path) -> str:
        serving = server(out, 0)
        running.append(serving)
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{serving.server_port}/"

    yield start
    for each in running:
        each.shutdown()
        each.server_close()


@pytest.fixture(scope="session")
def published(
    tmp_path_factory: pytest.TempPathFactory, serving: Callable[[Path], str]
) -> Published:
    """The sample's publication, made once for all processes of pytest-xdist."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "published"
    with FileLock(shared / "published.lock"):
        if not (folder / "publication" / "latest").exists():
            run_sample(folder)
    out = folder / "publication"
    return Published(folder / "warehouse", out, serving(out))


def run_sample(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    said = Sample(folder).run("2019Q4")
    assert said.returncode == 0, said.stderr


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if EXECUTABLE is None:
        pytest.skip("No browser: install Debian's `chromium` to run the tests of the pages")
    # without a sandbox of its own: tests may run as root, and open only what they wrote
    browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=["--no-sandbox"])
    yield browser
    browser.close()


class Visit:
    """A page that notes what the browser complains of and what it asks for."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on(
            "console",
            lambda each: (
                self.complaints.append(each.text) if each.type in ("error", "warning") else None
            ),
        )
        self.page.on("pageerror", lambda each: self.complaints.append(str(each)))
        self.page.on("dialog", lambda each: self.complaints.append(f"dialog: {each.message}"))
        self.page.on("request", lambda each: self.asked.append(each.url))

    def of_others(self, address: str) -> list[str]:
        """What was asked of anyone but the server of the pages."""
        own = (address, "data:", "blob:")
        return [each for each in self.asked if not each.startswith(own)]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens a page in a context of its own."""
    contexts = []

    def opened(**options: Any) -> Visit:
        context = browser.new_context(**options)
        contexts.append(context)
        return Visit(context)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def cells(published: Published) -> dict[tuple[str, ...], tuple[int | None, str]]:
    """All published figures: data set and the sorted codes of its columns -> value and status."""
    import duckdb

    found = {}
    for path in sorted((published.vintage / "data").glob("*.parquet")):
        with duckdb.connect() as connection:
            rows = connection.sql(
                f"select * exclude (vintage, conf_status) from read_parquet('{path}')"
            )
            names = rows.columns
            for row in rows.fetchall():
                cell = dict(zip(names, row, strict=True))
                value, status = cell.pop("obs_value"), cell.pop("obs_status")
                del cell["freq"]
                key = json.dumps(cell, sort_keys=True)
                found[path.stem, key] = (value, status)
    return found
