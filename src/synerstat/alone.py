"""Pages that stand alone: templates of a package, a style inside the page, nothing fetched."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from types import CodeType

import jinja2
from jinja2.bccache import Bucket


class _Compiled(jinja2.BytecodeCache):
    """Keeps compiled templates for the other environments of this process."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template that another environment has compiled."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


@cache
def _loader(package: str) -> jinja2.BaseLoader:
    return jinja2.PackageLoader(package, "templates")


@cache
def _compiled(_package: str, _keep_trailing_newline: bool) -> _Compiled:
    return _Compiled()


def environment(package: str, *, keep_trailing_newline: bool = True) -> jinja2.Environment:
    """A new environment of the package's templates: escapes, and fails on what is undefined."""
    return jinja2.Environment(
        loader=_loader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
        bytecode_cache=_compiled(package, keep_trailing_newline),
    )


@cache
def report_style(package: str | None = None, name: str | None = None) -> str:
    """The style of all reports, then the file `name` of the package, which has what is its own."""
    style = (files("synerstat.feedback") / "templates" / "report.css").read_text("utf-8")
    if package and name:
        style += (files(package) / "templates" / name).read_text("utf-8")
    return style


def policy(style: str, *, images: bool = False) -> str:
    """The content security policy of a page with just this style; `images`: those inside it."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    shown = " img-src data:;" if images else ""
    return (
        f"default-src 'none'; style-src 'sha256-{digest}';{shown} base-uri 'none'; "
        "form-action 'none'"
    )
