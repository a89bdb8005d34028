"""When this gateway is ready: it has ticked, and the list of types is not empty. It tells the supervisor once."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable

from onebox.gateway.event import Request
from onebox.gateway.problems import Answer, Problem
from onebox.gateway.supervisor_line import SupervisorLine

_log = logging.getLogger("ccc.gateway")


class Readiness:
    """Asks the application itself, by `answer`, and tells the supervisor."""

    def __init__(self, answer: Callable[[Request], Answer], supervisor: SupervisorLine) -> None:
        self._answer = answer
        self._supervisor = supervisor
        self._told = False

    def tell(self) -> None:
        """Called after every tick: tell the supervisor as soon as there is something to sell."""
        if self._told or not self._has_types():
            return
        try:
            self._supervisor.ask("ready")
            self._told = True
        except (OSError, ValueError):
            _log.warning("gateway.supervisor_silent")

    def _has_types(self) -> bool:
        headers = {"accept": "application/json", "host": "localhost"}
        try:
            answer = self._answer(
                Request(
                    method="GET",
                    path="/types",
                    query="",
                    headers=headers,
                    body=b"",
                    peer="127.0.0.1",
                    id=str(uuid.uuid4()),
                )
            )
            return answer.status == 200 and bool(json.loads(answer.body).get("types"))  # noqa: PLR2004 -- HTTP's OK
        except (Problem, ValueError, AttributeError):
            return False
