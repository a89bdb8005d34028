"""Every guard against strangers and against ourselves, on each of the ways to a new machine.

A stranger comes by JSON or by form, and says yes by JSON or on the page; an operator orders. Each guard names what all
five are answered. Operators are exempt from what limits one person or one source, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.breaker import BreakerState
from chalicelib.domain.build import Cause
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import LimitReached
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.limits import CREATES
from chalicelib.domain.signup import SignupKind, SignupPolicy
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from chalicelib.operations.exclusion import exclude
from chalicelib.operations.new_row import owner_of
from chalicelib.operations.save import LIVE, save
from tests.architecture.source import ROOT
from tests.fakes.clock import START
from tests.unit.api.world import Answer, Api, public_key
from tests.unit.web.pages.shop import all_instances, confirm_path, open_api, send, typed, wish

ADDRESS = "guest@example.com"
OTHER = "other@example.net"
WAYS = ("signup", "form", "confirm", "page", "operator")
TAKEN = (202, 202, 200, 200, 202)
NEVER = (503, 503, 503, 503, 503)
"""What limits all, operators too: the service's trouble, so come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What is set, what has happened before, and what each of the ways is then answered; `code` is the refusals'."""

    answers: tuple[int, int, int, int, int]
    code: str | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    before: Callable[[Api], object] = lambda _: None
    address: str = ADDRESS
    website: str = ""
    makes_nothing: frozenset[str] = frozenset()


def _order(api: Api, address: str = OTHER) -> None:
    answer = api.call("POST", "/instances", {"email": address, "ssh_public_key": public_key(), "hours": 1})
    assert answer.status == 202, answer.text


def _has_a_machine(api: Api) -> None:
    """The same person, spelt otherwise, has confirmed before."""
    row = wish(api, id="f" * 12, owner=owner_of(api.services, EmailAddress(value="Guest+1@example.com")))
    token = secrets_of.token(api.services, row, Purpose.CONFIRM)
    assert api.call("POST", f"/instances/{row.id}/confirm", token=token).status == 200


def _asked_often(api: Api) -> None:
    for _ in range(2):
        api.call("POST", "/instances", {"email": "nonsense"}, token=None)


def _opened(api: Api) -> None:
    state = BreakerState(cause=Cause.DISK, count=3, since=START, counted=("a", "b", "c"))
    api.services.breaker.write(state, api.services.breaker.get())


def _made_enough(api: Api) -> None:
    api.services.instances.add(CREATES.key(api.clock.now()), 5, cap=None, expires_at=None)


GUARDS = {
    "none": Guard(answers=TAKEN),
    "live": Guard(answers=NEVER, code="limit", limits={"max_live": 1}, before=_order),
    "spend": Guard(answers=NEVER, code="limit", limits={"max_monthly_eur": Decimal("0.01")}),
    "creates": Guard(answers=NEVER, code="limit", limits={"max_creates_per_hour": 5}, before=_made_enough),
    "pause": Guard(answers=NEVER, code="paused", before=lambda api: api.call("POST", "/operator/pause")),
    "breaker": Guard(answers=NEVER, code="paused", before=_opened),
    "owner": Guard(answers=(202, 202, 409, 409, 202), code="limit", before=_has_a_machine),
    "requests of a source": Guard(
        answers=(429, 429, 200, 200, 202), code="too_many_requests", limits={"per_source": 2}, before=_asked_often
    ),
    "closed": Guard(
        answers=(403, 403, 403, 403, 202), code="signup_closed", limits={"signup": SignupPolicy(kind=SignupKind.CLOSED)}
    ),
    "allow-list": Guard(
        answers=(403, 403, 403, 403, 202),
        code="signup_closed",
        limits={"signup": SignupPolicy(kind=SignupKind.ALLOWLIST, domains=("example.org",))},
    ),
    "shut out": Guard(
        answers=(202, 202, 403, 403, 202),
        code="signup_closed",
        before=lambda api: exclude(api.services, EmailAddress(value="GUEST+x@example.com")),
        makes_nothing=frozenset({"signup", "form"}),
    ),
    "throw-away": Guard(answers=(422, 422, 200, 200, 202), code="invalid_input", address="guest@mailinator.com"),
    "honeypot": Guard(
        answers=(202, 202, 200, 200, 202), website="https://example.org", makes_nothing=frozenset({"signup", "form"})
    ),
}


def _wish(api: Api) -> Instance:
    """A wish from before the guard was there."""
    return wish(api, owner=owner_of(api.services, EmailAddress(value=ADDRESS)))


def _go(api: Api, way: str, guard: Guard, wished: Instance) -> Answer:
    """Take one of the ways."""
    fields = typed(email=guard.address, website=guard.website)
    body = {"email": guard.address, "ssh_public_key": fields["ssh_public_key"], "hours": 24}
    match way:
        case "signup":
            return api.call("POST", "/instances", {**body, "website": guard.website}, token=None)
        case "form":
            return send(api, fields)
        case "confirm":
            token = secrets_of.token(api.services, wished, Purpose.CONFIRM)
            return api.call("POST", f"/instances/{wished.id}/confirm", token=token)
        case "page":
            return send(api, {}, confirm_path(api, wished))
        case _:
            return api.call("POST", "/instances", body)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", GUARDS)
def test_every_guard_stands_on_every_way(name: str, way: str) -> None:
    """The answer is the guard's; what is refused, or taken for a robot's, makes no row and reserves nothing."""
    guard = GUARDS[name]
    api = open_api(limits=guard.limits)
    wished = _wish(api)
    guard.before(api)
    rows, counted = len(all_instances(api)), _reserved(api)
    answer = _go(api, way, guard, wished)
    assert answer.status == guard.answers[WAYS.index(way)], answer.text
    if answer.status >= 400:
        assert answer.headers["content-type"].startswith("text/html" if way in {"form", "page"} else "application/")
        assert way in {"form", "page"} or answer.json["code"] == guard.code
    if answer.status >= 400 or way in guard.makes_nothing:
        assert (len(all_instances(api)), _reserved(api)) == (rows, counted)
    else:
        assert (len(all_instances(api)), _reserved(api)) != (rows, counted)


def _reserved(api: Api) -> dict[str, int]:
    """What is counted of machines, money and quota."""
    keys = [key for key in api.table._counters if key == LIVE or key.partition("#")[0] in {"spend", "quota"}]
    return {key: value for key, value in api.services.instances.counters(keys).items() if value} if keys else {}


def test_operators_are_exempt_from_exactly_what_limits_one_person_or_one_source() -> None:
    """Of all guards, those that refuse a stranger's confirmation and not an operator are about who asks alone."""
    exempt = {name for name, guard in GUARDS.items() if guard.answers[4] == 202 and guard.answers[:4] != TAKEN[:4]}
    assert exempt == {"owner", "requests of a source", "closed", "allow-list", "shut out", "throw-away"}
    assert {name for name, guard in GUARDS.items() if guard.answers[4] != 202} == {
        "live",
        "spend",
        "creates",
        "pause",
        "breaker",
    }


@pytest.mark.parametrize("way", ["signup", "form"])
def test_signups_taken_from_one_source_are_limited_too(way: str) -> None:
    """With one an hour the second is refused for about that long, with the time to wait; another source is not."""
    api = open_api(limits={"per_source": 1})
    wished = _wish(api)
    first = {"email": OTHER, "ssh_public_key": public_key(), "hours": 1}
    assert api.call("POST", "/instances", first, token=None).status == 202
    api.clock.advance(timedelta(minutes=2))
    refused = _go(api, way, GUARDS["none"], wished)
    assert (refused.status, int(refused.headers["retry-after"])) == (429, 68 * 60)
    elsewhere = api.call("POST", "/instances", {**first, "email": ADDRESS}, token=None, source="198.51.100.1")
    assert elsewhere.status == 202


@pytest.mark.parametrize("way", ["signup", "form"])
def test_one_address_is_written_to_so_often_a_day(way: str) -> None:
    """After five mails a signup is answered as ever, and the mailbox stays quiet until tomorrow."""
    api = open_api()
    for number in range(7):
        fields = typed(email=f"guest+{number}@example.com", idempotency_key=f"form-{number}")
        body = {name: fields[name] for name in ("email", "ssh_public_key")}
        if way == "signup":
            assert api.call("POST", "/instances", {**body, "hours": 1}, token=None).status == 202
        else:
            assert send(api, fields).status == 202
    owing = [row for row in all_instances(api) if row.notices]
    assert (len(all_instances(api)), len(owing)) == (7, 5)


def test_a_cap_stands_in_the_write_itself() -> None:
    """Whoever passes the question and is second at the write is refused all the same."""
    api = open_api(limits={"max_live": 1})
    row = wish(api)
    _order(api)
    with pytest.raises(LimitReached):
        save(api.services, replace(row, status=Status.REQUESTED), before=row)


def test_the_docs_tell_every_guard() -> None:
    """The table for operators has a row for each, and says of each whether operators are exempt as it is here."""
    page = (ROOT / "docs" / "guards.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.split("| guard |")[1].split("\n\n")[0].splitlines()[2:]]
    told = {row[1].strip(): row[5].strip() for row in rows}
    assert set(told) == set(GUARDS) - {"none"}
    assert {name for name, exempt in told.items() if exempt == "not exempt"} == {
        name for name, guard in GUARDS.items() if guard.answers[4] != 202
    }
