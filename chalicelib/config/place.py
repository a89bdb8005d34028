"""A place of a setting: a URL whose scheme says what it is made of; its password is never printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`scheme://user:password@host:port/path?query`, all parts optional but the scheme; the path is decoded."""

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    query: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        login = f"{self.user}:***@" if self.password else f"{self.user}@" if self.user else ""
        port = "" if self.port is None else f":{self.port}"
        return f"<{self.scheme}://{login}{self.host}{port}{self.path}>"

    def has_number(self, name: str) -> bool:
        """Whether a part of the query is a whole number or not there at all."""
        value = dict(self.query).get(name, "0")
        return value.isascii() and value.isdigit()

    def number(self, name: str, default: int) -> int:
        """A whole number out of the query, or the default; `has_number` has been asked before."""
        return int(dict(self.query).get(name, default))

    def option(self, name: str) -> str:
        """A part of the query, or nothing."""
        return dict(self.query).get(name, "")


def place_of(text: str) -> Place:
    """The place in a URL; ValueError when it is none."""
    parts = urlsplit(text)
    if not parts.scheme:
        raise ValueError("a place is a URL")
    return Place(
        scheme=parts.scheme,
        host=_host(parts.netloc),
        port=parts.port,
        path=unquote(parts.path),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        query=tuple((name, values[-1]) for name, values in parse_qs(parts.query).items()),
    )


def _host(netloc: str) -> str:
    """The host in its own case (`SplitResult.hostname` lowers it, and names of tables have capitals)."""
    host = netloc.rpartition("@")[2]
    return host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
