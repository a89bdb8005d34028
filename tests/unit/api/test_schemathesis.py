"""The document against the service: whatever is drawn from it, good or bad, is answered as it promises.

No answer is a server error; each has a status, a type, headers and a shape that the document names; a method that is
not in it is 405. The draw is the same in every run, and bounded.
"""

from __future__ import annotations

from functools import lru_cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from chalicelib.api.openapi_routes import BOX, BUILDER, CONFIRM, OPERATOR, OWNER, ROUTES
from chalicelib.domain.tokens import Purpose
from tests.unit.api.drawn import PREFIX, Caller, Case, caller

EXAMPLES = 30
"""Requests to one route by one kind of caller."""

TOKENS = {
    OPERATOR: Purpose.OPERATOR,
    OWNER: Purpose.MANAGE,
    CONFIRM: Purpose.CONFIRM,
    BOX: Purpose.BOX,
    BUILDER: Purpose.CLAIM,
}
"""What opens a route, by the document's name for it; a builder begins with its claim code."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY")

world = lru_cache(caller)
"""One world for each kind of caller: what a request does in it is undone."""


def said(who: Caller, method: str, path: str) -> set[int]:
    """The statuses of all drawn requests to a route, each held against the document."""
    statuses: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),  # what is drawn is the library's, and slow or filtered as it likes
    )
    @given(case=who.draws(method, path))
    def draw(case: Case) -> None:
        statuses.add(who.holds(case))

    draw()
    return statuses


@pytest.mark.parametrize(("method", "path"), list(ROUTES))
def test_without_a_token(method: str, path: str) -> None:
    """Somebody without a token gets what the document promises, and nothing but refusals where a token is needed."""
    described = ROUTES[method, path]
    statuses = said(world(None), method, path)
    assert statuses
    assert not described.who or "" in described.who or not statuses & set(described.answers)


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [(*route, token) for route, described in ROUTES.items() for token in described.who if token],
)
def test_with_a_token(method: str, path: str, token: str) -> None:
    """Whoever holds a token that opens a route gets what the document promises, and is let in."""
    assert said(world(TOKENS[token]), method, path) - {401, 404}


@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_other_methods(path: str) -> None:
    """A method that the document does not have is 405, and Allow names those it has."""
    has = {method for method, each in ROUTES if each == path}
    has |= {"HEAD"} if "GET" in has else set()
    for method in set(METHODS) - has:
        answer = world(None).client.open(PREFIX + path.replace("{", "").replace("}", ""), method=method)
        assert answer.status_code == 405, method
        assert set(answer.headers["Allow"].split(", ")) == {*has, "OPTIONS"}, method
