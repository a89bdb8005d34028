"""The operator's switches over HTTP: what each answers, what it changes, and that nobody else throws it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.breaker import BreakerState
from chalicelib.domain.build import Cause
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.instance import Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from chalicelib.operations.exclusion import is_excluded
from chalicelib.operations.found_stack import found_stack
from tests.fakes.clock import START
from tests.unit.api.test_openapi import conforms
from tests.unit.api.world import ID, NOT_YET, Api, make_api, public_key

ORDER = {"email": "guest@example.com", "ssh_public_key": public_key(), "hours": 1}
SWITCHES = (
    ("/operator/pause", None),
    ("/operator/resume", None),
    ("/operator/accept-restore", None),
    ("/owners/deprovision", {"email": "guest@example.com"}),
    ("/owners/admit", {"email": "guest@example.com"}),
)


def document(api: Api) -> dict[str, Any]:
    """The OpenAPI document."""
    return api.call("GET", "/openapi.json", token=None).json


def guests(api: Api, **changes: Any) -> None:
    """A machine that a guest asked for through this API's own words for an address."""
    answer = api.call("POST", "/instances", {**ORDER, **changes})
    assert answer.status == 202, answer.text


@pytest.mark.parametrize(("path", "body"), SWITCHES)
def test_answers_have_the_shape_of_the_document(path: str, body: Any) -> None:
    """Done, done again, asked without a token and with nonsense: every answer is described."""
    api = make_api()
    guests(api)
    for sent, token in ((body, "ccc_operator_in-tests"), (body, "ccc_operator_in-tests"), (body, None)):
        conforms(document(api), "POST", path, api.call("POST", path, sent, token=token))
    if body is not None or "accept" in path:
        conforms(document(api), "POST", path, api.call("POST", path, {"surprise": 1}))


@pytest.mark.parametrize(("path", "body"), SWITCHES)
def test_only_operators_throw_them(path: str, body: Any) -> None:
    """An owner's token, a made-up one and none are 401, and nothing is changed."""
    api = make_api()
    token = api.manage_token(api.put())
    before = api.table.contents()
    for each in (None, token, "ccc_operator_made-up"):
        assert api.call("POST", path, body, token=each).status == 401
    assert api.table.contents() == before


def test_rule_25_a_pause_holds_back_everything_new_and_a_resume_lets_it_go() -> None:
    """Orders are 503 `paused` with a time to come again, and are taken afterwards (rule R25)."""
    api = make_api()
    assert api.call("POST", "/operator/pause").json["paused"] is True
    refused = api.call("POST", "/instances", ORDER)
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (503, "paused", "60")
    assert "switched new machines off" in refused.json["detail"]
    resumed = api.call("POST", "/operator/resume").json
    assert (resumed["paused"], resumed["was_paused"], resumed["breaker_was_open"]) == (False, True, False)
    assert api.call("POST", "/instances", ORDER).status == 202


def test_b22_a_resume_closes_the_breaker() -> None:
    """What builds that failed in a row held back is let go, and it is said (row B22)."""
    api = make_api()
    state = BreakerState(cause=Cause.DISK, count=3, since=START, counted=("a", "b", "c"))
    api.services.breaker.write(state, api.services.breaker.get())
    assert api.call("POST", "/operator/resume").json["breaker_was_open"] is True
    assert api.call("POST", "/instances", ORDER).status == 202


def test_rule_11_a_restored_table_is_accepted() -> None:
    """The freeze is over, and the table counts further than the marker did (rule R11)."""
    api = make_api()
    stack = found_stack(api.services)
    api.services.stack.write(replace(stack, frozen="restored", marker_epoch=40), stack)
    done = api.call("POST", "/operator/accept-restore").json
    assert (done["frozen"], done["epoch"]) == (None, 41)


def test_rule_11_a_marker_is_planted_only_when_asked_for() -> None:
    """`plant_marker` makes one where there is none (rule R11)."""
    api = make_api()
    assert api.call("POST", "/operator/accept-restore", {"plant_marker": False}).json["marker"]["id"] is None
    planted = api.call("POST", "/operator/accept-restore", {"plant_marker": True}).json
    assert planted["marker"]["id"] is not None


def test_o5_another_stacks_marker_is_a_conflict() -> None:
    """It is 409 `no_marker`, in words, and the freeze stays (row O5)."""
    api = make_api()
    stack = found_stack(api.services)
    servers: Any = api.services.servers
    key = servers.project.keys[stack.marker_id]
    servers.project.keys[stack.marker_id] = replace(key, labels={})
    answer = api.call("POST", "/operator/accept-restore", {"plant_marker": True})
    assert (answer.status, answer.json["code"]) == (409, "no_marker")
    assert "another stack" in answer.json["detail"]


def test_the_kill_switch_ends_what_an_address_has_and_shuts_it_out() -> None:
    """In any spelling; the answer shows what was ended, and a stranger's signup has the usual answer and no effect."""
    api = make_api()
    guests(api, email="Guest+1@example.com")
    guests(api, email="other@example.com")
    done = api.call("POST", "/owners/deprovision", {"email": "GUEST@example.com"}).json
    assert [(row["email"], row["status"]) for row in done["ended"]] == [("Guest+1@example.com", "deleting")]
    assert done["newly_excluded"] is True
    before = len(api.call("GET", "/instances?all=1").json["instances"])
    assert api.call("POST", "/instances", {**ORDER, "email": "guest@example.com"}, token=None).status == 202
    assert len(api.call("GET", "/instances?all=1").json["instances"]) == before
    assert api.call("POST", "/owners/deprovision", {"email": "guest@example.com"}).json == {
        "ended": [],
        "newly_excluded": False,
    }
    assert api.call("POST", "/owners/admit", {"email": "guest@example.com"}).json == {"was_excluded": True}
    assert api.call("POST", "/instances", {**ORDER, "email": "guest@example.com"}, token=None).status == 202
    assert len(api.call("GET", "/instances?all=1").json["instances"]) == before + 1


@pytest.mark.parametrize(
    "body", [{}, {"email": 1}, {"email": "nobody"}, {"email": None}, {"email": "a@example.com", "x": 1}]
)
@pytest.mark.parametrize("path", ["/owners/deprovision", "/owners/admit"])
def test_what_is_no_address_is_refused(path: str, body: dict[str, Any]) -> None:
    """It is 422 with the field, and nobody is shut out."""
    api = make_api()
    before = api.table.contents()
    answer = api.call("POST", path, body)
    assert (answer.status, answer.json["code"]) == (422, "invalid_input")
    assert api.table.contents() == before


def test_o12_a_project_without_our_machines_needs_a_persons_word() -> None:
    """It is 409 `no_marker` with what to type, and 200 once somebody says that the machines are gone (row O12)."""
    api = make_api()
    api.put()
    refused = api.call("POST", "/operator/accept-restore", {"plant_marker": True})
    assert (refused.status, refused.json["code"]) == (409, "no_marker")
    assert "ccc accept-restore --plant-marker --machines-are-gone" in refused.json["detail"]
    conforms(document(api), "POST", "/operator/accept-restore", refused)
    wish = {"plant_marker": True, "machines_are_gone": True}
    planted = api.call("POST", "/operator/accept-restore", wish)
    assert planted.json["marker"]["id"] is not None
    conforms(document(api), "POST", "/operator/accept-restore", planted)


@pytest.mark.parametrize(
    "body",
    [
        {"plant_marker": 1},
        {"plant_marker": None},
        {"marker": True},
        {"machines_are_gone": True},
        {"plant_marker": False, "machines_are_gone": True},
        {"plant_marker": True, "machines_are_gone": "yes"},
    ],
)
def test_a_bad_wish_for_a_marker_is_refused(api: Api, body: dict[str, Any]) -> None:
    """What is not true or false plants nothing."""
    assert api.call("POST", "/operator/accept-restore", body).status == 422


def test_a_wish_of_somebody_shut_out_is_not_confirmed_over_http(api: Api) -> None:
    """The link says so with 403, and nothing is bought."""
    row = api.put(**{**NOT_YET, "status": Status.UNCONFIRMED, "by_operator": False, "requested_at": None})
    assert api.call("POST", "/owners/deprovision", {"email": row.email}).json["ended"] == []
    assert is_excluded(api.services, EmailAddress(value=row.email))
    answer = api.call("POST", f"/instances/{ID}/confirm", token=secrets_of.token(api.services, row, Purpose.CONFIRM))
    assert (answer.status, answer.json["code"]) == (403, "signup_closed")
    conforms(document(api), "POST", "/instances/{id}/confirm", answer)
