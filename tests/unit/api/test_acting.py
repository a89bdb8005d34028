"""Whose deed it is, by the token that was shown: every route that changes something leaves its caller's entry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.audit import Actor, Deed, Who
from chalicelib.domain.instance import Build, Failure, Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from tests.fakes.clock import START
from tests.fakes.services import LIMITS
from tests.unit.api.world import ID, NOT_YET, OPERATOR, Api, make_api, public_key

ORDER = {"email": "guest@example.com", "ssh_public_key": public_key(), "hours": 1}
AN_OPERATOR = Actor(who=Who.OPERATOR, token=Purpose.OPERATOR, name=hashlib.sha256(OPERATOR.encode()).hexdigest()[:8])
AN_OWNER = Actor(who=Who.OWNER, token=Purpose.MANAGE)
KEY: dict[str, str | list[str]] = {"Idempotency-Key": "k"}


def deeds(api: Api) -> list[tuple[Deed, Actor]]:
    """What was done today, newest first."""
    return [(entry.did, entry.actor) for entry in api.services.audit.of_day(START.date(), 99)]


def order(api: Api) -> None:
    """An operator orders."""
    api.call("POST", "/instances", ORDER)


def sign_up(api: Api) -> None:
    """A stranger signs up."""
    api.call("POST", "/instances", ORDER, token=None)


def confirm(api: Api) -> None:
    """Whoever holds the mailbox says yes."""
    row = api.put(**{**NOT_YET, "status": Status.UNCONFIRMED, "by_operator": False, "requested_at": None})
    api.call("POST", f"/instances/{ID}/confirm", token=secrets_of.token(api.services, row, Purpose.CONFIRM))


def confirm_on_the_page(api: Api) -> None:
    """They say yes on the page."""
    row = api.put(**{**NOT_YET, "status": Status.UNCONFIRMED, "by_operator": False, "requested_at": None})
    headers: dict[str, str | list[str]] = {
        "Origin": "https://ccc.example.org",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    path = f"/confirm/{ID}/{secrets_of.token(api.services, row, Purpose.CONFIRM)}"
    api.call("POST", path, b"", token=None, headers=headers)


def extend(api: Api) -> None:
    """The owner takes more time."""
    api.call("POST", f"/instances/{ID}/extend", {"hours": 1}, token=api.manage_token(api.put()), headers=KEY)


def extend_as_operator(api: Api) -> None:
    """An operator gives more time."""
    api.put()
    api.call("POST", f"/instances/{ID}/extend", {"hours": 1}, headers=KEY)


def extend_from_the_box(api: Api) -> None:
    """The machine takes more time."""
    token = secrets_of.token(api.services, api.put(), Purpose.BOX)
    api.call("POST", f"/instances/{ID}/box/extend", {"hours": 1}, token=token, headers=KEY)


def end(api: Api) -> None:
    """The owner ends it."""
    api.call("DELETE", f"/instances/{ID}", token=api.manage_token(api.put()))


def end_as_operator(api: Api) -> None:
    """An operator ends it."""
    api.put()
    api.call("DELETE", f"/instances/{ID}")


def rotate(api: Api) -> None:
    """The owner makes a new token."""
    api.call("POST", f"/instances/{ID}/rotate-token", token=api.manage_token(api.put()))


def retry(api: Api) -> None:
    """The owner tries a failed one again."""
    failure = Failure(code="stock", message="No.", hint="Wait.")
    row = api.put(**{**NOT_YET, "status": Status.FAILED, "ended_at": START, "failure": failure, "by_operator": False})
    api.call("POST", f"/instances/{ID}/retry", token=api.manage_token(row))


def _building(api: Api) -> Any:
    build = Build(attempt=1, started_at=START, reference="b")
    return api.put(status=Status.INSTALLING, running_at=None, expires_at=None, build=build)


def claim(api: Api) -> str:
    """A builder claims its order; its token."""
    code = secrets_of.token(api.services, _building(api), Purpose.CLAIM, 1)
    answer = api.call("POST", f"/builds/{ID}/1/claim", {"nonce": "0123456789abcdef"}, token=code)
    return str(answer.json["build_token"])


def report(api: Api) -> None:
    """A builder tells the outcome."""
    api.call("POST", f"/builds/{ID}/1/reports", {"outcome": "ready"}, token=claim(api))


def reap(api: Api) -> None:
    """An operator asks for a dry run."""
    api.call("POST", "/reap", {"dry_run": True})


@pytest.mark.parametrize(
    ("act", "did", "actor"),
    [
        (order, Deed.ORDERED, AN_OPERATOR),
        (sign_up, Deed.SIGNED_UP, Actor(who=Who.ANONYMOUS)),
        (confirm, Deed.CONFIRMED, Actor(who=Who.OWNER, token=Purpose.CONFIRM)),
        (confirm_on_the_page, Deed.CONFIRMED, Actor(who=Who.OWNER, token=Purpose.CONFIRM)),
        (extend, Deed.EXTENDED, AN_OWNER),
        (extend_as_operator, Deed.EXTENDED, AN_OPERATOR),
        (extend_from_the_box, Deed.EXTENDED, Actor(who=Who.BOX, token=Purpose.BOX)),
        (end, Deed.ENDED, AN_OWNER),
        (end_as_operator, Deed.ENDED, AN_OPERATOR),
        (rotate, Deed.TOKEN_ROTATED, AN_OWNER),
        (retry, Deed.ORDERED, AN_OWNER),
        (claim, Deed.BUILD_CLAIMED, Actor(who=Who.BUILDER, token=Purpose.CLAIM)),
        (report, Deed.BUILD_REPORTED, Actor(who=Who.BUILDER, token=Purpose.BUILD)),
        (reap, Deed.REAP_REQUESTED, AN_OPERATOR),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_change_is_its_callers(act: Callable[[Api], object], did: Deed, actor: Actor) -> None:
    """The newest entry names the deed and who did it, by which kind of token."""
    api = make_api(limits=replace(LIMITS, box_extend=True))
    act(api)
    assert deeds(api)[0] == (did, actor)


def test_what_is_refused_leaves_no_entry(api: Api) -> None:
    """A wrong token, a wrong body and a conflict change nothing, so there is nothing to keep."""
    api.put()
    api.call("DELETE", f"/instances/{ID}", token="ccc_manage_wrong")
    api.call("POST", f"/instances/{ID}/extend", {"hours": 0}, headers=KEY)
    api.call("POST", "/instances", {"email": "x"})
    api.call("POST", f"/instances/{ID}/retry")
    assert deeds(api) == []
