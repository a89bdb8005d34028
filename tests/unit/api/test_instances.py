"""The routes of instances: who may, what is answered, and in which status."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.instance import EndReason, Status, Wish
from chalicelib.operations.ports import StackState
from tests.fakes.clock import START
from tests.fakes.keyring import FakeKeyring
from tests.fakes.services import LIMITS
from tests.unit.api.world import HOUR, ID, NOT_YET, OPERATOR, Answer, Api, make_api, public_key

KEY = {"Idempotency-Key": "k-1"}


def order(api: Api, *, headers: dict[str, Any] | None = None, token: str | None = OPERATOR, **fields: Any) -> Answer:
    """Order an instance with good fields, or with others."""
    body = {"email": "test@example.com", "ssh_public_key": public_key(), **fields}
    return api.call("POST", "/instances", body, headers=headers, token=token)


def test_an_operator_orders_an_instance(api: Api) -> None:
    """An order is accepted with its id, its place, its token and the wish that somebody looks at it."""
    answer = order(api, hours=1)
    document = answer.json
    assert (answer.status, document["status"], document["stage"]) == (202, "requested", "queued")
    assert answer.headers["location"] == document["links"]["self"].removesuffix("/")
    assert document["links"]["self"] == f"{api.services.public_url}/instances/{document['id']}"
    assert int(answer.headers["retry-after"]) > 0
    assert document["manage_token"].startswith("ccc_manage_")
    assert api.call("GET", f"/instances/{document['id']}", token=document["manage_token"]).status == 200


def test_hours_are_the_operators_default_when_none_are_named(api: Api) -> None:
    """An order without hours is for the default of the settings."""
    row = api.services.instances.get(order(api).json["id"])
    assert row is not None
    assert row.wish.hours == LIMITS.default_hours


@pytest.mark.parametrize("token", ["ccc_operator_wrong", "x"])
def test_only_an_operator_orders(api: Api, token: str) -> None:
    """With a token that is no operator's an order is 401 and leaves nothing behind."""
    answer = order(api, token=token)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert api.call("GET", "/instances").json["instances"] == []


def test_the_same_key_and_body_give_the_same_answer(api: Api) -> None:
    """Line 24: a repeat with the same key is 202 with the same body, and one row."""
    key = public_key()
    first, again = (order(api, headers=KEY, ssh_public_key=key, hours=2) for _ in range(2))
    assert (again.status, again.json) == (202, first.json)
    assert len(api.call("GET", "/instances").json["instances"]) == 1


def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    """Line 22: a key that comes again with other wishes is 422."""
    key = public_key()
    assert order(api, headers=KEY, ssh_public_key=key, hours=2).status == 202
    answer = order(api, headers=KEY, ssh_public_key=key, hours=3)
    assert (answer.status, answer.json["code"]) == (422, "idempotency_key_reused")


def test_another_spelling_of_the_same_order_is_the_same_order(api: Api) -> None:
    """A comment behind the key does not make another request of it."""
    key = public_key()
    first = order(api, headers=KEY, ssh_public_key=key)
    again = order(api, headers=KEY, ssh_public_key=f"  {key} me@laptop\n")
    assert (again.status, again.json["id"]) == (202, first.json["id"])


@pytest.mark.parametrize("hours", [0, -1, 1.5, "2", True, None, 1e3, 10**18, 73, [], {}])
def test_hours_out_of_bounds_are_refused(api: Api, hours: object) -> None:
    """Lines 80 and 81: hours are a whole number within the operator's limit, and nothing that looks like one."""
    answer = order(api, hours=hours)
    assert (answer.status, set(answer.json["errors"])) == (422, {"hours"})


@pytest.mark.parametrize("value", [None, [], {}, 7, "../cx23", "CX23", "cax11", "ccx99", "x" * 65, ""])
def test_a_type_that_is_not_offered_is_refused(api: Api, value: object) -> None:
    """Lines 82 to 84: a type that is no name of the operator's list is 422, and the field says so."""
    answer = order(api, server_type=value)
    assert (answer.status, set(answer.json["errors"])) == (422, {"server_type"})


@pytest.mark.parametrize("value", [None, [], "mars", "fsn1", "NBG1"])
def test_a_location_that_is_not_used_is_refused(api: Api, value: object) -> None:
    """Line 85: a location outside the operator's list is 422."""
    answer = order(api, location=value)
    assert (answer.status, set(answer.json["errors"])) == (422, {"location"})


@pytest.mark.parametrize("value", [None, 7, [], {}, True, "", "a@b", "a@example.com, b@example.com", "a@x.invalid"])
def test_a_bad_address_is_refused(api: Api, value: object) -> None:
    """Lines 29 to 43 reach the edge: what is no single address is 422 for its field."""
    answer = order(api, email=value)
    assert (answer.status, set(answer.json["errors"])) == (422, {"email"})


@pytest.mark.parametrize("value", [None, [], "", "ssh-ed25519 AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----"])
def test_a_bad_key_is_refused(api: Api, value: object) -> None:
    """Lines 54 to 74 reach the edge: what is no sound public key is 422 for its field."""
    answer = order(api, ssh_public_key=value)
    assert (answer.status, set(answer.json["errors"])) == (422, {"ssh_public_key"})


def test_what_is_not_in_stock_is_said_as_such(api: Api) -> None:
    """A type that is offered but sold out is 503 with a code that programs know, not a fault of the fields."""
    answer = order(api, server_type="cx23")
    assert (answer.status, answer.json["code"]) == (409, "stock")


def test_a_full_service_says_so(api: Api) -> None:
    """Line 90: a cap of the operator against a new instance is 503 with Retry-After, and names the limit."""
    full = make_api(limits=type(LIMITS)(**{**_fields(LIMITS), "max_live": 0}))
    answer = order(full)
    assert (answer.status, answer.json["code"], answer.json["limit"]) == (503, "limit", "live")
    assert int(answer.headers["retry-after"]) > 0
    assert order(api).status == 202


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def test_a_paused_service_says_so() -> None:
    """While the operator has paused it, the service takes no order: 503 `paused`."""
    api = make_api(founded=False)
    other = make_api()
    market = other.services.catalogue.market()
    assert market is not None
    api.services.catalogue.keep(market)
    api.services.stack.write(StackState(uuid="u", epoch=1, paused=True), None)
    answer = order(api)
    assert (answer.status, answer.json["code"]) == (503, "paused")


@pytest.mark.parametrize("path", ["", "/extend", "/log"])
def test_unknown_foreign_and_wrongly_proved_look_the_same(api: Api, path: str) -> None:
    """Lines 93, 94, 98, 108, 112: an unknown id, a foreign one and a wrong token give one and the same 404."""
    mine = api.put()
    api.put(id="ffffffffffff", secret_id=mine.secret_id)
    other = api.services.instances.get("ffffffffffff")
    assert other is not None
    method = "POST" if path == "/extend" else "GET"
    tries = [
        ("aaaaaaaaaaaa", api.manage_token(mine)),
        (ID, api.manage_token(other)),
        (ID, "ccc_manage_" + "A" * 43),
        ("aaaaaaaaaaaa", OPERATOR),
        ("A" * 12, OPERATOR),
    ]
    answers = [
        api.call(method, f"/instances/{each}{path}", {"hours": 1}, token=token, headers=KEY) for each, token in tries
    ]
    assert {(answer.status, answer.text) for answer in answers} == {(404, answers[0].text)}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "bearer ",
        "Basic abc",
        "Bearer a b",
        "Bearer a,b",
        ["Bearer a", "Bearer b"],
        "Bearer " + "a" * 10_000,
    ],
)
def test_a_missing_or_unreadable_token_is_401(api: Api, header: Any) -> None:
    """Lines 95 and 101: no token, a scheme without one, two headers, or an endless one is 401."""
    api.put()
    headers = {} if header is None else {"Authorization": header}
    for method, path in (("GET", f"/instances/{ID}"), ("GET", "/instances"), ("POST", f"/builds/{ID}/1/claim")):
        assert api.call(method, path, token=None, headers=headers).status == 401


@pytest.mark.parametrize(
    "given", ["A" * 12, "0123456789a", "0" * 5000, "%00", "..", "%2e%2e", "\U0001f600", "%ff", "0123456789ab%0a"]
)
def test_a_malformed_id_is_404_without_a_look_at_the_store(api: Api, given: str) -> None:
    """Line 97: what cannot be an id is 404, and the store (which would fail) is not asked."""
    api.table.fail_next(StoreUnavailable("not to be asked"))
    for method in ("GET", "DELETE"):
        assert api.call(method, f"/instances/{given}").status == 404


def test_the_scheme_word_may_be_in_any_case(api: Api) -> None:
    """`bearer` is `Bearer` (RFC 9110 section 11.1)."""
    api.put()
    assert (
        api.call("GET", f"/instances/{ID}", token=None, headers={"Authorization": f"bearer {OPERATOR}"}).status == 200
    )


def test_the_owner_sees_less_than_the_operator(api: Api) -> None:
    """Address, server id and cost are shown to the operator and absent for the owner."""
    mine = api.put()
    operators, owners = (api.call("GET", f"/instances/{ID}", token=t).json for t in (OPERATOR, api.manage_token(mine)))
    assert set(operators) - set(owners) == {"email", "server_id", "cost"}
    assert operators["cost"] == {"so_far_eur": "0.02", "projected_eur": "0.03"}


def test_the_tag_stays_while_nothing_changes(api: Api) -> None:
    """The same state has the same tag however much time passes, and a conditional look is 304 without a body."""
    api.put()
    first = api.call("GET", f"/instances/{ID}")
    api.clock.advance(timedelta(minutes=7))
    again = api.call("GET", f"/instances/{ID}", headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status, again.text, again.headers["etag"]) == (304, "", first.headers["etag"])


def test_the_tag_moves_with_the_instance(api: Api) -> None:
    """A change of the row gives another tag, so a conditional look brings the new state."""
    api.put()
    first = api.call("GET", f"/instances/{ID}")
    api.call("DELETE", f"/instances/{ID}")
    again = api.call("GET", f"/instances/{ID}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.json["status"]) == (200, "deleting")


def test_a_list_is_the_operators(api: Api) -> None:
    """Line 135: without an operator's token the list is 401, also with an owner's."""
    mine = api.put()
    assert api.call("GET", "/instances", token=None).status == 401
    assert api.call("GET", "/instances", token=api.manage_token(mine)).status == 401


@pytest.mark.parametrize("limit", ["0", "-1", "1000000000", "x", "1.5", "", "01"])
def test_a_bad_limit_is_refused(api: Api, limit: str) -> None:
    """Line 136: a limit that is no number of a page is 422."""
    answer = api.call("GET", f"/instances?limit={limit}")
    assert (answer.status, set(answer.json["errors"])) == (422, {"limit"})


@pytest.mark.parametrize("cursor", ["x", "e30", "%00", "a" * 1024])
def test_a_forged_cursor_is_refused(api: Api, cursor: str) -> None:
    """Line 137: a cursor that is not ours is 400."""
    answer = api.call("GET", f"/instances?cursor={cursor}")
    assert (answer.status, answer.json["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("query", ["status=happy", "owner=nobody", "colour=red", "all=perhaps", "limit=5&limit=6"])
def test_a_bad_filter_is_refused(api: Api, query: str) -> None:
    """A parameter that is unknown, repeated or of another kind is refused instead of being passed over."""
    assert api.call("GET", f"/instances?{query}").status in {400, 422}


def test_a_list_goes_page_by_page(api: Api) -> None:
    """Following the cursors brings every live instance once, newest first; `all` brings the ended ones too."""
    for number in range(5):
        api.put(id=f"00000000000{number}", created_at=START + timedelta(minutes=number))
    api.put(id="00000000000f", status=Status.DELETED, ended_at=START, machine=None)
    seen: list[str] = []
    cursor = ""
    while True:
        page = api.call("GET", f"/instances?limit=2{cursor}").json
        seen += [each["id"] for each in page["instances"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"00000000000{number}" for number in (4, 3, 2, 1, 0)]
    everything = api.call("GET", "/instances?all=1").json["instances"]
    assert {each["status"] for each in everything} == {"running", "deleted"}


def test_a_list_can_be_filtered(api: Api) -> None:
    """`status` leaves only instances of that status."""
    api.put()
    api.put(id="ffffffffffff", status=Status.REQUESTED, **NOT_YET)
    found = api.call("GET", "/instances?status=requested").json["instances"]
    assert [each["id"] for each in found] == ["ffffffffffff"]


def test_an_extension_moves_the_end(api: Api) -> None:
    """Two more hours move the end by two hours, and say how many more there are."""
    mine = api.put()
    answer = api.call("POST", f"/instances/{ID}/extend", {"hours": 2}, token=api.manage_token(mine), headers=KEY)
    document = answer.json
    assert (answer.status, document["id"]) == (200, ID)
    assert (document["old_expires_at"], document["expires_at"]) == ("2026-11-23T11:55:00Z", "2026-11-23T13:55:00Z")
    assert document["hours_left"] == document["extension"]["hours_left"] == 164


def test_a_repeated_extension_gives_the_same_answer(api: Api) -> None:
    """Line 107: the same key again adds nothing and answers the same end."""
    api.put()
    first, again = (api.call("POST", f"/instances/{ID}/extend", {"hours": 2}, headers=KEY) for _ in range(2))
    assert (again.status, again.json["expires_at"]) == (200, first.json["expires_at"])
    other = api.call("POST", f"/instances/{ID}/extend", {"hours": 3}, headers=KEY)
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


def test_an_extension_needs_a_key(api: Api) -> None:
    """Without an Idempotency-Key an extension is 400, since a repeat would add hours twice."""
    api.put()
    assert api.call("POST", f"/instances/{ID}/extend", {"hours": 2}).json["code"] == "idempotency_key_required"


@pytest.mark.parametrize("hours", [0, -1, 1.5, "2", True, None, 73])
def test_bad_hours_do_not_extend(api: Api, hours: object) -> None:
    """Lines 102 and 103: hours out of bounds are 422."""
    api.put()
    assert api.call("POST", f"/instances/{ID}/extend", {"hours": hours}, headers=KEY).status == 422


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"status": Status.INSTALLING, "expires_at": None}, 409, "not_running"),
        ({"status": Status.DELETING}, 409, "deleting"),
        ({"status": Status.DELETED, "ended_at": START}, 410, "gone"),
        ({"expires_at": START + 167 * HOUR}, 409, "limit"),
    ],
)
def test_what_cannot_be_extended_says_why(api: Api, changes: dict[str, Any], status: int, code: str) -> None:
    """Lines 104, 105, 109: too early, too late and too much are told apart; a limit says what is left."""
    api.put(**changes)
    answer = api.call("POST", f"/instances/{ID}/extend", {"hours": 2}, headers=KEY)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert ("left" in answer.json) == (code == "limit")


def test_an_end_is_accepted_until_it_is_done(api: Api) -> None:
    """Lines 111, 113, 115: 202 while deleting however often it is asked, a body and an override header are ignored."""
    mine = api.put()
    headers = {"X-HTTP-Method-Override": "GET"}
    answers = [
        api.call("DELETE", f"/instances/{ID}", body, token=api.manage_token(mine), headers=headers)
        for body in (None, {"a": 1}, b"\xff")
    ]
    assert [(answer.status, answer.json["status"]) for answer in answers] == [(202, "deleting")] * 3
    assert answers[0].json["end_reason"] == "released"
    assert answers[0].headers["location"].endswith(f"/instances/{ID}")


def test_the_end_of_what_is_gone_is_200(api: Api) -> None:
    """Line 111: an instance that is gone answers 200."""
    api.put(status=Status.DELETED, ended_at=START, end_reason=EndReason.EXPIRED)
    answer = api.call("DELETE", f"/instances/{ID}")
    assert (answer.status, answer.json["status"]) == (200, "deleted")


def test_an_instance_can_be_ended_while_it_is_made(api: Api) -> None:
    """Line 114: an end during the build is accepted."""
    api.put(status=Status.INSTALLING, running_at=None, expires_at=None, wish=Wish(hours=1))
    assert api.call("DELETE", f"/instances/{ID}").status == 202


def test_a_store_that_does_not_answer_is_503(api: Api) -> None:
    """When the table fails, the caller learns that it is not their fault, and nothing of our insides."""
    api.put()
    api.table.fail_next(StoreUnavailable("disk of box 7 is full"))
    answer = api.call("GET", f"/instances/{ID}")
    assert (answer.status, answer.json["code"]) == (503, "store_unavailable")
    assert "box 7" not in answer.text
    assert int(answer.headers["retry-after"]) > 0


def test_a_bug_is_500_without_detail() -> None:
    """An error that nobody foresaw is 500 with the request's id and not a word of the error."""
    keyring = FakeKeyring(OPERATOR)
    api = make_api(keyring=keyring)
    keyring.fail_next(ZeroDivisionError("secret words"))
    answer = api.call("GET", "/instances")
    assert (answer.status, answer.json["code"]) == (500, "internal")
    assert "secret words" not in answer.text
    assert answer.json["request_id"] == answer.headers["x-request-id"]
