"""What a browser does without being told: it asks for the site's icon, and comes by a name that is not the service's.

A form is taken from the public URL's origin alone, so a person who came as 127.0.0.1 to what is called localhost would
be refused when they send it. They are led to the right name first; only pages are, programs mean what they type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from onebox.gateway.event import Request
from onebox.gateway.problems import Answer

_READING = frozenset({"GET", "HEAD"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDoor:
    """`has` says whether the product answers a path; `public_url` has no slash at its end."""

    has: Callable[[str], bool]
    public_url: str = ""

    def answer(self, request: Request) -> Answer | None:
        """No icon, and that is no error; the way to the right name; None for any other request."""
        if request.method not in _READING:
            return None
        if self._by_another_name(request):
            query = f"?{request.query}" if request.query else ""
            headers = (("Location", f"{self.public_url}{request.path}{query}"), ("Cache-Control", "no-store"))
            return Answer(status=HTTPStatus.TEMPORARY_REDIRECT, headers=headers)
        if request.path != "/favicon.ico" or self.has(request.path):
            return None
        return Answer(status=HTTPStatus.NO_CONTENT, headers=(("Cache-Control", "max-age=86400"),))

    def _by_another_name(self, request: Request) -> bool:
        """Whether a browser came for a page of this machine under a loopback name that is not the public URL's."""
        own, given = urlsplit(self.public_url).netloc.lower(), request.headers.get("host", "").lower()
        name, _, port = given.rpartition(":")
        own_name, _, own_port = own.rpartition(":")
        wants_page = "text/html" in request.headers.get("accept", "").lower()
        return wants_page and given != own and port == own_port and {name, own_name} <= _LOOPBACK
