"""The Chalice application behind HTTP: what API Gateway and Lambda do in the cloud, in one call.

A path without a resource and a method that a resource does not take never reach the application, as in the cloud.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any

from chalicelib.api.methods import allowed
from onebox.gateway.event import Request, answer_of, event_of
from onebox.gateway.lambda_context import LambdaContext
from onebox.gateway.problems import Answer, Problem, no_such_path, wrong_method
from onebox.gateway.routes import Routes

API_TIMEOUT_SECONDS = 29.0
"""API Gateway's own limit for an integration."""

_log = logging.getLogger("ccc.gateway")


class _PerThread:
    """Gives each thread its own `current_request` and `lambda_context`; in Lambda there is one at a time."""

    _here = threading.local()

    @property
    def current_request(self) -> Any:
        return getattr(self._here, "request", None)

    @current_request.setter
    def current_request(self, value: Any) -> None:
        self._here.request = value

    @property
    def lambda_context(self) -> Any:
        return getattr(self._here, "context", None)

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._here.context = value


def make_threaded(app: Any) -> None:
    """Let the application object answer several threads at once; it stays the same object."""
    if not isinstance(app, _PerThread):
        app.__class__ = type("ThreadedChalice", (_PerThread, app.__class__), {})


class Dispatch:
    """Answers requests by calling the application with API Gateway's events."""

    def __init__(self, app: Any) -> None:
        make_threaded(app)
        self._app = app
        self._routes = Routes(app.routes)

    def has(self, path: str) -> bool:
        """Whether the application has a resource for the path."""
        return self._routes.match(path) is not None

    def answer(self, request: Request) -> Answer:
        """The application's answer; raises Problem for what API Gateway would refuse."""
        match = self._routes.match(request.path)
        if match is None:
            raise no_such_path()
        if request.method not in _with_head(self._app.routes[match.resource]):
            raise wrong_method(_with_head(allowed(self._app, match.resource)))
        context = LambdaContext("api", API_TIMEOUT_SECONDS, request.id)
        try:
            return answer_of(self._app(event_of(request, match), context))
        except Exception as error:
            _log.exception("gateway.failed", extra={"fields": {"request_id": request.id}})
            raise Problem(status=500, code="internal", detail="Something went wrong here.") from error


def _with_head(found: Iterable[str]) -> frozenset[str]:
    methods = frozenset(found)
    return methods | {"HEAD"} if "GET" in methods else methods
