"""`ccc provision` without a token: a guest's signup, which a mail answers."""

from __future__ import annotations

import json
import signal

import pytest

from tests.unit.ccc.command_line import finished, fresh_public_key, on_terminal, start
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.guest_service import SIGNED_UP, GuestService, fresh_token
from tests.unit.ccc.service import Reply, problem

MAIL = "guest@example.org"


@pytest.fixture
def guest(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a person who has no token; also set for this process."""
    monkeypatch.delenv("CCC_TOKEN")
    return {name: value for name, value in environment.items() if name != "CCC_TOKEN"}


def test_what_a_guest_reads(guest: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """The id, where the mail goes, that nothing is bought yet, and how to confirm; and it does not wait."""
    done = ccc("provision", MAIL, fresh_public_key(), "4")
    assert done.code == 0
    assert done.out.splitlines() == [f"Instance ID: {SIGNED_UP}", "Status: unconfirmed"]
    assert done.err.splitlines() == [
        f"A mail with a link is on its way to {MAIL}. Nothing is bought before you confirm it there.",
        "Next: ccc confirm LINK    (or open the link in a browser)",
    ]
    assert service.methods() == ["POST /instances"]


def test_what_a_guest_sends(guest: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """The wishes travel without any token and under a key, so that a lost answer does not sign up twice."""
    service.reply_next(Reply(status=0, cut=True))
    key = fresh_public_key()
    assert ccc("provision", MAIL, key, "4").code == 0
    assert [one.body for one in service.asked] == [{"email": MAIL, "ssh_public_key": key, "hours": 4}] * 2
    assert len({one.headers["idempotency-key"] for one in service.asked}) == 1
    assert not any("authorization" in one.headers for one in service.asked)


def test_json(guest: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """With --output json stdout holds the object as served, and the sentence stands beside it."""
    done = ccc("provision", MAIL, fresh_public_key(), "--output", "json")
    assert json.loads(done.out) == service.instances[SIGNED_UP]
    assert "manage_token" not in done.out
    assert "on its way" in done.err


def test_on_a_terminal_nothing_is_asked(guest: dict[str, str], service: GuestService) -> None:
    """A person at a terminal reads the same and is asked nothing."""
    code, screen = on_terminal(guest, "provision", MAIL, fresh_public_key())
    assert code == 0
    assert screen.splitlines()[0] == f"Instance ID: {SIGNED_UP}"
    assert len(service.asked) == 1


def test_a_manage_token_orders_nothing(ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has the token of one machine signs up for the next like anyone; the token stays here, and that is said."""
    monkeypatch.setenv("CCC_TOKEN", fresh_token("manage"))
    done = ccc("provision", MAIL, fresh_public_key())
    assert done.code == 0
    assert "this is a guest's signup" in done.err
    assert "Status: unconfirmed" in done.out
    assert "authorization" not in service.asked[0].headers


def test_4_where_strangers_are_not_let_in(guest: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """A closed signup is exit code 4 with the service's sentence and what a token would be given to."""
    service.signup_open = False
    done = ccc("provision", MAIL, fresh_public_key())
    assert (done.code, done.out) == (4, "")
    assert "Error: Strangers may not sign up here." in done.err.splitlines()
    assert "Next: ccc context add NAME --url URL --token TOKEN" in done.err


@pytest.mark.parametrize(
    ("header", "words"),
    [("90", "Try again in 1 min 30 s."), ("3600", "Try again in 1 h."), ("Mon, 23 Nov 2026 12:00:00 GMT", None)],
)
def test_5_too_many_requests(
    guest: dict[str, str], ccc: Ccc, service: GuestService, header: str, words: str | None
) -> None:
    """One who asks too often is told when to come back, exit code 5; the service is not asked again."""
    refused = problem(429, "too_many_requests", "Too many signups from here.")
    service.reply_next(Reply(status=429, document=refused.document, headers={**refused.headers, "Retry-After": header}))
    done = ccc("provision", MAIL, fresh_public_key())
    assert done.code == 5
    assert [line.strip() for line in done.err.splitlines() if "Try again" in line] == ([words] if words else [])
    assert len(service.asked) == 1


def test_a_guest_is_not_sent_to_the_list(guest: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """The list is the operator's: a full house suggests it to nobody else."""
    service.reply_next(problem(503, "limit", "No machine is free at the moment."))
    done = ccc("provision", MAIL, fresh_public_key())
    assert done.code == 5
    assert "ccc list" not in done.err


@pytest.mark.parametrize("words", [["provision", MAIL, "KEY"], ["types"], ["confirm", SIGNED_UP, "proof"]])
def test_2_without_any_address(
    guest: dict[str, str], ccc: Ccc, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """What needs no token still needs an address: exit code 2 says so without asking for a token."""
    monkeypatch.delenv("CCC_URL")
    done = ccc(*[fresh_public_key() if word == "KEY" else word for word in words])
    assert done.code == 2
    assert "give --url or CCC_URL; this needs no token." in done.err


def test_130_while_signing_up(guest: dict[str, str], service: GuestService) -> None:
    """Ctrl-C before the answer came says what tells whether the signup was taken."""
    service.reply_next(Reply(status=202, after_seconds=3))
    process = start(guest, "provision", MAIL, fresh_public_key())
    service.until_asked()
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert (done.code, done.err) == (130, "Interrupted while signing up: if it was taken, a mail comes.\n")
