"""`ccc confirm --wait`: from the mail's link to a machine that runs; the token is told whatever ends the waiting."""

from __future__ import annotations

import json
import signal

import pytest

from tests.unit.ccc.command_line import finished, start
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.guest_service import SIGNED_UP, GuestService
from tests.unit.ccc.service import FAILED, INSTALLING, RUNNING, TOKEN, Reply


@pytest.fixture(autouse=True)
def guest(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a person who has the mail and no token; also set for this process."""
    monkeypatch.delenv("CCC_TOKEN")
    return {name: value for name, value in environment.items() if name != "CCC_TOKEN"}


def test_wait(ccc: Ccc, service: GuestService) -> None:
    """--wait tells the link first, goes on with the new token, and ends as provision does."""
    link = service.confirm_link()
    service.plan = [INSTALLING, RUNNING]
    done = ccc("confirm", link, "--wait")
    token = service.manage_tokens[SIGNED_UP]
    assert done.code == 0
    assert done.out.splitlines()[:3] == [
        f"Manage link: {service.page(SIGNED_UP)}",
        f"Instance ID: {SIGNED_UP}",
        "SSH command: ssh -p 2222 claude@127.0.0.9",
    ]
    assert done.err.splitlines()[:2] == [
        f"Instance ID: {SIGNED_UP}",
        f"For the commands below: export CCC_TOKEN={token}",
    ]
    looks = [one for one in service.asked if one.method == "GET"]
    assert {one.headers["authorization"] for one in looks} == {f"Bearer {token}"}


def test_wait_as_json(ccc: Ccc, service: GuestService) -> None:
    """The one document is the machine as it runs, with the token that no look shows."""
    link = service.confirm_link()
    service.plan = [RUNNING]
    done = ccc("confirm", link, "--wait", "--output", "json")
    document = json.loads(done.out)
    assert (document["status"], document["manage_token"]) == ("running", service.manage_tokens[SIGNED_UP])
    assert service.manage_tokens[SIGNED_UP] not in done.err


def test_4_nothing_to_wait_with(ccc: Ccc, service: GuestService) -> None:
    """Confirmed before, the token is not told again: --wait tells the id, and cannot say that the machine runs."""
    link = service.confirm_link()
    ccc("confirm", link)
    done = ccc("confirm", link, "--wait")
    assert done.code == 4
    assert done.out == f"Instance ID: {SIGNED_UP}\n"
    assert f"Next: CCC_TOKEN=TOKEN ccc wait {SIGNED_UP}" in done.err


def test_a_second_time_waits_with_a_token_that_is_known(
    ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose token is known from elsewhere waits the second time too."""
    link = service.confirm_link()
    ccc("confirm", link)
    monkeypatch.setenv("CCC_TOKEN", TOKEN)
    service.plan = [RUNNING]
    done = ccc("confirm", link, "--wait")
    assert done.code == 0
    assert "SSH command: ssh -p 2222 claude@127.0.0.9" in done.out
    assert TOKEN not in done.out + done.err


def test_1_when_it_fails(ccc: Ccc, service: GuestService) -> None:
    """A machine that fails while one waits is exit code 1, with the cause."""
    link = service.confirm_link()
    service.plan = [FAILED]
    done = ccc("confirm", link, "--wait")
    assert done.code == 1
    assert "The machine never answered." in done.err


def test_6_waited_too_long(ccc: Ccc, service: GuestService) -> None:
    """When the time is over first, the token is in the one document all the same."""
    done = ccc("confirm", service.confirm_link(), "--wait", "--timeout", "0.05", "--output", "json")
    assert done.code == 6
    document = json.loads(done.out)
    assert (document["status"], document["manage_token"]) == ("requested", service.manage_tokens[SIGNED_UP])


def test_7_while_waiting_keeps_the_token(ccc: Ccc, service: GuestService) -> None:
    """A service that goes away for good right after the confirmation does not take the token with it."""
    link = service.confirm_link()
    original = service.answer
    service.answer = lambda asked: Reply(status=0, cut=True) if asked.method == "GET" else original(asked)  # type: ignore[method-assign]  # every look meets a service that hangs up
    done = ccc("confirm", link, "--wait", "--output", "json")
    assert done.code == 7
    assert json.loads(done.out)["manage_token"] == service.manage_tokens[SIGNED_UP]


@pytest.mark.parametrize("form", ["text", "json"])
def test_130_while_waiting(guest: dict[str, str], service: GuestService, form: str) -> None:
    """Ctrl-C leaves the machine, and the token has been told by then or is told now."""
    process = start(guest, "confirm", service.confirm_link(), "--wait", "--output", form)
    assert process.stderr
    while "] requested" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert done.code == 130
    assert service.manage_tokens[SIGNED_UP] in done.out
    assert f"Next: ccc status {SIGNED_UP} --watch" in done.err
