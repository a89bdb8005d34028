"""While nobody knows the service's own address nothing is done whose answer could not be given, and ends are."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import PublicUrlUnknown
from chalicelib.domain.instance import EndReason, Failure, Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from tests.unit.api.world import ID, Api, make_api, public_key

UNKNOWN = "public_url_unknown"


def nobody_knows() -> str:
    """The address that nobody has told."""
    raise PublicUrlUnknown("Nobody has told it.")


@pytest.fixture
def api() -> Api:
    """A service without an address; every change of an instance can be seen in `items`."""
    return make_api(find_url=nobody_knows)


def items(api: Api) -> dict[str, Any]:
    """All that is stored, but for counts of requests."""
    return {key: item for key, item in api.table._items.items() if not key.startswith("rate#")}


def wish() -> dict[str, Any]:
    """What somebody orders."""
    return {"email": "guest@example.com", "ssh_public_key": public_key(), "hours": 1}


@pytest.mark.parametrize("operator", [True, False])
def test_no_order_and_no_wish_is_kept(api: Api, operator: bool) -> None:
    """Whoever is told 503 and asks again has not ordered twice."""
    before = items(api)
    headers = {} if operator else {"Idempotency-Key": "once-and-no-more"}
    answer = api.call("POST", "/instances", wish(), headers=headers, **({} if operator else {"token": None}))
    assert (answer.status, answer.json["code"]) == (503, UNKNOWN)
    assert items(api) == before


@pytest.mark.parametrize("verb", ["extend", "rotate-token"])
def test_a_running_machine_stays_as_it_is(api: Api, verb: str) -> None:
    """No hour is added that nobody was told of, and no token is changed for one that nobody was given."""
    row = api.put()
    before, token = items(api), api.manage_token(row)
    body = {"hours": 1} if verb == "extend" else None
    answer = api.call("POST", f"/instances/{ID}/{verb}", body, headers={"Idempotency-Key": "once-and-no-more"})
    assert (answer.status, answer.json["code"]) == (503, UNKNOWN)
    assert items(api) == before
    assert api.call("GET", f"/instances/{ID}", token=token).json["code"] == UNKNOWN, "its token is still good"


def test_a_wish_stays_unconfirmed(api: Api) -> None:
    """The link of the mail can be followed later."""
    row = api.put(
        status=Status.UNCONFIRMED, requested_at=None, machine=None, choice=None, build=None, host_key=None,
        running_at=None, expires_at=None, by_operator=False,
    )  # fmt: skip
    before = items(api)
    token = secrets_of.token(api.services, row, Purpose.CONFIRM)
    answer = api.call("POST", f"/instances/{ID}/confirm", token=token)
    assert (answer.status, answer.json["code"]) == (503, UNKNOWN)
    assert items(api) == before


def test_a_failed_machine_is_not_tried_again(api: Api) -> None:
    """No second row is made of a failed one."""
    api.put(
        status=Status.FAILED, end_reason=EndReason.FAILED, machine=None,
        failure=Failure(code="stock", message="None.", hint="Later."),
    )  # fmt: skip
    before = items(api)
    answer = api.call("POST", f"/instances/{ID}/retry")
    assert (answer.status, answer.json["code"]) == (503, UNKNOWN)
    assert items(api) == before


def test_no_run_is_asked_for(api: Api) -> None:
    """A run whose address could not be told is not begun."""
    before = items(api)
    assert api.call("POST", "/reap", {"dry_run": True}).json["code"] == UNKNOWN
    assert items(api) == before


def test_an_end_waits_for_no_address(api: Api) -> None:
    """A machine that costs money is ended, and the answer's links are relative."""
    api.put()
    answer = api.call("DELETE", f"/instances/{ID}")
    assert answer.status == 202
    assert (answer.json["status"], answer.headers["location"]) == ("deleting", f"/instances/{ID}")
