"""The application itself over a stack of a test: its real handlers, with the events that Lambda hands them.

`app.py` gets its ports from `wiring.services`; here those are a stack's. Time is the stack's clock: a function that has
a minute has a virtual minute.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.operations.tick import WorkFailed
from tests.fakes.keyring import FakeKeyring
from tests.simulation.emulated import EmulatedWorld
from tests.unit.api.world import OPERATOR, Answer, event
from tests.unit.test_config import COMPLETE

MINUTE_SCHEDULE = {
    "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "0",
    "time": "2026-11-23T10:00:00Z", "region": "eu-central-1", "resources": [], "detail": {},
}  # fmt: skip


def with_an_operator(stack: EmulatedWorld) -> None:
    """Let the token `OPERATOR` of the API's tests be an operator's; for a stack without rows."""
    stack.keyring = FakeKeyring(OPERATOR)
    stack.services = replace(stack.services, keyring=stack.keyring)


class Context:
    """What Lambda gives a handler beside the event, in virtual time."""

    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def __init__(self, stack: EmulatedWorld, span: timedelta = timedelta(minutes=1)) -> None:
        self._clock = stack.clock
        self._until = stack.clock.now() + span

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is cut off."""
        return max(int((self._until - self._clock.now()).total_seconds() * 1000), 0)


class Deployed:
    """The handlers of one deployment, by what calls them."""

    def __init__(self, module: ModuleType, stack: EmulatedWorld) -> None:
        self._module = module
        self._stack = stack

    def tick(self) -> None:
        """The schedule's minute; a tick of which a part failed has said so by failing."""
        with contextlib.suppress(WorkFailed):
            self._module.tick(MINUTE_SCHEDULE, Context(self._stack))

    def follow_nudges(self) -> None:
        """What builders ask, and the worker once for each nudge, until nobody asks or nudges any more."""
        self._stack.let_builders_ask()
        while waiting := self._stack.nudge.take():
            for what, name in waiting:
                self._module.advance({what: name}, Context(self._stack))
            self._stack.let_builders_ask()

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, source: str = "192.0.2.7"
    ) -> Answer:
        """A request as API Gateway hands it on."""
        headers: Mapping[str, str] = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers = {**headers, "Authorization": f"Bearer {token}"}
        text = None if body is None else json.dumps(body).encode()
        app = self._module.app
        answer = app(event(app, method, path, text, headers, source), Context(self._stack))
        shown = {name.lower(): value for name, value in answer["headers"].items()}
        return Answer(status=answer["statusCode"], headers=shown, text=answer["body"])


@contextmanager
def deployed(stack: EmulatedWorld, folder: Path) -> Iterator[Deployed]:
    """`app.py`, imported anew over the stack's services; afterwards nothing of it is left."""
    log = logging.getLogger("ccc")
    before = (log.handlers, log.level, log.propagate)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EXECUTION_ENV", "test")
        for name, value in COMPLETE.items():
            patch.setenv(name, value.replace("/home/box", str(folder)))
        patch.setattr(wiring, "services", lambda _settings: stack.services)
        patch.delitem(sys.modules, "app", raising=False)
        try:
            module = importlib.import_module("app")
            log.handlers = []  # what it would say to the log is said ten thousand times
            yield Deployed(module, stack)
        finally:
            sys.modules.pop("app", None)
            log.handlers, log.propagate = before[0], before[2]
            log.setLevel(before[1])
