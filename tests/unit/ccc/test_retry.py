"""`ccc retry`: what failed is ordered again, and whoever asked can follow the new machine."""

from __future__ import annotations

import json
import signal
import socket

import pytest

from tests.unit.ccc.command_line import finished, start
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.guest_service import RETRIED, GuestService, fresh_token
from tests.unit.ccc.service import FAILED, INSTALLING, RUNNING, TOKEN, Reply, instance, problem

ID = "0123456789ab"


@pytest.fixture
def owner(environment: dict[str, str], service: GuestService, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a person whose machine failed; also set for this process."""
    token = service.add_owned(instance(ID, **FAILED))
    monkeypatch.setenv("CCC_TOKEN", token)
    return {**environment, "CCC_TOKEN": token}


def test_the_owner_waits_with_the_new_token(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """The new id comes first, then the new link; the looks carry the new token, and it ends as provision does."""
    service.plan = [INSTALLING, RUNNING]
    done = ccc("retry", ID)
    assert done.code == 0
    assert done.err.splitlines()[0] == f"Instance ID: {RETRIED}"
    assert f"For the commands below: export CCC_TOKEN={service.manage_tokens[RETRIED]}" in done.err.splitlines()
    assert done.out.splitlines()[:3] == [
        f"Manage link: {service.page(RETRIED)}",
        f"Instance ID: {RETRIED}",
        "SSH command: ssh -p 2222 claude@127.0.0.9",
    ]
    bearers = [one.headers["authorization"].removeprefix("Bearer ") for one in service.asked]
    assert bearers[0] == owner["CCC_TOKEN"]
    assert set(bearers[1:]) == {service.manage_tokens[RETRIED]}


def test_an_operator_goes_on_with_the_same_token(ccc: Ccc, service: GuestService) -> None:
    """An operator's token opens the new machine as well; it is told nowhere, and nothing is to be exported."""
    service.add(instance(ID, **FAILED))
    service.plan = [RUNNING]
    done = ccc("retry", ID)
    assert done.code == 0
    assert {one.headers["authorization"] for one in service.asked} == {f"Bearer {TOKEN}"}
    assert TOKEN not in done.out + done.err
    assert "export" not in done.err
    assert f"Manage link: {service.page(RETRIED)}" in done.out.splitlines()


def test_no_wait(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """--no-wait sends one request and says how to follow the new machine with its own token."""
    done = ccc("retry", ID, "--no-wait")
    assert done.code == 0
    assert done.out.splitlines() == [
        f"Instance ID: {RETRIED}",
        "Status: requested",
        f"Manage link: {service.page(RETRIED)}",
    ]
    assert f"Next: CCC_TOKEN={service.manage_tokens[RETRIED]} ccc status {RETRIED}" in done.err.splitlines()
    assert service.methods() == [f"POST /instances/{ID}/retry"]


def test_no_wait_for_an_operator(ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator's token is not shown for the next command, also where it was typed as an option."""
    service.add(instance(ID, **FAILED))
    monkeypatch.delenv("CCC_TOKEN")
    done = ccc("--token", TOKEN, "retry", ID, "--no-wait")
    assert f"Next: ccc status {RETRIED}" in done.err.splitlines()
    assert TOKEN not in done.out + done.err


@pytest.mark.parametrize("words", [["--no-wait"], []])
def test_json(owner: dict[str, str], ccc: Ccc, service: GuestService, words: list[str]) -> None:
    """With --output json stdout holds the new object and its token, and stderr no token."""
    service.plan = [RUNNING]
    done = ccc("retry", ID, "--output", "json", *words)
    document = json.loads(done.out)
    assert (document["id"], document["status"]) == (RETRIED, "requested" if words else "running")
    assert document["manage_token"] == service.manage_tokens[RETRIED]
    assert document["manage_token"] not in done.err


def test_a_lost_answer_is_asked_for_again(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """The service makes one machine of it however often it is asked, so a lost answer is no failure."""
    service.reply_next(Reply(status=0, cut=True))
    assert ccc("retry", ID, "--no-wait").code == 0
    assert service.methods() == [f"POST /instances/{ID}/retry"] * 2


def test_1_when_it_fails_again(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """A second failure is exit code 1, with the log of the new machine as the next thing to read."""
    service.plan = [FAILED]
    done = ccc("retry", ID)
    assert done.code == 1
    assert f"Next: ccc logs {RETRIED}" in done.err


def test_2_without_an_id(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """A forgotten id is exit code 2, unsent."""
    assert ccc("retry").code == 2
    assert service.asked == []


def test_3_not_yours(ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine's token is exit code 3, and the hint is about the token, since the list is the operator's."""
    service.add_owned(instance(ID, **FAILED))
    monkeypatch.setenv("CCC_TOKEN", fresh_token("manage"))
    done = ccc("retry", ID)
    assert done.code == 3
    assert "Next: ccc context show" in done.err


def test_4_without_a_token(ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any token there is exit code 4, unsent."""
    monkeypatch.delenv("CCC_TOKEN")
    assert ccc("retry", ID).code == 4
    assert service.asked == []


def test_5_not_failed(ccc: Ccc, service: GuestService) -> None:
    """What has not failed is not ordered again: exit code 5, and how to see its state."""
    service.add(instance(ID, **RUNNING))
    done = ccc("retry", ID)
    assert done.code == 5
    assert f"Next: ccc status {ID}" in done.err


def test_5_the_limit_of_a_guest(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """A cap is exit code 5, and does not send a guest to the operator's list."""
    service.reply_next(problem(409, "limit", "You have a machine already."))
    done = ccc("retry", ID)
    assert done.code == 5
    assert "Next:" not in done.err


def test_6_waited_too_long(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """When the time is over first, the exit code is 6 and the new token has been told."""
    done = ccc("retry", ID, "--timeout", "0.05")
    assert done.code == 6
    assert service.page(RETRIED) in done.out
    assert f"Next: ccc wait {RETRIED}" in done.err


def test_7_unreachable(owner: dict[str, str], ccc: Ccc) -> None:
    """Where nothing listens the exit code is 7."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert ccc("--url", f"http://127.0.0.1:{closed.getsockname()[1]}", "retry", ID).code == 7


@pytest.mark.parametrize(("token", "looking"), [("owner", f"ccc status {ID}"), ("operator", "ccc list")])
def test_130_while_ordering(owner: dict[str, str], service: GuestService, token: str, looking: str) -> None:
    """Ctrl-C before the answer came says that the order may have been taken, and where the caller can look."""
    service.reply_next(Reply(status=202, after_seconds=3))
    chosen = {**owner, "CCC_TOKEN": TOKEN} if token == "operator" else owner
    process = start(chosen, "retry", ID)
    service.until_asked()
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert done.code == 130
    assert "may have been taken" in done.err
    assert f"Next: {looking}" in done.err.splitlines()
