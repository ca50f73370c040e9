"""Shows publications in a browser on this machine, and to nobody else.

A page is static and opens from its folder, too; a server is needed to follow `latest` to other
vintages, and to try the addresses for machines as they are used on the web.
"""

from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from synerstat.errors import UsageError

LOOPBACK = "127.0.0.1"
# A page of another host that is given this machine's address must not read what is shown here.
KNOWN_HOSTS = (LOOPBACK, "localhost")
PAGE = "latest/site/index.html"


class _Handler(SimpleHTTPRequestHandler):
    """Files of the publications; the root leads to the page of the latest vintage."""

    server_version = "synerstat"
    extensions_map = {  # noqa: RUF012  (as in the base class)
        **SimpleHTTPRequestHandler.extensions_map,
        ".csv": "text/csv; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".ics": "text/calendar; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".parquet": "application/vnd.apache.parquet",
        ".ttl": "text/turtle; charset=utf-8",
        ".xml": "application/xml",
    }

    def send_head(self) -> Any:
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in KNOWN_HOSTS:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        if self.path in ("/", ""):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", f"/{PAGE}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        return super().send_head()

    def list_directory(self, path: Any) -> None:
        """No listings: what there is stands in the page and in api/index.json."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        # `latest` may be another vintage at any time
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (as in the base class)
        """Requests are no news."""


def server(out: Path, port: int) -> ThreadingHTTPServer:
    """A server of the publications below `out` on this machine's loopback address, not yet begun.

    Port 0 takes a free one. Raises UsageError where there is no page, or the port is taken.
    """
    if not (out / PAGE).is_file():
        raise UsageError(
            f"There is no page in {out}: {PAGE} is missing. Name the folder that "
            "`synerstat publish --out` or `synerstat run --out` wrote to."
        )
    try:
        return ThreadingHTTPServer((LOOPBACK, port), partial(_Handler, directory=str(out)))
    except OSError as error:
        raise UsageError(
            f"Port {port} can't be used ({error.strerror}). "
            "Choose another one with --port; 0 takes any that is free."
        ) from error
