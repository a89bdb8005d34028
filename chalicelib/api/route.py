"""How every route is declared and answered: one way in, one way out, and the only place that catches errors.

A view takes a `Call` and returns a response or raises. Around it: no token in the URL, problem documents, a request
id, the headers all answers share, CORS for the operator's own origins, no body for HEAD, one log line without
anything personal (the pattern of the route, never its path).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from chalice.app import Blueprint, Request, Response

from chalicelib.api.auth import refuse_token_in_query
from chalicelib.api.call import Call, call_of, request_id
from chalicelib.api.cors import cors_headers
from chalicelib.api.edge import Edge
from chalicelib.api.errors import problem_of, unforeseen

View = Callable[[Call], Response]
Routes = Mapping[tuple[str, str], View]
"""Views by method and pattern, such as `("GET", "/instances/{id}")`."""

Shown = Callable[[Response], Response]
"""Puts a problem document into the form in which these routes show it, with the same status and headers."""

STARTS = frozenset(
    {
        ("POST", "/"),
        ("POST", "/confirm/{id}/{token}"),
        ("POST", "/instances"),
        ("POST", "/instances/{id}/confirm"),
        ("POST", "/instances/{id}/retry"),
    }
)
"""Routes that lead to a new machine: a full service is the service's trouble there (`errors.problem_of`)."""

_log = logging.getLogger("ccc.http")


def as_document(problem: Response) -> Response:
    """The problem as it is, which is what programs want."""
    return problem


def blueprint(name: str, edge: Edge, routes: Routes, *, shown: Shown = as_document) -> Blueprint:
    """A new blueprint with these routes; HEAD is there wherever GET is.

    Made anew for every app: a blueprint that is registered twice breaks the first app (Chalice 1.34).
    """
    made = Blueprint(f"chalicelib.api.{name}")
    for (method, pattern), view in routes.items():
        add_route(made, edge, pattern, ["GET", "HEAD"] if method == "GET" else [method], view, shown=shown)
    return made


def add_route(
    to: Blueprint, edge: Edge, pattern: str, methods: list[str], view: View, *, shown: Shown = as_document
) -> None:
    """Declare one route; the content type is our own check (`json_body.py`), so Chalice's is switched off."""

    def handle(**_: str) -> Response:
        return answer(view, to.current_request, edge, shown)

    handle.__name__ = view.__name__
    handle.__doc__ = view.__doc__  # becomes the summary in API Gateway's own document
    to.route(pattern, methods=methods, content_types=[])(handle)


def answer(view: View, request: Request, edge: Edge, shown: Shown = as_document) -> Response:
    """The response to one request, whatever happens."""
    named = request_id(request)
    began = edge.monotonic()
    try:
        call = call_of(request, named=named)
        refuse_token_in_query(call)
        response = view(call)
    except Exception as error:  # noqa: BLE001 -- the edge: every error becomes an answer, the unforeseen ones a log entry
        response = shown(_refusal(error, request, named))
    _finish(response, request, edge, named)
    fields = {"route": request.path, "method": request.method, "status": response.status_code}
    took = round((edge.monotonic() - began) * 1000)
    _log.info("http.answered", extra={"fields": {**fields, "request_id": named, "milliseconds": took}})
    return response


def _refusal(error: Exception, request: Request, named: str) -> Response:
    known = problem_of(error, named, starts=(request.method, request.path) in STARTS)
    if known is not None:
        return known
    _log.error("http.failed", exc_info=error, extra={"fields": {"request_id": named, "route": request.path}})
    return unforeseen(named)


def _finish(response: Response, request: Request, edge: Edge, named: str) -> None:
    response.headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **response.headers,
        **cors_headers(edge, request.path, request.headers.get("origin")),
        "X-Request-Id": named,
    }
    if request.method == "HEAD":
        response.body = ""
