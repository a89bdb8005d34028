"""Requests drawn from our own document and sent through the gateway, each into the same world, by people of all kinds.

The draw is the same in every run. What one request did is undone before the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import schemathesis
from hypothesis.strategies import SearchStrategy, one_of
from schemathesis import GenerationMode, checks
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema
from werkzeug.test import Client

from chalicelib.domain.build import BuildRecord
from chalicelib.domain.instance import Build, Instance, Status
from chalicelib.domain.signup import SignupKind, SignupPolicy
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from chalicelib.operations.request_reap import request_reap
from onebox.gateway.dispatch import Dispatch
from onebox.gateway.wsgi import Gateway
from tests.fakes.clock import START
from tests.fakes.services import LIMITS
from tests.unit.api.world import ID, NOT_YET, OPERATOR, Api, make_api, public_key

Case = schemathesis.Case[Any]

PREFIX = "/api"
"""The path of the public URL, under which the gateway mounts the product."""

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]

GOOD = {
    "addresses": ["guest@example.com", "Someone+else@example.org"],
    "keys": [public_key()],
    "types": ["cpx22", "cpx11"],
    "places": ["nbg1", "ash"],
    "words": ["once", "0123456789abcdef"],
    "numbers": ["1", "20"],
    "statuses": ["running", "deleted"],
}
"""What nobody draws by chance."""

OFTEN = {
    "body.email": "addresses",
    "body.ssh_public_key": "keys",
    "body.server_type": "types",
    "body.location": "places",
    "body.nonce": "words",
    "header.Idempotency-Key": "words",
    "query.owner": "addresses",
    "query.limit": "numbers",
    "query.status": "statuses",
    "query.wait": "numbers",
}
"""Where it is put in, in two requests of three."""

DRAW: dict[str, Any] = {
    "seed": 1,
    "dictionaries": {name: {"values": values} for name, values in GOOD.items()},
    "parameters": {where: {"dictionary": name, "probability": 2 / 3} for where, name in OFTEN.items()},
    "analysis": {"constants": {"enabled": False}},
    "cache": {"enabled": False},
}

ROWS: Mapping[Purpose, Mapping[str, Any]] = {
    Purpose.CONFIRM: {"status": Status.UNCONFIRMED, "by_operator": False, "requested_at": None, **NOT_YET},
    Purpose.CLAIM: {
        "status": Status.INSTALLING,
        "running_at": None,
        "expires_at": None,
        "build": Build(attempt=1, started_at=START, reference="b"),
    },
}
"""What the instance is like for whoever holds such a token; it runs for everybody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody with a token for one purpose, or without any, and the one instance and the one run there are."""

    api: Api
    row: Instance
    run: str
    purpose: Purpose | None
    client: Client
    document: BaseSchema

    def draws(self, method: str, path: str) -> SearchStrategy[Case]:
        """Requests to one route, half of them as the document has them and half of them not.

        Whoever holds a token asks for the instance there is; a stranger makes up the parts of a path too.
        """
        operation = self.document[path][method]
        good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        return one_of(good, bad)

    def holds(self, case: Case) -> int:
        """Send a drawn request, hold the answer against the document, undo what was done, and tell the status."""
        if self.purpose is not None and case.path_parameters:
            case.path_parameters = {**case.path_parameters, "id": ID, "attempt": "1", "run": self.run}
        items, counters = dict(self.api.table._items), dict(self.api.table._counters)
        if case.operation.path.endswith("/reports"):
            self.api.put_build(self.row, BuildRecord(instance_id=ID, attempt=1, nonce="n" * 16, claimed_at=START))
        try:
            return int(case.call_and_validate(headers=self._headers(case), checks=CHECKS).status_code)
        finally:
            self.api.table._items, self.api.table._counters = items, counters

    def _headers(self, case: Case) -> dict[str, str]:
        token = self._token(case.operation.path)
        return {} if token is None else {"Authorization": f"Bearer {token}"}

    def _token(self, path: str) -> str | None:
        match self.purpose:
            case None:
                return None
            case Purpose.OPERATOR:
                return OPERATOR
            case Purpose.CLAIM:
                purpose = Purpose.BUILD if path.endswith("/reports") else Purpose.CLAIM
                return secrets_of.token(self.api.services, self.row, purpose, 1)
            case _:
                return secrets_of.token(self.api.services, self.row, self.purpose)


def caller(purpose: Purpose | None) -> Caller:
    """A caller with a world of their own, where everybody may sign up as often as they like."""
    policy = SignupPolicy(kind=SignupKind.OPEN)
    api = make_api(limits=replace(LIMITS, signup=policy, per_source=10**9, box_extend=True))
    row = api.put(**(ROWS.get(purpose, {}) if purpose else {}))
    run = request_reap(api.services, dry_run=True, confirm=None)
    gateway = Gateway((Dispatch(api.app).answer,), PREFIX)
    config = SchemathesisConfig.from_dict(DRAW)
    document = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", app=gateway, config=config)
    return Caller(api=api, row=row, run=run.id, purpose=purpose, client=Client(gateway), document=document)
