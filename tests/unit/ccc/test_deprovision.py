"""`ccc deprovision`: when it asks, when it does not, and what it says."""

from __future__ import annotations

import json

import pytest

from tests.unit.ccc.command_line import CTRL_C, on_terminal
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import RUNNING, Service, instance

ID = "0123456789ab"
GONE = {"status": "deleted", "ip": None, "end_reason": "asked"}


def test_line_140_off_a_terminal_it_never_asks(ccc: Ccc, service: Service) -> None:
    """Without a terminal the typed id is the consent, and it waits until the machine is gone."""
    service.add(instance(ID, **RUNNING))
    service.plan = [GONE]
    done = ccc("deprovision", ID)
    assert done.code == 0
    assert done.out == f"Instance {ID} is deleted.\n"
    assert service.methods()[0] == f"DELETE /instances/{ID}"


@pytest.mark.parametrize("word", ["y", "yes"])
def test_on_a_terminal_it_asks(environment: dict[str, str], service: Service, word: str) -> None:
    """On a terminal it shows what would be lost, and deletes after a yes."""
    service.add(instance(ID, **RUNNING))
    service.plan = [GONE]
    code, screen = on_terminal(environment, "deprovision", ID, answers=(("[y/N]", f"{word}\n"),))
    assert code == 0
    assert "of guest@example.org at 127.0.0.9 is running. Everything on it will be lost." in screen
    assert f"Instance {ID} is deleted." in screen


@pytest.mark.parametrize("word", ["n", "", "N"])
def test_a_no_deletes_nothing(environment: dict[str, str], service: Service, word: str) -> None:
    """Anything but a yes sends no DELETE and is exit code 1."""
    service.add(instance(ID, **RUNNING))
    code, screen = on_terminal(environment, "deprovision", ID, answers=(("[y/N]", f"{word}\n"),))
    assert code == 1
    assert screen.endswith("Nothing was deleted.\r\n")
    assert "Error" not in screen
    assert service.methods() == [f"GET /instances/{ID}"]


def test_ctrl_c_at_the_question(environment: dict[str, str], service: Service) -> None:
    """Ctrl-C at the question deletes nothing and is 130, like anywhere."""
    service.add(instance(ID, **RUNNING))
    code, _ = on_terminal(environment, "deprovision", ID, answers=(("[y/N]", CTRL_C),))
    assert code == 130
    assert service.methods() == [f"GET /instances/{ID}"]


def test_yes_does_not_ask(environment: dict[str, str], service: Service) -> None:
    """--yes is the consent on a terminal too."""
    service.add(instance(ID, **RUNNING))
    service.plan = [GONE]
    code, screen = on_terminal(environment, "deprovision", ID, "--yes")
    assert code == 0
    assert "[y/N]" not in screen


@pytest.mark.parametrize("status", ["deleted", "failed"])
def test_over_already(ccc: Ccc, service: Service, status: str) -> None:
    """Ending what is over is no error, is said, and needs no waiting."""
    service.add(instance(ID, **{**GONE, "status": status}))
    done = ccc("deprovision", ID)
    assert done.code == 0
    assert done.out == f"Instance {ID} was over already ({status}).\n"
    assert len(service.asked) == 1


def test_no_wait(ccc: Ccc, service: Service) -> None:
    """--no-wait returns while the machine is being deleted."""
    service.add(instance(ID, **RUNNING))
    done = ccc("deprovision", ID, "--no-wait")
    assert done.code == 0
    assert done.out == f"Instance {ID} is being deleted.\n"
    assert f"ccc status {ID}" in done.err


def test_json_is_the_final_object(ccc: Ccc, service: Service) -> None:
    """With --output json stdout holds the instance as it is in the end."""
    service.add(instance(ID, **RUNNING))
    service.plan = [GONE]
    assert json.loads(ccc("deprovision", ID, "--output", "json").out)["status"] == "deleted"


def test_still_there_when_the_time_is_over(ccc: Ccc, service: Service) -> None:
    """When the time is over the exit code is 6, and the deletion goes on."""
    service.add(instance(ID, **RUNNING))
    done = ccc("deprovision", ID, "--timeout", "0.05")
    assert done.code == 6
    assert f"Next: ccc status {ID}" in done.err


def test_not_yours(ccc: Ccc) -> None:
    """An unknown id is exit code 3."""
    assert ccc("deprovision", ID).code == 3
