"""What a browser asks for without being told: the page at `/`, and the site's icon.

As long as the product has no page at `/`, a browser is sent to the machine's own; scripts get the usual refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from onebox.gateway.event import Request
from onebox.gateway.problems import Answer

_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDoor:
    """`has` says whether the product answers a path; `prefix` is the path of the public URL (empty or `/like-this`)."""

    has: Callable[[str], bool]
    prefix: str = ""

    def answer(self, request: Request) -> Answer | None:
        """A redirect to the machine's page, no icon, or None for any other request."""
        if request.method not in _READING or self.has(request.path):
            return None
        if request.path == "/favicon.ico":
            return Answer(status=HTTPStatus.NO_CONTENT, headers=(("Cache-Control", "max-age=86400"),))
        if request.path == "/" and "text/html" in request.headers.get("accept", "").lower():
            headers = (("Location", f"{self.prefix}/onebox"), ("Cache-Control", "no-store"), ("Vary", "Accept"))
            return Answer(status=HTTPStatus.FOUND, headers=headers)
        return None
