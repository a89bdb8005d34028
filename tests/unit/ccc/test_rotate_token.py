"""`ccc rotate-token`: a new link, the old ones dead, and what to change where the old token was kept."""

from __future__ import annotations

import json
import shlex
import signal
import socket

import pytest

from ccc.contexts import load_contexts, save_context
from tests.unit.ccc.command_line import finished, start
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.guest_service import GuestService
from tests.unit.ccc.service import RUNNING, TOKEN, Reply, instance, problem

ID = "0123456789ab"


@pytest.fixture
def owner(environment: dict[str, str], service: GuestService, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a person who has the manage token of a machine; also set for this process."""
    token = service.add_owned(instance(ID, **RUNNING))
    monkeypatch.setenv("CCC_TOKEN", token)
    return {**environment, "CCC_TOKEN": token}


def test_the_new_link(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """The new link is on stdout, the old token opens nothing, and the next command carries the new one."""
    done = ccc("rotate-token", ID)
    new = service.manage_tokens[ID]
    assert done.code == 0
    assert new != owner["CCC_TOKEN"]
    assert done.out.splitlines() == [f"Instance ID: {ID}", f"Manage link: {service.page(ID)}"]
    assert done.err.splitlines() == [
        "The old links and tokens of this machine are dead.",
        f"Next: CCC_TOKEN={new} ccc status {ID}",
    ]
    assert ccc("status", ID).code == 3


def test_a_saved_token_is_replaced_by_the_command_that_is_told(
    owner: dict[str, str], ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a context holds the dead token, the suggested command stores the new one under the same name."""
    save_context("mine", service.url, owner["CCC_TOKEN"])
    save_context("other", service.url, "another-token")
    monkeypatch.delenv("CCC_URL")
    monkeypatch.delenv("CCC_TOKEN")
    [suggestion] = [line for line in ccc("rotate-token", ID).err.splitlines() if "ccc context add" in line]
    assert ccc(*shlex.split(suggestion.removeprefix("Next: ccc "))).code == 0
    known = load_contexts()
    assert (known.current, known.by_name["mine"].token) == ("mine", service.manage_tokens[ID])
    assert known.by_name["other"].token == "another-token"
    assert ccc("status", ID).code == 0


def test_an_operators_token_lives_on(ccc: Ccc, service: GuestService) -> None:
    """An operator makes a link for somebody else: nothing of the operator's own is to be changed."""
    service.add(instance(ID, **RUNNING))
    save_context("mine", service.url, TOKEN)
    done = ccc("rotate-token", ID)
    assert done.code == 0
    assert f"Manage link: {service.page(ID)}" in done.out.splitlines()
    assert "Next:" not in done.err
    assert TOKEN not in done.out + done.err


def test_json(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """With --output json the answer is passed on as it is."""
    document = json.loads(ccc("rotate-token", ID, "--output", "json").out)
    assert document == {**service.instances[ID], "manage_token": service.manage_tokens[ID]}


def test_it_is_asked_once(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """A lost answer is not asked for again: the token in use may be dead by then."""
    service.reply_next(Reply(status=0, cut=True))
    assert ccc("rotate-token", ID).code == 7
    assert len(service.asked) == 1


def test_1_without_a_token_in_the_answer(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """An answer that does not tell the new token is an error in words."""
    service.reply_next(Reply(status=200, document=service.instances[ID]))
    done = ccc("rotate-token", ID)
    assert (done.code, done.out) == (1, "")
    assert "did not tell it" in done.err


def test_2_without_an_id(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """A forgotten id is exit code 2, unsent."""
    assert ccc("rotate-token").code == 2
    assert service.asked == []


def test_3_unknown(ccc: Ccc) -> None:
    """An unknown id is exit code 3."""
    assert ccc("rotate-token", "ffffffffffff").code == 3


def test_4_without_a_token(ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any token there is exit code 4, unsent."""
    monkeypatch.delenv("CCC_TOKEN")
    assert ccc("rotate-token", ID).code == 4
    assert service.asked == []


def test_5_in_the_way(owner: dict[str, str], ccc: Ccc, service: GuestService) -> None:
    """What stands in the way is exit code 5, and no link is printed."""
    service.reply_next(problem(409, "conflict", "Somebody else changed it at the same moment."))
    done = ccc("rotate-token", ID)
    assert (done.code, done.out) == (5, "")


def test_7_unreachable(owner: dict[str, str], ccc: Ccc) -> None:
    """Where nothing listens the exit code is 7."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert ccc("--url", f"http://127.0.0.1:{closed.getsockname()[1]}", "rotate-token", ID).code == 7


def test_130_while_asking(owner: dict[str, str], service: GuestService) -> None:
    """Ctrl-C before the answer came says that the old token may be dead."""
    service.reply_next(Reply(status=200, after_seconds=3))
    process = start(owner, "rotate-token", ID)
    service.until_asked()
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert done.code == 130
    assert "the old token may be dead" in done.err
