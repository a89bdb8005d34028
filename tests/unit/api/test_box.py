"""The routes of a machine: what it is told, and that nobody is told more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from chalicelib.operations.rotate_token import rotate_token
from tests.fakes.clock import START
from tests.fakes.services import LIMITS
from tests.unit.api.world import HOUR, ID, NOT_YET, OPERATOR, Answer, Api, make_api

OTHER = "ba9876543210"
BOX, EXTEND = f"/instances/{ID}/box", f"/instances/{ID}/box/extend"
KEY = {"Idempotency-Key": "k-1"}

Forgery = Callable[[Api, Instance, Instance], str]
FORGERIES: dict[str, Forgery] = {
    "a made-up one": lambda *_: "ccc_box_" + "A" * 43,
    "another machine's": lambda api, _, other: token_of(api, other),
    "the owner's": lambda api, row, _: api.manage_token(row),
    "a builder's": lambda api, row, _: secrets_of.token(api.services, row, Purpose.BUILD, 1),
    "the operator's": lambda *_: OPERATOR,
}


def token_of(api: Api, row: Instance) -> str:
    """The token in the record on the machine."""
    return secrets_of.token(api.services, row, Purpose.BOX)


def offering() -> Api:
    """An API whose operator lets machines extend themselves."""
    return make_api(limits=replace(LIMITS, box_extend=True))


def more(api: Api, row: Instance, hours: Any = 2, *, headers: dict[str, Any] | None = None) -> Answer:
    """Ask for more time as the machine does."""
    given = KEY if headers is None else headers
    return api.call("POST", EXTEND, {"hours": hours}, token=token_of(api, row), headers=given)


def seconds(row: Instance) -> str:
    """The end of a row as it is written in answers."""
    assert row.expires_at is not None
    return row.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_machine_is_told_its_end_and_nothing_personal(api: Api) -> None:
    """The whole answer is the end and the hours it may add: no address, no key, no id."""
    row = api.put()
    answer = api.call("GET", BOX, token=token_of(api, row))
    assert (answer.status, answer.json) == (200, {"expires_at": seconds(row), "hours_left": 0})
    for secret in (row.email, row.ssh_public_key, row.id, row.owner, api.manage_token(row)):
        assert secret not in answer.text


def test_a_machine_without_an_end_is_told_so(api: Api) -> None:
    """Before it runs the end is null."""
    row = api.put(**NOT_YET, status=Status.REQUESTED)
    assert api.call("GET", BOX, token=token_of(api, row)).json == {"expires_at": None, "hours_left": 0}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
@pytest.mark.parametrize(("method", "path", "body"), [("GET", BOX, None), ("POST", EXTEND, {"hours": 1})])
def test_every_other_token_gets_the_answer_of_an_unknown_machine(
    forgery: Forgery, method: str, path: str, body: dict[str, int] | None
) -> None:
    """Wrong, foreign or of another purpose: the same 404, word for word, as for an id that does not exist."""
    api = offering()
    row = api.put()
    token = forgery(api, row, api.put(id=OTHER))
    answer = api.call(method, path, body, token=token, headers=KEY)
    unknown = api.call(method, path.replace(ID, "f" * 12), body, token=token, headers=KEY)
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert {**answer.json, "request_id": ""} == {**unknown.json, "request_id": ""}
    assert api.services.instances.get(ID) == row


@pytest.mark.parametrize("path", [f"/instances/{ID}", f"/instances/{ID}/log"])
def test_the_machines_token_opens_no_other_route(path: str) -> None:
    """With what stands on its disk a machine cannot even look at its own instance."""
    api = offering()
    row = api.put()
    assert api.call("GET", path, token=token_of(api, row)).status == 404
    assert api.call("DELETE", f"/instances/{ID}", token=token_of(api, row)).status == 404
    given = api.call("POST", f"/instances/{ID}/extend", {"hours": 1}, token=token_of(api, row), headers=KEY)
    assert given.status == 404
    assert api.services.instances.get(ID) == row


@pytest.mark.parametrize(("method", "path"), [("GET", BOX), ("POST", EXTEND)])
def test_without_a_token_nothing_is_told(api: Api, method: str, path: str) -> None:
    """No token is 401, before anybody looks whether there is such a machine."""
    api.put()
    for where in (path, path.replace(ID, "f" * 12)):
        answer = api.call(method, where, {"hours": 1} if method == "POST" else None, token=None, headers=KEY)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_extending_is_refused_where_it_is_off(api: Api) -> None:
    """The default: 403, a sentence that says what to do instead, and the end stays."""
    row = api.put()
    answer = more(api, row)
    assert (answer.status, answer.json["code"]) == (403, "not_offered")
    assert "link in your mail" in answer.json["detail"]
    assert api.services.instances.get(ID) == row


def test_where_it_is_on_a_machine_extends_itself_once_for_each_key() -> None:
    """The end moves by the hours; a repeat is answered alike, and with other hours it is 422."""
    api = offering()
    row = api.put()
    assert row.expires_at is not None
    moved = seconds(replace(row, expires_at=row.expires_at + 2 * HOUR))
    first = more(api, row)
    assert (first.status, first.json["expires_at"]) == (200, moved)
    assert first.json["hours_left"] == LIMITS.max_life_hours - 4
    again = more(api, row)
    assert (again.status, again.json) == (200, first.json)
    assert api.call("GET", BOX, token=token_of(api, row)).json == first.json
    other = more(api, row, 3)
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("hours", [0, -1, 1.5, "2", True, None, 73, [], {}])
def test_hours_are_judged_as_everywhere(hours: object) -> None:
    """What is no whole number within the operator's limit is 422 and moves nothing."""
    api = offering()
    row = api.put()
    answer = more(api, row, hours)
    assert (answer.status, list(answer.json["errors"])) == (422, ["hours"])
    assert api.services.instances.get(ID) == row


def test_a_key_is_required() -> None:
    """Without an Idempotency-Key a repeat could not be told from a second wish: 400."""
    api = offering()
    answer = more(api, api.put(), headers={})
    assert (answer.status, answer.json["code"]) == (400, "idempotency_key_required")


def test_a_cap_is_told_with_what_is_left() -> None:
    """The cap on a life is 409 and says how many hours can still be had."""
    api = make_api(limits=replace(LIMITS, box_extend=True, max_life_hours=3))
    answer = more(api, api.put())
    assert (answer.status, answer.json["code"], answer.json["left"]) == (409, "limit", 1)


def test_a_new_manage_token_leaves_the_machines_alone(api: Api) -> None:
    """The record on the disk cannot be written anew, so its token is not of the manage serial."""
    row = api.put()
    rotate_token(api.services, ID)
    assert api.call("GET", BOX, token=token_of(api, row)).status == 200


def test_after_the_end_the_end_is_told_until_the_tombstone_is_gone() -> None:
    """A gone machine's token tells when its time was over, moves nothing (410), and is unknown after the purge."""
    api = offering()
    row = api.put(status=Status.DELETED, ended_at=START + 2 * HOUR, end_reason=EndReason.EXPIRED)
    answer = api.call("GET", BOX, token=token_of(api, row))
    assert (answer.status, answer.json) == (200, {"expires_at": seconds(row), "hours_left": 0})
    assert more(api, row).status == 410
    api.table.purge(int((START + 24 * 40 * HOUR).timestamp()))
    assert api.call("GET", BOX, token=token_of(api, row)).status == 404
