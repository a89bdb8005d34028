"""SIGKILL to each process of the packaged functions' stack: what was accepted runs, and at its end nothing is left.

Real time passes for a killed process to come back; what the service itself waits for (a lease, a look at a build that
is gone) passes by the shared clock.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.stack.aws import builders
from tests.stack.box import Box
from tests.stack.conftest import GuestKey
from tests.stack.deaths import died
from tests.stack.guest import until

FUNCTIONS = ("api", "advance", "tick", "reap", "mail-feedback")
STAND_INS = ("aws", "codebuild", "dynamodb")
AROUND = ("gateway", "emulator")
WARDEN = "warden"


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
    until(lambda: any(name.startswith(builders.PREFIX) for name in box.marked().values()), "no builder was seen")
    seen = set(box.marked().values())
    assert {*FUNCTIONS, *STAND_INS, *AROUND, WARDEN} <= seen
    unknown = seen - {*FUNCTIONS, *STAND_INS, *AROUND, WARDEN}
    assert [name for name in unknown if not name.startswith(builders.PREFIX)] == []
    box.patient(lambda: box.call("DELETE", f"/instances/{instance_id}"))
    _arrives(box, instance_id, "deleted")


def test_a_builder_is_killed_before_it_asks(box: Box, guest_key: GuestKey) -> None:
    """Nothing was bought for it: another one comes, and makes the machine."""
    held = builders.stand_still(box, "advance", "tick", "reap")
    instance_id = box.provision(guest_key.public)
    with builders.standing_still(box, "api"):  # whom it would ask
        builders.go_on(held)
        os.kill(_builder(box, instance_id), signal.SIGKILL)
        assert box.servers() == []
    _arrives(box, instance_id, "running")
    _at_the_second_attempt(box, instance_id)


@pytest.mark.parametrize("victim", ["builder", "codebuild"])
def test_a_builder_dies_during_a_phase(box: Box, guest_key: GuestKey, victim: str) -> None:
    """Killed in the middle of the copy, alone or with the whole of CodeBuild: another attempt, on the same server."""
    box.fault(do="dies", method="POST", path="^/servers$", at="copy", how="hangs", deaths=1)  # so that it stands there
    instance_id = box.provision(guest_key.public)
    until(lambda: died(box, instance_id), "it never came to the end of the copy")
    at_work = _builder(box, instance_id)
    os.kill(at_work if victim == "builder" else box.processes()[victim], signal.SIGKILL)
    until(lambda: not Path(f"/proc/{at_work}").exists(), "it outlives its platform")
    _arrives(box, instance_id, "running")
    _at_the_second_attempt(box, instance_id)


def _builder(box: Box, instance_id: str) -> int:
    """The builder of an instance, once there is one."""
    until(lambda: builders.builder(box, instance_id) is not None, f"nobody builds {instance_id}")
    found = builders.builder(box, instance_id)
    assert found is not None
    return found


def _at_the_second_attempt(box: Box, instance_id: str) -> None:
    """It was made by another builder, on the one server that was ever bought for it; and it ends."""
    first, second = builders.attempts(box, instance_id)
    assert (first["status"], first["exit_status"]) in {("FAILED", -signal.SIGKILL), ("FAULT", None)}
    assert second["status"] in {"IN_PROGRESS", "SUCCEEDED"}
    assert [one["name"] for one in box.bill()].count(f"cc-{instance_id}") == 1
    box.call("DELETE", f"/instances/{instance_id}")
    _arrives(box, instance_id, "deleted")
    assert box.servers() == []


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
    until(lambda: not box.descendants(), "something outlives its supervisor")
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
    end, last, moved = time.monotonic() + 300, "", time.monotonic()
    while (seen := box.show(instance_id))["status"] != status:
        assert time.monotonic() < end, (seen, box.lines[-40:])
        assert seen["status"] != "failed", (seen, box.lines[-40:])
        if (now := f"{seen['status']} {seen['stage']} {len(seen['stages'])}") != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > 4:
            box.advance_clock("61s")
            moved = time.monotonic()
        time.sleep(0.1)
