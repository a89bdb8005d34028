"""SIGKILL to the provider after a commit, to the whole stack, and to every process by hand: it goes on where it was."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.stack.box import Box, running
from tests.stack.conftest import GuestKey
from tests.stack.life import live_and_die, starts


@pytest.mark.parametrize("path", ["/servers", "/servers/[0-9]+"])
def test_provider_is_killed_after_its_commit(tmp_path: Path, guest_key: GuestKey, path: str) -> None:
    """When the provider dies after a commit, the reply is lost and the server is found again: one server, or none."""
    with running(tmp_path / "var") as box:
        method = "POST" if path == "/servers" else "DELETE"
        box.fault(method=method, path=f"^{path}$", do="kill_after_commit")
        live_and_die(box, guest_key)
        assert starts(box, "emulator") == 2


@pytest.mark.parametrize("stage", ["requested", "installing", "running", "deleting"])
def test_the_whole_stack_is_killed(tmp_path: Path, guest_key: GuestKey, stage: str) -> None:
    """After SIGKILL of everything the next start goes on where it was: same ports, token, row, server and end."""
    box = Box(tmp_path / "var")
    box.start()
    try:
        before = box.variables()
        instance_id = box.provision(guest_key.public)
        if stage == "installing":
            box.until(instance_id, "installing", "running")
        if stage in {"running", "deleting"}:
            box.until(instance_id, "running")
        if stage == "deleting":
            box.call("DELETE", f"/instances/{instance_id}")
        box.kill()
        _nothing_is_left(box)
        box.start()
        assert box.variables() == before
        if stage != "deleting":
            box.until(instance_id, "running")
            assert [server["name"] for server in box.servers()] == [f"cc-{instance_id}"]
            box.patient(lambda: box.call("DELETE", f"/instances/{instance_id}"))
        box.until(instance_id, "deleted")
        assert box.servers() == []
    finally:
        if box.running:
            box.stop()
    _nothing_is_left(box)


def _nothing_is_left(box: Box) -> None:
    """No process of the stack outlives its supervisor by more than a moment."""
    end = time.monotonic() + 60
    while left := box.descendants():
        assert time.monotonic() < end, left
        time.sleep(0.05)


def test_each_process_is_killed_by_hand(tmp_path: Path, guest_key: GuestKey) -> None:
    """SIGKILL to gateway, emulator and builders in the middle of an install: they come back and it is finished."""
    with running(tmp_path / "var", CCC_EMULATOR_LATENCY="0.01") as box:
        instance_id = box.provision(guest_key.public)
        box.until(instance_id, "installing")
        _, state = box.call("GET", "/onebox/state")
        victims = [process["pid"] for process in state["processes"]]
        victims += [build["pid"] for build in state["builds"] if build.get("pid")]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        box.until(instance_id, "running")
        assert len(box.servers()) == 1
