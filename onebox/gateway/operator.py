"""Who may see one box's own rooms: the operator's token, and a Host header that names this machine.

The Host header is checked since a page of another site could reach a local port by a name of its own (DNS rebinding).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from onebox.gateway.event import Request
from onebox.gateway.problems import Problem, not_allowed

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]{1,512})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """`hosts` are the allowed values of Host; `operators` gives the SHA-256 digests of operators' tokens."""

    hosts: frozenset[str]
    operators: Callable[[], frozenset[str]]

    def check_host(self, request: Request) -> None:
        """Problem 421 unless the request names one of our hosts."""
        if request.headers.get("host", "").lower() not in self.hosts:
            raise Problem(status=421, code="wrong_host", detail="This page is not served under that name.")

    def check_operator(self, request: Request) -> None:
        """Problem 401 unless the request carries an operator's token."""
        match = _BEARER.fullmatch(request.headers.get("authorization", "").strip())
        # A digest is looked up, not the token: how long the look takes tells nothing of the token.
        if match is None or hashlib.sha256(match[1].encode()).hexdigest() not in self.operators():
            raise not_allowed()
