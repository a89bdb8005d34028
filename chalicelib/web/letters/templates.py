"""The templates of the letters, and how they are read: HTML is escaped, plain text is not.

A name that a kind of letter does not have is an error, not a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.domain.notice import Kind

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parents[1] / "templates" / "letters"


class Templates:
    """One text and one HTML template for each kind, loaded at the first letter."""

    def __init__(self) -> None:
        self._environment: Environment | None = None

    def text(self, kind: Kind, names: Mapping[str, object]) -> str:
        """The plain text; ends with a newline."""
        return self._render(f"{kind.value}.txt", names)

    def html(self, kind: Kind, names: Mapping[str, object]) -> str:
        """The HTML document that says the same."""
        return self._render(f"{kind.value}.html", names)

    def _render(self, name: str, names: Mapping[str, object]) -> str:
        if self._environment is None:
            self._environment = _environment()
        return self._environment.get_template(name).render(names)


def _environment() -> Environment:
    # Imported at the first letter: most calls of the service send none.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # noqa: PLC0415 -- see above

    return Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        # In plain text an escaped address or command would be a wrong one.
        autoescape=select_autoescape(enabled_extensions=("html",), disabled_extensions=("txt",), default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
