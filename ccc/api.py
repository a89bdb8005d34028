"""The service's routes, one method each; what travels and how is `transport.py`'s business.

Every method raises the errors of `errors.py`: Unreachable, NotFound, NotAllowed, WrongUse, Conflicted, Failed.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ccc.errors import BadAnswer
from ccc.instance import Instance, instance_from
from ccc.transport import Answer, Request, Transport

SOMETHING_FAILS = 503
RUN = re.compile(r"/reap/runs/([A-Za-z0-9_.:-]{1,128})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at an instance: None when nothing changed since `etag`."""

    instance: Instance | None
    etag: str | None


class Api:
    """The service at one address; `seen` is told of every instance that an answer describes."""

    def __init__(self, transport: Transport, *, seen: Callable[[Instance], None] | None = None) -> None:
        self._transport = transport
        self._seen = seen

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return self._transport.url

    @property
    def token(self) -> str | None:
        """The token in use."""
        return self._transport.token

    def provision(self, wishes: dict[str, Any]) -> Instance:
        """Ask for a new instance; a lost answer is asked for again under the same key."""
        return self._read(self._post("/instances", wishes, key=_new_key()).document)

    def look(self, instance_id: str, *, etag: str | None = None, hold: int = 0) -> Look:
        """Look at an instance; with `etag` and `hold` the service may keep the request open for `hold` seconds."""
        query = {"wait": str(hold)} if hold and etag else {}
        path = f"/instances/{instance_id}"
        answer = self._transport.send(Request(method="GET", path=path, query=query, etag=etag, hold=hold))
        if answer.document is None:
            return Look(instance=None, etag=etag)
        return Look(instance=self._read(answer.document), etag=answer.headers.get("etag"))

    def instance(self, instance_id: str) -> Instance:
        """Return the instance as it is now."""
        return self._read(self._get(f"/instances/{instance_id}"))

    def instances(self, filters: dict[str, str]) -> Iterator[Instance]:
        """Return all instances that pass the filters, newest first, page after page."""
        seen: set[str] = set()
        query = dict(filters)
        while True:
            page = self._get("/instances", query)
            yield from (self._read(one) for one in _listed(page, "instances"))
            cursor = page.get("next_cursor")
            if not cursor or cursor in seen:
                return
            seen.add(cursor)
            query = {**filters, "cursor": str(cursor)}

    def extend(self, instance_id: str, hours: int) -> dict[str, Any]:
        """Give an instance more hours; the answer names the old and the new end."""
        answer = self._post(f"/instances/{instance_id}/extend", {"hours": hours}, key=_new_key())
        return dict(answer.document)

    def deprovision(self, instance_id: str) -> Instance:
        """End an instance; it is `deleting`, or `deleted` when it is gone already."""
        answer = self._transport.send(Request(method="DELETE", path=f"/instances/{instance_id}"))
        return self._read(answer.document)

    def confirm(self, instance_id: str) -> Instance | None:
        """Start what a guest signed up for, with the confirm token; the answer tells the manage token.

        None when it was confirmed before: then neither the token nor the instance is told.
        """
        request = Request(method="POST", path=f"/instances/{instance_id}/confirm", body={}, repeatable=True)
        document = self._transport.send(request).document
        return None if document.get("already_confirmed") else instance_from(document)

    def retry(self, instance_id: str) -> Instance:
        """Order again what failed: a new instance with the same wishes (one, however often asked), and its token."""
        request = Request(method="POST", path=f"/instances/{instance_id}/retry", body={}, repeatable=True)
        return instance_from(self._transport.send(request).document)

    def rotate_token(self, instance_id: str) -> Instance:
        """Make a new manage token; those before it are dead."""
        return instance_from(self._post(f"/instances/{instance_id}/rotate-token", {}, key=None).document)

    def log(self, instance_id: str) -> dict[str, Any]:
        """Return the log of the last build: `attempt` and `text`… as served."""
        return self._get(f"/instances/{instance_id}/log")

    def types(self) -> dict[str, Any]:
        """Return what can be had now."""
        page = self._get("/types")
        _listed(page, "types")
        return page

    def ready(self) -> dict[str, str]:
        """Return what the service says of each thing it depends on: `ok`, or a sentence; needs no token."""
        request = Request(method="GET", path="/health/ready", answers=frozenset({SOMETHING_FAILS}))
        checks = self._transport.send(request).document.get("checks")
        if not isinstance(checks, dict):
            raise BadAnswer("The service's answer about itself holds no checks.")
        return {str(name): str(said) for name, said in checks.items()}

    def reap(self, wishes: dict[str, Any]) -> str:
        """Start a run of the reaper and return its name."""
        location = self._post("/reap", wishes, key=None).headers.get("location", "")
        found = RUN.search(location)
        if not found:
            raise BadAnswer("The service started a run and did not say which.", next_command="ccc reap --dry-run")
        return found.group(1)

    def reap_run(self, run: str) -> dict[str, Any]:
        """Return what a run of the reaper looked at, did, skipped and why."""
        return self._get(f"/reap/runs/{run}")

    def orphans(self) -> Iterator[dict[str, Any]]:
        """Return what servers without a row have cost, newest first, page after page."""
        query: dict[str, str] = {}
        while True:
            page = self._get("/reap/orphans", query)
            yield from _listed(page, "orphans")
            cursor = page.get("next_cursor")
            if not cursor or str(cursor) == query.get("cursor"):
                return
            query = {"cursor": str(cursor)}

    def operate(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Throw one of the operator's switches (`/operator/pause`); it may be sent twice: a repeat changes nothing."""
        request = Request(method="POST", path=path, body=body or {}, repeatable=True)
        return dict(self._transport.send(request).document)

    def state(self) -> dict[str, Any]:
        """Return the state of everything, which only operators are told."""
        return self._get("/operator/state")

    def audit(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return who changed what, newest first: of an `instance`, of a `day`, or of today."""
        return _listed(self._get("/operator/audit", query), "entries")

    def why(self, query: dict[str, str]) -> dict[str, Any]:
        """Return why an `instance` or a `server` was deleted, or was not."""
        return self._get("/operator/why", query)

    def _read(self, document: dict[str, Any]) -> Instance:
        instance = instance_from(document)
        if self._seen:
            self._seen(instance)
        return instance

    def _get(self, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        return dict(self._transport.send(Request(method="GET", path=path, query=query or {})).document)

    def _post(self, path: str, body: dict[str, Any], *, key: str | None) -> Answer:
        return self._transport.send(Request(method="POST", path=path, body=body, key=key))


def _listed(page: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = page.get(name)
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise BadAnswer(f"The service's answer holds no list of {name}.")
    return items


def _new_key() -> str:
    return str(uuid.uuid4())
