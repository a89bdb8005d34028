"""Which resource a path means: API Gateway's rule, a literal segment before `{a variable one}`.

Segments are compared as they were sent and variables decoded afterwards, so that `%2F` in an id stays in the id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The resource (`/instances/{id}`) and the decoded values of its variables."""

    resource: str
    values: dict[str, str]


class Routes:
    """The resources of one application."""

    def __init__(self, resources: Iterable[str]) -> None:
        split = [(one, tuple(_segments(one))) for one in resources]
        self._resources = sorted(split, key=lambda pair: [_is_variable(part) for part in pair[1]])

    def match(self, raw_path: str) -> Match | None:
        """The resource of a path as it was sent (still percent-encoded), or None; one trailing slash is ignored."""
        given = _segments(raw_path)
        for resource, parts in self._resources:
            if len(parts) == len(given) and all(
                _is_variable(part) or part == one for part, one in zip(parts, given, strict=True)
            ):
                return Match(resource=resource, values=_values(parts, given))
        return None


def _segments(path: str) -> list[str]:
    return path.removesuffix("/").split("/") if path != "/" else [""]


def _is_variable(part: str) -> bool:
    return part.startswith("{") and part.endswith("}")


def _values(parts: tuple[str, ...], given: list[str]) -> dict[str, str]:
    return {part[1:-1]: unquote(one) for part, one in zip(parts, given, strict=True) if _is_variable(part)}
