"""SIGKILL to each process of the packaged functions' stack: what was accepted runs, and at its end nothing is left.

Real time passes for a killed process to come back; what the service itself waits for (a lease, a look at a build that
is gone) passes by the shared clock.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable

import pytest

from tests.stack.box import Box
from tests.stack.conftest import GuestKey
from tests.stack.guest import until

FUNCTIONS = ("api", "advance", "tick", "reap", "mail-feedback")
STAND_INS = ("aws", "codebuild", "dynamodb")
AROUND = ("gateway", "emulator")
WARDEN = "warden"
ELSEWHERE = {"codebuild/": "a builder: test_builder_kills, with STACK=aws"}
"""What is killed in another test, by what its name begins with; environments of functions bear their host's name."""


@pytest.mark.parametrize("victims", [FUNCTIONS, STAND_INS, AROUND], ids=["functions", "stand-ins", "around"])
def test_each_process_is_killed_during_an_install(box: Box, guest_key: GuestKey, victims: tuple[str, ...]) -> None:
    """One after the other dies while a machine is made: it is made all the same, once, and can be given back."""
    instance_id = box.provision(guest_key.public)
    box.until(instance_id, "creating", "installing")
    before = box.processes()
    _kill(before[name] for name in victims)
    _arrives(box, instance_id, "running")
    assert [server["name"] for server in box.servers()] == [f"cc-{instance_id}"]
    now = box.processes()
    assert set(now) == {*FUNCTIONS, *STAND_INS, *AROUND}
    assert all(now[name] not in {0, before[name]} for name in victims)
    assert all(now[name] == before[name] for name in before if name not in victims)
    box.patient(lambda: box.call("DELETE", f"/instances/{instance_id}"))
    _arrives(box, instance_id, "deleted")
    assert box.servers() == []


def test_every_process_of_the_stack_is_in_the_list_of_the_killed(box: Box, guest_key: GuestKey) -> None:
    """While a machine is made, no process carries the stack's mark that no test of SIGKILL names."""
    instance_id = box.provision(guest_key.public)
    box.until(instance_id, "installing")
    until(lambda: any(name.startswith("codebuild/") for name in box.marked().values()), "no builder was seen")
    seen = set(box.marked().values())
    assert {*FUNCTIONS, *STAND_INS, *AROUND, WARDEN} <= seen
    unknown = seen - {*FUNCTIONS, *STAND_INS, *AROUND, WARDEN}
    assert [name for name in unknown if not name.startswith(tuple(ELSEWHERE))] == []
    box.patient(lambda: box.call("DELETE", f"/instances/{instance_id}"))
    _arrives(box, instance_id, "deleted")


def test_the_warden_is_killed(box: Box) -> None:
    """Another one comes, and whoever it guards has not noticed."""
    (warden,) = [pid for pid, name in box.marked().items() if name == WARDEN]
    before = box.processes()
    os.kill(warden, signal.SIGKILL)
    until(lambda: set(_wardens(box)) - {warden}, "no other warden came")
    assert len(_wardens(box)) == 1
    assert box.processes() == before


def _wardens(box: Box) -> list[int]:
    return [pid for pid, name in box.marked().items() if name == WARDEN]


def test_the_supervisor_is_killed_during_an_install(box: Box, guest_key: GuestKey) -> None:
    """Everything dies with it; the next start has the same address and token, and goes on where all was."""
    before = box.variables()
    instance_id = box.provision(guest_key.public)
    box.until(instance_id, "installing")
    box.kill()
    until(lambda: not box.descendants(), "something outlives its supervisor", seconds=5)
    box.start()
    assert box.variables() == before
    _arrives(box, instance_id, "running")
    assert [server["name"] for server in box.servers()] == [f"cc-{instance_id}"]
    box.call("DELETE", f"/instances/{instance_id}")
    _arrives(box, instance_id, "deleted")
    assert box.servers() == []


def _kill(victims: Iterable[int]) -> None:
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)  # so that one is noticed before the next


def _arrives(box: Box, instance_id: str, status: str) -> None:
    """Wait for a status; where nothing has moved for a while, a minute of the service's time passes."""
    end, last, moved = time.monotonic() + 120, "", time.monotonic()
    while (seen := box.show(instance_id))["status"] != status:
        assert time.monotonic() < end, (seen, box.lines[-40:])
        assert seen["status"] != "failed", (seen, box.lines[-40:])
        if (now := f"{seen['status']} {seen['stage']} {len(seen['stages'])}") != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > 4:
            box.advance_clock("61s")
            moved = time.monotonic()
        time.sleep(0.1)
