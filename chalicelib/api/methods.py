"""What a known path answers to a method it does not have: 405 with Allow, and to OPTIONS what it has.

A browser gets the refusal as a page, on pages and on routes of the API alike.

API Gateway never asks us about a method that is not declared, so every method of every path is declared. A gateway
that decides by itself (one box, for TRACE and the like) takes its Allow from `allowed`.
"""

from __future__ import annotations

from chalice.app import Blueprint, Chalice, Response

from chalicelib.api.browsing import wants_page
from chalicelib.api.call import Call
from chalicelib.api.cors import preflight_headers
from chalicelib.api.edge import Edge
from chalicelib.api.errors import problem
from chalicelib.api.reply import empty
from chalicelib.api.route import Shown, View, add_route

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The methods API Gateway knows."""

_REFUSAL = "wrong_method"


def allowed(app: Chalice, pattern: str) -> tuple[str, ...]:
    """The methods that a path really has, OPTIONS included."""
    entries = app.routes.get(pattern, {})
    return tuple(
        method for method in METHODS if method in entries and entries[method].view_function.__name__ != _REFUSAL
    )


def other_methods_blueprint(app: Chalice, edge: Edge, *, page: Shown) -> Blueprint:
    """The routes for all methods that the paths registered so far do not have; `page` shows a refusal in a browser."""
    made = Blueprint("chalicelib.api.methods")
    for pattern in list(app.routes):
        has = [method for method in METHODS if method in app.routes[pattern]]
        allow = ", ".join([*has, "OPTIONS"])
        add_route(made, edge, pattern, ["OPTIONS"], _options(edge, allow))
        others = [method for method in METHODS if method not in has and method != "OPTIONS"]
        add_route(made, edge, pattern, others, _refusing(allow, page))
    return made


def _options(edge: Edge, allow: str) -> View:
    def options(call: Call) -> Response:
        """Say which methods this path has."""
        extra = preflight_headers(edge, call.route, call.header("origin"), allow)
        return empty(204, {"Allow": allow, **extra})

    return options


def _refusing(allow: str, page: Shown) -> View:
    def wrong_method(call: Call) -> Response:
        """Refuse a method that this path does not have."""
        sentence = f"This path has no {call.method}; it has {allow}."
        refused = problem(405, "method_not_allowed", sentence, call.request_id, headers={"Allow": allow})
        return page(refused) if wants_page(call.header) else refused

    return wrong_method
