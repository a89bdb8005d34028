"""What the operator looks at: the state of everything, and who changed what, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.breaker import BreakerState
from chalicelib.domain.build import Cause
from chalicelib.operations.breaker import note_failure
from tests.fakes.clock import START
from tests.unit.api.test_openapi import conforms
from tests.unit.api.world import HOUR, ID, OPERATOR, Api, public_key

ORDER = {"email": "findme@example.com", "ssh_public_key": public_key(), "hours": 1}


def described(api: Api, path: str, pattern: str) -> dict[str, Any]:
    """An answer that has the shape of the document."""
    answer = api.call("GET", path)
    conforms(api.call("GET", "/openapi.json", token=None).json, "GET", pattern, answer)
    assert answer.status == 200
    return answer.json


def test_an_idle_service(api: Api) -> None:
    """Everything is there, and nothing is in trouble."""
    state = described(api, "/operator/state", "/operator/state")
    assert (state["now"], state["signup"], state["late"], state["undelivered"]) == (
        "2026-11-23T10:00:00Z",
        "open",
        [],
        [],
    )
    assert (state["live"], state["creates"]) == ({"now": 0, "most": 50}, {"this_hour": 0, "most": 200})
    assert state["provider_requests"] == {
        "this_hour": 0,
        "most": 3000,
        "kept_for_creates": 300,
        "resets_at": "2026-11-23T10:00:00Z",
    }
    assert state["spend"] == {
        "month": "2026-11",
        "reserved_eur": "0.00",
        "cap_eur": "500.00",
        "so_far_eur": "0.00",
        "projected_eur": "0.00",
    }
    assert (state["breaker"]["open_until"], state["breaker"]["reason"]) == (None, None)
    nothing = {"hours": 24, "count": 0, "more": False, "by_cause": {}, "newest_at": None}
    assert state["failed_builds"] == nothing
    assert (state["stack"]["paused"], state["stack"]["frozen"]) == (False, None)


def test_trouble_is_shown_with_its_reason(api: Api) -> None:
    """A machine past its end, an open breaker, a pause and a freeze."""
    api.put()
    state = BreakerState(cause=Cause.DISK, count=3, since=START + 3 * HOUR, counted=("a", "b", "c"))
    api.services.breaker.write(state, api.services.breaker.get())
    stack = api.services.stack.get()
    assert stack is not None
    api.services.stack.write(replace(stack, paused=True, frozen="restored"), stack)
    api.clock.advance(3 * HOUR)
    seen = described(api, "/operator/state", "/operator/state")
    assert [(late["instance_id"], late["why"]) for late in seen["late"]] == [(ID, "its end is over")]
    assert (seen["breaker"]["open_until"], seen["breaker"]["cause"]) == ("2026-11-23T14:00:00Z", "disk")
    assert "could not be made" in seen["breaker"]["reason"]
    assert (seen["stack"]["paused"], seen["stack"]["frozen"]) == (True, "restored")
    assert float(seen["spend"]["so_far_eur"]) > 0


def test_failed_builds_of_the_last_day_are_counted_by_cause(api: Api) -> None:
    """The most frequent cause first; what the market or a cap did is no failed build, and a day later nothing is."""
    causes = (Cause.TIMEOUT, Cause.DISK, Cause.DISK, Cause.STOCK)
    for number, cause in enumerate(causes):
        note_failure(api.services, f"{number:012x}", cause, api.clock.now())
        api.clock.advance(HOUR)
    seen = described(api, "/operator/state", "/operator/state")
    assert list(seen["failed_builds"]["by_cause"].items()) == [("disk", 2), ("timeout", 1)]
    assert (seen["failed_builds"]["count"], seen["failed_builds"]["newest_at"]) == (3, "2026-11-23T12:00:00Z")
    assert (seen["breaker"]["failures_in_a_row"], seen["breaker"]["held_back_from"]) == (2, 3)
    api.clock.advance(24 * HOUR)
    assert described(api, "/operator/state", "/operator/state")["failed_builds"]["count"] == 0


def test_who_changed_what_is_told_and_nobody_is_named(api: Api) -> None:
    """By instance, by day and for today: an operator by the beginning of a digest, an owner by their kind of token."""
    made = api.call("POST", "/instances", ORDER).json
    api.call("DELETE", f"/instances/{made['id']}", token=made["manage_token"])
    for query in (f"?instance={made['id']}", "?day=2026-11-23", ""):
        entries = described(api, f"/operator/audit{query}", "/operator/audit")["entries"]
        told = {(one["who"], one["token"], one["did"], one["instance_id"]) for one in entries}
        assert told == {("owner", "manage", "ended", made["id"]), ("operator", "operator", "ordered", made["id"])}
        names = {one["token_name"] for one in entries if one["who"] == "operator"}
        assert {len(name) for name in names} == {8}
        assert not [secret for secret in ("findme", OPERATOR, made["manage_token"]) if secret in str(entries)]
    assert described(api, "/operator/audit?day=2026-11-22", "/operator/audit") == {"entries": []}


@pytest.mark.parametrize("query", ["instance=x", "instance=0123456789AB", "day=today", "day=2026-02-30", "day=20261123",
                                   f"day=2026-11-23&instance={ID}", "who=me"])  # fmt: skip
def test_a_bad_question_is_refused(api: Api, query: str) -> None:
    """It is 422 with the parameter."""
    answer = api.call("GET", f"/operator/audit?{query}")
    assert (answer.status, answer.json["code"]) == (422, "invalid_input")


def test_a_parameter_that_comes_twice_is_refused(api: Api) -> None:
    """It is 400."""
    assert api.call("GET", "/operator/audit?day=2026-11-23&day=2026-11-22").status == 400


@pytest.mark.parametrize("path", ["/operator/state", "/operator/audit"])
def test_only_operators_look(api: Api, path: str) -> None:
    """Neither an owner's token nor none opens them."""
    token = api.manage_token(api.put())
    assert {api.call("GET", path, token=each).status for each in (None, token)} == {401}


@pytest.mark.parametrize("path", ["/operator/state", "/operator/audit"])
def test_looking_changes_nothing(api: Api, path: str) -> None:
    """GET and HEAD leave the whole table as it was."""
    api.put()
    before = api.table.contents()
    for method in ("GET", "HEAD"):
        assert api.call(method, path).status == 200
    assert api.table.contents() == before


def test_why_is_answered_in_a_sentence_and_with_what_it_rests_on(api: Api) -> None:
    """By instance and by server, in the shape of the document; nobody is named in it."""
    api.put()
    for query in (f"instance={ID}", "server=4711"):
        found = described(api, f"/operator/why?{query}", "/operator/why")
        assert found["answer"] == (
            "It lives until 2026-11-23T11:55:00Z: its row owns it (running). No run has named server 4711 yet."
        )
        assert (found["instance"]["id"], found["instance"]["server_id"]) == (ID, 4711)
        assert "guest@example.com" not in str(found)
    assert described(api, "/operator/why?server=1", "/operator/why")["instance"] is None


@pytest.mark.parametrize("query", ["", f"instance={ID}&server=1", "server=0", "server=x", "instance=4711", "of=1"])
def test_a_bad_why_is_refused(api: Api, query: str) -> None:
    """It is 422 with the parameter, and 401 without a token."""
    assert api.call("GET", f"/operator/why?{query}").status == 422
    assert api.call("GET", f"/operator/why?{query}", token=None).status == 401
