"""What people are told while new machines are held back: the reason in words, and when to come again (row B22)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.breaker import BreakerState
from chalicelib.domain.build import Cause
from chalicelib.domain.explanations import EXPLANATIONS
from chalicelib.domain.instance import Failure, Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from tests.fakes.clock import START
from tests.unit.api.test_openapi import conforms
from tests.unit.api.world import HOUR, ID, NOT_YET, OPERATOR, Answer, Api, public_key

FAILURE = Failure(code="disk", message="No.", hint="Wait.")
ORDER = {"email": "guest@example.com", "ssh_public_key": public_key(), "hours": 1}


def hold_back(api: Api) -> None:
    """Open the breaker."""
    state = BreakerState(cause=Cause.DISK, count=3, since=START, counted=("a", "b", "c"))
    api.services.breaker.write(state, api.services.breaker.get())


def ask(api: Api, route: str) -> Answer:
    """Come for a new machine on one of the ways there are."""
    if route == "/instances/{id}/confirm":
        row = api.put(**{**NOT_YET, "status": Status.UNCONFIRMED, "by_operator": False, "requested_at": None})
        return api.call("POST", f"/instances/{ID}/confirm", token=secrets_of.token(api.services, row, Purpose.CONFIRM))
    if route == "/instances/{id}/retry":
        api.put(**{**NOT_YET, "status": Status.FAILED, "ended_at": START, "failure": FAILURE})
        return api.call("POST", f"/instances/{ID}/retry")
    return api.call("POST", "/instances", ORDER, token=None if route == "signup" else OPERATOR)


@pytest.mark.parametrize("route", ["/instances", "signup", "/instances/{id}/confirm", "/instances/{id}/retry"])
def test_b22_every_way_to_a_new_machine_is_503_with_the_reason(api: Api, route: str) -> None:
    """Orders, signups, confirmations and retries say why and when to come again, and are taken an hour later (B22)."""
    hold_back(api)
    refused = ask(api, route)
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (503, "paused", "3600")
    assert EXPLANATIONS[Cause.DISK].message in refused.json["detail"]
    document: dict[str, Any] = api.call("GET", "/openapi.json", token=None).json
    conforms(document, "POST", "/instances" if route == "signup" else route, refused)
    api.clock.advance(HOUR)
    again = api.call("POST", "/instances", {**ORDER, "email": "other@example.com"})
    assert again.status == 202


def test_b22_a_person_on_a_page_reads_the_same(api: Api) -> None:
    """The page behind the link of the confirmation mail says it too, with the same status and waiting time."""
    row = api.put(**{**NOT_YET, "status": Status.UNCONFIRMED, "by_operator": False, "requested_at": None})
    link = f"/confirm/{ID}/{secrets_of.token(api.services, row, Purpose.CONFIRM)}"
    hold_back(api)
    headers: dict[str, str | list[str]] = {
        "Origin": "https://ccc.example.org",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    page = api.call("POST", link, b"", token=None, headers=headers)
    assert (page.status, page.headers["retry-after"]) == (503, "3600")
    assert "could not be made" in page.text
    assert "Your machine is being made" not in page.text


def test_b22_readiness_names_the_builds(api: Api) -> None:
    """Whoever watches the service sees that it makes no machines, and what is wrong with them."""
    hold_back(api)
    answer = api.call("GET", "/health/ready", token=None)
    assert (answer.status, answer.json["detail"]) == (503, "Not ready: builds.")
    assert EXPLANATIONS[Cause.DISK].message in answer.json["checks"]["builds"]


def test_running_machines_are_not_concerned(api: Api) -> None:
    """Looking, extending and ending go on while new machines are held back."""
    api.put()
    hold_back(api)
    key: dict[str, str | list[str]] = {"Idempotency-Key": "0123456789abcdef"}
    assert api.call("GET", f"/instances/{ID}").status == 200
    assert api.call("POST", f"/instances/{ID}/extend", {"hours": 1}, headers=key).status == 200
    assert api.call("DELETE", f"/instances/{ID}").status == 202
