"""Where the pages live, and how a template becomes a page.

Every link is root-relative under the path of the public URL, so that the site works below a prefix and under another
name of the same host. The templating library is imported at the first page: most calls of the service need none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.web.pages.assets import published

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


class Site:
    """The pages under one public URL, which `find_url` tells (without a trailing slash)."""

    def __init__(self, find_url: Callable[[], str]) -> None:
        self._find_url = find_url

    def page(self, template: str, **names: Any) -> str:
        """The page made of this template (without `.html`); every value is escaped."""
        return _environment().get_template(f"{template}.html").render(self._places() | names)

    def link(self, path: str) -> str:
        """The root-relative address of a path of the service, such as `/i/0123456789ab`."""
        return f"{_prefix(self._find_url())}{path}"

    def _places(self) -> dict[str, Any]:
        url = self._find_url()
        return {"public_url": url, "prefix": _prefix(url), "link": self.link, "asset": self._asset}

    def _asset(self, name: str) -> str:
        return self.link(f"/assets/{published().names[name]}")


def _prefix(public_url: str) -> str:
    return urlsplit(public_url).path.rstrip("/")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 -- see above

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
