"""The routes that follow a signup: confirm, try again, a new token."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.instance import Failure, Instance, Status
from chalicelib.domain.lifecycle import CONFIRM_WITHIN
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from tests.fakes.clock import START
from tests.fakes.services import LIMITS
from tests.unit.api.test_openapi import conforms
from tests.unit.api.world import ID, NOT_YET, OPERATOR, Answer, Api, make_api

OTHER = "f" * 12
GONE: dict[str, Any] = {**NOT_YET, "ended_at": START, "failure": Failure(code="stock", message="No.", hint="Wait.")}


def wish(api: Api, **changes: Any) -> Instance:
    """A stranger's wish in the table."""
    return api.put(**{**NOT_YET, "status": Status.UNCONFIRMED, "by_operator": False, "requested_at": None, **changes})


def confirm(api: Api, row: Instance, token: str | None = None) -> Answer:
    """Follow the link of the confirmation mail, or come with another token."""
    token = token or secrets_of.token(api.services, row, Purpose.CONFIRM)
    return api.call("POST", f"/instances/{row.id}/confirm", token=token)


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    """The document as it is served."""
    return api.call("GET", "/openapi.json", token=None).json


def test_a_yes_starts_the_machine_and_tells_the_token_once(api: Api) -> None:
    """200 with the object and the manage token; again 200 with nothing but that it has been confirmed (line 130)."""
    row = wish(api)
    first, second = confirm(api, row), confirm(api, row)
    assert (first.status, first.json["status"], first.json["id"]) == (200, "requested", ID)
    assert not {"email", "server_id", "cost"} & set(first.json)
    assert (second.status, second.json) == (200, {"id": ID, "already_confirmed": True})
    assert api.call("GET", f"/instances/{ID}", token=first.json["manage_token"]).status == 200


def test_line_131_after_a_day_the_link_is_410(api: Api) -> None:
    """`expired`, confirmed or not."""
    row, other = wish(api), wish(api, id=OTHER, owner="1" * 32)
    assert confirm(api, other).status == 200
    api.clock.advance(CONFIRM_WITHIN - timedelta(seconds=1))
    assert confirm(api, other).status == 200
    api.clock.advance(timedelta(seconds=1))
    for each in (row, other):
        answer = confirm(api, each)
        assert (answer.status, answer.json["code"]) == (410, "expired")


def test_line_132_unknown_foreign_wrong_and_operators_look_the_same(api: Api) -> None:
    """One and the same 404 for an unknown id, another wish's token, a wrong one, and a row that needs no yes."""
    mine, other = wish(api), wish(api, id=OTHER)
    ordered = api.put(id="e" * 12)
    good = secrets_of.token(api.services, mine, Purpose.CONFIRM)
    answers = [
        confirm(api, mine, secrets_of.token(api.services, other, Purpose.CONFIRM)),
        confirm(api, mine, api.manage_token(mine)),
        confirm(api, mine, OPERATOR),
        confirm(api, mine, "x"),
        confirm(api, replace(mine, id="a" * 12), good),
        confirm(api, replace(mine, id="A" * 12), good),
        confirm(api, ordered),
    ]
    assert {(answer.status, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert api.call("POST", f"/instances/{ID}/confirm", token=None).status == 401


def test_the_confirm_token_opens_no_other_route(api: Api) -> None:
    """It neither shows, ends, extends, retries nor rotates."""
    row = wish(api)
    token = secrets_of.token(api.services, row, Purpose.CONFIRM)
    for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/log"), ("POST", "/retry"), ("POST", "/rotate-token")):
        assert api.call(method, f"/instances/{ID}{rest}", token=token).status == 404


def test_a_second_machine_is_409_and_names_the_limit(api: Api) -> None:
    """An owner's own cap is the request's trouble; one that all share is the service's, with Retry-After."""
    wish(api, id=OTHER)
    first, second = wish(api), api.services.instances.get(OTHER)
    assert second is not None
    assert confirm(api, first).status == 200
    answer = confirm(api, second)
    assert (answer.status, answer.json["code"], answer.json["limit"]) == (409, "limit", "owner")
    full = make_api(limits=replace(LIMITS, max_live=0))
    answer = confirm(full, wish(full))
    assert (answer.status, answer.json["limit"]) == (503, "live")
    assert int(answer.headers["retry-after"]) > 0


def test_a_paused_service_takes_no_yes(api: Api) -> None:
    """503 with Retry-After."""
    stack = api.services.stack.get()
    assert stack is not None
    api.services.stack.write(replace(stack, paused=True), stack)
    answer = confirm(api, wish(api))
    assert (answer.status, answer.json["code"]) == (503, "paused")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("operator", [False, True])
def test_what_has_failed_is_tried_again(api: Api, operator: bool) -> None:
    """202 with the new instance, its place and its token, for owner and operator alike; a repeat is the same."""
    row = api.put(**GONE, status=Status.FAILED, by_operator=operator)
    token = OPERATOR if operator else api.manage_token(row)
    first, again = (api.call("POST", f"/instances/{ID}/retry", token=token) for _ in range(2))
    assert (first.status, first.json["status"]) == (202, "requested")
    assert first.json["id"] != ID
    assert first.headers["location"].endswith(f"/instances/{first.json['id']}")
    assert int(first.headers["retry-after"]) > 0
    assert ("email" in first.json) is operator
    assert (again.status, again.json) == (202, first.json)
    assert api.call("GET", f"/instances/{first.json['id']}", token=first.json["manage_token"]).status == 200
    assert api.call("GET", f"/instances/{first.json['id']}", token=api.manage_token(row)).status == 404


def test_what_has_not_failed_is_409(api: Api) -> None:
    """`not_failed`, and nothing is ordered."""
    api.put()
    before = api.table.contents()
    answer = api.call("POST", f"/instances/{ID}/retry")
    assert (answer.status, answer.json["code"]) == (409, "not_failed")
    assert api.table.contents() == before


@pytest.mark.parametrize("operator", [False, True])
def test_a_new_token_kills_the_old_one(api: Api, operator: bool) -> None:
    """200 with the object and the new token; the old one is 404 from then on."""
    row = api.put()
    old = api.manage_token(row)
    answer = api.call("POST", f"/instances/{ID}/rotate-token", token=OPERATOR if operator else old)
    new = answer.json["manage_token"]
    assert (answer.status, answer.json["id"], new == old) == (200, ID, False)
    assert ("email" in answer.json) is operator
    assert [api.call("GET", f"/instances/{ID}", token=token).status for token in (old, new)] == [404, 200]
    assert api.call("POST", f"/instances/{ID}/rotate-token", token=old).status == 404


@pytest.mark.parametrize("path", ["/retry", "/rotate-token"])
def test_unknown_foreign_and_wrongly_proved_look_the_same(api: Api, path: str) -> None:
    """An unknown id, a foreign one and a wrong token give one and the same 404, and none is 401."""
    mine = api.put(**GONE, status=Status.FAILED)
    other = api.put(id=OTHER)
    tries = [
        ("a" * 12, api.manage_token(mine)),
        (ID, api.manage_token(other)),
        (ID, "ccc_manage_" + "A" * 43),
        ("a" * 12, OPERATOR),
        ("A" * 12, OPERATOR),
    ]
    before = api.table.contents()
    answers = [api.call("POST", f"/instances/{given}{path}", token=token) for given, token in tries]
    assert {(answer.status, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert api.call("POST", f"/instances/{ID}{path}", token=None).status == 401
    assert api.table.contents() == before


@pytest.mark.parametrize("path", ["/confirm", "/retry", "/rotate-token"])
def test_i27_a_get_does_not_act(api: Api, path: str) -> None:
    """These are POST alone: everything else is 405 and changes nothing (invariant 27)."""
    api.put(**GONE, status=Status.FAILED)
    before = api.table.contents()
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = api.call(method, f"/instances/{ID}{path}")
        assert (answer.status, "POST" in answer.headers["allow"]) == (405, True)
    assert api.table.contents() == before


def test_all_answers_conform_to_the_document(api: Api, document: dict[str, Any]) -> None:
    """What is really answered by these routes, good and bad, has the shape that the document gives to its status."""
    row = wish(api)
    failed = api.put(**GONE, id=OTHER, status=Status.FAILED)
    rotated, running = "/instances/{id}/rotate-token", api.put(id="e" * 12)
    for answer in (confirm(api, row), confirm(api, row), confirm(api, row, "x")):
        conforms(document, "POST", "/instances/{id}/confirm", answer)
    for given, token in ((failed, OPERATOR), (failed, api.manage_token(failed)), (running, OPERATOR)):
        answer = api.call("POST", f"/instances/{given.id}/retry", token=token)
        conforms(document, "POST", "/instances/{id}/retry", answer)
    for token in (OPERATOR, "x"):
        answer = api.call("POST", f"/instances/{running.id}/rotate-token", token=token)
        conforms(document, "POST", rotated, answer)
    api.clock.advance(CONFIRM_WITHIN)
    conforms(document, "POST", "/instances/{id}/confirm", confirm(api, row))


def test_a_tighter_cap_on_hours_is_in_the_document(document: dict[str, Any]) -> None:
    """A wish that was fine when it was made may not be any more: 422 for confirm and retry, as described."""
    api = make_api(limits=replace(LIMITS, max_hours=2))
    early = api.put(**{**NOT_YET, "status": Status.UNCONFIRMED, "by_operator": False})
    long = replace(early, wish=replace(early.wish, hours=3))
    row = api.services.instances.write(long, before=early)
    answer = confirm(api, row)
    assert (answer.status, set(answer.json["errors"])) == (422, {"hours"})
    conforms(document, "POST", "/instances/{id}/confirm", answer)
    failed = api.put(**GONE, id=OTHER, status=Status.FAILED, wish=long.wish)
    answer = api.call("POST", f"/instances/{failed.id}/retry")
    assert answer.status == 422
    conforms(document, "POST", "/instances/{id}/retry", answer)
