"""Which pages of other sites may read our answers: those of the operator's list, and only what a signup form needs."""

from __future__ import annotations

from chalicelib.api.edge import Edge

OPEN = frozenset({"/instances", "/types"})
"""Routes that a signup form on another site calls; everything else is for this origin, the CLI and builders."""


def cors_headers(edge: Edge, route: str, origin: str | None) -> dict[str, str]:
    """The headers for this caller: exactly its origin if it is listed, else none; never `*`.

    The answer of an open route differs by caller, so caches are told (Vary) whoever asks.
    """
    if route not in OPEN:
        return {}
    if origin is None or origin.lower() not in edge.origins:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Location, Retry-After, X-Request-Id",
    }


def preflight_headers(edge: Edge, route: str, origin: str | None, allow: str) -> dict[str, str]:
    """What a browser asks before it sends JSON: the methods and the two headers a form sends."""
    if "Access-Control-Allow-Origin" not in cors_headers(edge, route, origin):
        return {}
    return {
        "Access-Control-Allow-Methods": allow,
        "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
        "Access-Control-Max-Age": "600",
    }
