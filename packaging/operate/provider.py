"""The provider's project as these tools look at it: servers and the marker of a stack, and whether a token is good.

The token goes into a header and nowhere else. Only the marker is ever deleted here; servers are the service's matter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3

from chalicelib.domain.labels import MANAGED_BY, OURS, STACK, marker_name, selector
from operate.failure import OperateFailed
from operate.terminal import Terminal

ENDPOINT = "https://api.hetzner.cloud/v1"
ELSEWHERE = "HCLOUD_ENDPOINT"
REHEARSED = "AWS_ENDPOINT_URL_SSM"
"""Both are set by a rehearsal (docs/rehearsal.md); by one box with an emulator, the first alone."""

UNAUTHORIZED, NOT_FOUND, OK, NO_CONTENT = 401, 404, 200, 204
PER_PAGE = 50
MOST_PAGES = 200


class TokenRejected(OperateFailed):
    """The provider does not know this token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The object by which a project is known to be a stack's."""

    id: int
    stack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The project that a token opens, at the real provider or at `endpoint`. Every question may raise OperateFailed."""

    token: str = field(repr=False)
    endpoint: str = ENDPOINT

    def check(self) -> None:
        """Ask for something small; TokenRejected."""
        self._get("/servers", {"per_page": "1"})

    def servers(self, stack: str) -> list[str]:
        """The names of the servers with a stack's labels."""
        return [str(each["name"]) for each in self._all("servers", {"label_selector": selector(stack)})]

    def markers(self) -> list[Marker]:
        """The markers of all stacks in the project: there should be one at most."""
        found = self._all("ssh_keys", {"label_selector": f"{MANAGED_BY}={OURS}"})
        stacks = [(each, str(each.get("labels", {}).get(STACK, ""))) for each in found]
        return [Marker(id=int(each["id"]), stack=stack) for each, stack in stacks if each["name"] == marker_name(stack)]

    def delete_marker(self, marker: Marker) -> None:
        """Delete a marker; one that is gone is no error."""
        answer = self._ask("DELETE", f"/ssh_keys/{marker.id}", {})
        if answer.status not in {OK, NO_CONTENT, NOT_FOUND}:
            raise _refused(answer)

    def _all(self, kind: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        page: int | None = 1
        for _ in range(MOST_PAGES):
            answer = self._get(f"/{kind}", {**query, "page": str(page), "per_page": str(PER_PAGE)})
            yield from answer[kind]
            page = answer.get("meta", {}).get("pagination", {}).get("next_page")
            if page is None:
                return
        raise OperateFailed(f"The provider's list of {kind} does not end.")

    def _get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        answer = self._ask("GET", path, query)
        if answer.status == UNAUTHORIZED:
            raise TokenRejected(
                "The provider does not accept this token.", "make one with read and write in its console"
            )
        if answer.status != OK:
            raise _refused(answer)
        try:
            document: dict[str, Any] = answer.json()
        except json.JSONDecodeError:
            raise OperateFailed("The provider's answer is not JSON.") from None
        return document

    def _ask(self, method: str, path: str, query: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": "ccc-operate"}
        timeout = urllib3.Timeout(connect=5, read=30)
        try:
            with urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(total=2, redirect=0)) as pool:
                return pool.request(method, self.endpoint + path, fields=dict(query), headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise OperateFailed(f"The provider does not answer ({type(error).__name__}).") from None


def _refused(answer: urllib3.BaseHTTPResponse) -> OperateFailed:
    return OperateFailed(f"The provider answers with status {answer.status}.", "https://status.hetzner.com")


def endpoint_of(terminal: Terminal) -> str:
    """Where the provider is asked: the real one, or a rehearsal's; OperateFailed for an emulator beside the real AWS.

    A shell that has read an emulator's variables would compare, or store, what the emulator knows.
    """
    given = terminal.variable(ELSEWHERE).rstrip("/")
    if given in {"", ENDPOINT}:
        return ENDPOINT
    if not terminal.variable(REHEARSED):
        said = f"{ELSEWHERE} is {given}: that is not the provider, and {REHEARSED} is not set, so AWS is the real one."
        raise OperateFailed(said, f"unset {ELSEWHERE} HCLOUD_TOKEN    (or read the rehearsal's variables whole)")
    return given


def project_at(endpoint: str, token: str) -> Project:
    """The project that a token opens at an endpoint."""
    return Project(token=token, endpoint=endpoint.rstrip("/"))
