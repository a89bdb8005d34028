"""Scripts, the style sheet and the icon, under names that change with their content, so that browsers may keep them.

One hash stands for the whole set, because scripts name each other: a change of one renames all. They are read at the
first page; `headers.py` says how long a browser keeps them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "assets"
KINDS: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_IMPORT = re.compile(r'(?<=from "\./)([a-z_]+\.js)(?=")')


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file as it is served: its media type and its text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """`files` are keyed by the published name, `names` lead from the plain name to the published one."""

    names: Mapping[str, str]
    files: Mapping[str, Asset]


@cache
def published() -> Assets:
    """All assets; the same object for the life of the process."""
    sources = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.iterdir()) if path.suffix in KINDS}
    whole = hashlib.sha256(repr(sources).encode()).hexdigest()[:16]
    names = {name: _hashed(name, whole) for name in sources}
    files = {
        names[name]: Asset(kind=KINDS[Path(name).suffix], text=_linked(text, names)) for name, text in sources.items()
    }
    return Assets(names=names, files=files)


def _hashed(name: str, digest: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{digest}.{suffix}"


def _linked(text: str, names: Mapping[str, str]) -> str:
    """The text with its imports pointing at published names; KeyError for a script that is not there."""
    return _IMPORT.sub(lambda found: names[found.group()], text)
