"""A warm GET of one instance through `app.app(event)`, against a bare Chalice route that returns the same document.

What is beyond the bare route is ours: the operator's token, the row and the build's record out of SQLite, the view
of them, headers, the log line (written to nowhere).
"""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chalice.app import Chalice

from benchmarks.app_settings import OPERATOR, settings
from benchmarks.outcome import Goal, Outcome, Row
from benchmarks.ratio import alternate, repeated
from benchmarks.variables import given
from chalicelib import log
from chalicelib.operations.ports import StackState
from chalicelib.operations.services import Services
from onebox.gateway.event import Request, event_of
from onebox.gateway.lambda_context import LambdaContext
from onebox.gateway.routes import Match
from tests.fakes.market import market_at
from tests.unit.api.world import running

GOAL = Goal(bound=2)
TIMEOUT_S = 29.0
_START = "/instances/{"


class Wrong(Exception):
    """A side answered something else than 200."""


def measure(*, quick: bool) -> Outcome:
    """So many calls in each turn, in this process."""
    rounds, calls = (1, 5) if quick else (21, 200)
    with (
        tempfile.TemporaryDirectory() as folder,
        Path("/dev/null").open("w", encoding="utf-8") as nowhere,
        given(**settings(Path(folder))),
    ):
        module = importlib.import_module("app")
        log.configure(nowhere)
        event = _event(_put(module.services), next(each for each in module.app.routes if each.startswith(_START)))
        ours = _called(module.app, event)
        document = json.loads(ours()["body"])
        peer = _called(_bare(document, event["resource"]), event)
        ratio = alternate(repeated(ours, calls), repeated(peer, calls), rounds=rounds, warm_ups=2)
    row = Row(what="warm GET of an instance", peer="bare Chalice route", ratio=ratio, goal=GOAL)
    return Outcome(rows=(row,))


def _put(services: Services) -> str:
    """Make the table's first row, and what a founded stack has; the row's id."""
    now = services.clock.now()
    services.catalogue.keep(market_at(now))
    services.stack.write(StackState(uuid="u", epoch=1, swept_at=now), None)
    return services.instances.write(running(services), before=None).id


def _event(instance_id: str, resource: str) -> dict[str, Any]:
    variable = resource.removeprefix(_START).removesuffix("}")
    request = Request(
        method="GET",
        path=f"/instances/{instance_id}",
        query="",
        headers={"authorization": f"Bearer {OPERATOR}", "accept": "application/json", "host": "localhost"},
        body=b"",
        peer="127.0.0.1",
        id="11111111-1111-1111-1111-111111111111",
    )
    return event_of(request, Match(resource=resource, values={variable: instance_id}))


def _bare(document: dict[str, Any], resource: str) -> Chalice:
    bare = Chalice(app_name="bare", configure_logs=False)

    @bare.route(resource)
    def show(**_: str) -> dict[str, Any]:
        return document

    return bare


def _called(app: Any, event: dict[str, Any]) -> Callable[[], Any]:
    """A call of an application with this event; Wrong unless the answer is 200."""
    context = LambdaContext("api", TIMEOUT_S)

    def call() -> Any:
        answer = app(event, context)
        if answer["statusCode"] != 200:  # noqa: PLR2004 -- HTTP's OK
            raise Wrong(str(answer["body"]))
        return answer

    return call
