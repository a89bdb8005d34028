"""One box's own addresses: the mailbox, the state of the machine, its clock, and the pages that show them.

Pages are empty shells that anyone on this machine may load; what they show is fetched with the operator's token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from onebox.duration import parse_duration
from onebox.gateway.event import Request
from onebox.gateway.mail_view import MailView
from onebox.gateway.operator import Guard
from onebox.gateway.problems import Answer, Problem, as_json, no_such_path, wrong_method
from onebox.gateway.routes import Match, Routes

MAILS_AT_ONCE = 200
_PAGES = Path(__file__).parent / "pages"
_ASSETS = {
    "room.css": "text/css; charset=utf-8",
    "mailbox.css": "text/css; charset=utf-8",
    "room.js": "text/javascript; charset=utf-8",
    "mailbox.js": "text/javascript; charset=utf-8",
    "onebox.js": "text/javascript; charset=utf-8",
}
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = (
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
# A mail's HTML form is in a sandboxed frame that obeys the policy of the page around it: its inline styles need a word
# there. Attributes alone: no style sheet, and nothing remote, can come with a mail.
_MAILBOX_CSP = f"{_CSP}; style-src-attr 'unsafe-inline'"
_NUMBER = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """`state` gives the machine's state; `advance_clock` moves the clock and ticks, or is None where it may not."""

    guard: Guard
    mails: MailView
    state: Callable[[], dict[str, Any]]
    advance_clock: Callable[[str], dict[str, Any]] | None

    def answer(self, request: Request) -> Answer | None:
        """The answer to a request for one of these addresses, None for any other; raises Problem."""
        match = _ROUTES.match(request.path)
        if match is None:
            return None
        self.guard.check_host(request)
        method, room = _ROOMS[match.resource]
        given = "GET" if request.method == "HEAD" else request.method
        if given != method:
            raise wrong_method(frozenset({method, "HEAD"} if method == "GET" else {method}))
        return room(self, request, match)

    def mailbox_page(self, _request: Request, _match: Match) -> Answer:
        """The mailbox's shell."""
        return _page("mailbox.html", _MAILBOX_CSP)

    def machine_page(self, _request: Request, _match: Match) -> Answer:
        """The shell of the machine's page."""
        return _page("onebox.html")

    def asset(self, _request: Request, match: Match) -> Answer:
        """A script or the style sheet."""
        name = match.values["name"]
        if name not in _ASSETS:
            raise no_such_path()
        return _file(name, _ASSETS[name])

    def messages(self, request: Request, _match: Match) -> Answer:
        """The newest mails (`?limit=`, 200 unless told), and the hosts whose links in them are this machine's own."""
        self.guard.check_operator(request)
        limit = parse_qs(request.query, keep_blank_values=True).get("limit", [str(MAILS_AT_ONCE)])[-1]
        if not _NUMBER.fullmatch(limit):
            raise Problem(status=422, code="invalid_input", detail="limit: a number from 1 to 999999.")
        return as_json({"messages": self.mails.newest(int(limit)), "own_hosts": sorted(self.guard.hosts)})

    def message(self, request: Request, match: Match) -> Answer:
        """One mail by its number."""
        self.guard.check_operator(request)
        number = match.values["n"]
        mail = self.mails.one(int(number)) if _NUMBER.fullmatch(number) else None
        if mail is None:
            raise no_such_path()
        return as_json(mail)

    def machine_state(self, request: Request, _match: Match) -> Answer:
        """Processes, builds, clock, provider."""
        self.guard.check_operator(request)
        return as_json(self.state())

    def clock(self, request: Request, _match: Match) -> Answer:
        """Move the clock that everything on this machine shares."""
        self.guard.check_operator(request)
        if self.advance_clock is None:
            raise no_such_path()
        return as_json(self.advance_clock(_duration_in(request.body)))


def _duration_in(body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(status=400, code="bad_json", detail='Send a JSON body like {"advance": "2h"}.') from error
    text = document.get("advance") if isinstance(document, dict) and set(document) == {"advance"} else None
    if not isinstance(text, str):
        raise Problem(status=422, code="invalid_input", detail='Send {"advance": "2h"} and nothing else.')
    try:
        parse_duration(text)
    except ValueError as error:
        raise Problem(status=422, code="invalid_input", detail=f"advance: {error}") from error
    return text


def _page(name: str, policy: str = _CSP) -> Answer:
    return _file(name, "text/html; charset=utf-8", policy)


def _file(name: str, kind: str, policy: str = _CSP) -> Answer:
    headers = (("Content-Type", kind), ("Content-Security-Policy", policy), *_PAGE_HEADERS)
    return Answer(status=200, headers=headers, body=(_PAGES / name).read_bytes())


_ROOMS: dict[str, tuple[str, Callable[[Rooms, Request, Match], Answer]]] = {
    "/mailbox": ("GET", Rooms.mailbox_page),
    "/mailbox/messages": ("GET", Rooms.messages),
    "/mailbox/messages/{n}": ("GET", Rooms.message),
    "/onebox": ("GET", Rooms.machine_page),
    "/onebox/state": ("GET", Rooms.machine_state),
    "/onebox/clock": ("POST", Rooms.clock),
    "/onebox/assets/{name}": ("GET", Rooms.asset),
}
_ROUTES = Routes(_ROOMS)
