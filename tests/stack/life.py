"""A whole life of an instance on a box where processes are killed: what must hold whatever died, and when."""

from __future__ import annotations

import os
import time
from typing import Any

from onebox.aws.host.failpoints import struck
from tests.stack.box import Box
from tests.stack.conftest import GuestKey

STILL = 4
"""Seconds without a change after which a minute passes in the cloud: who dies there leaves a lease that must end."""


def live_and_die(box: Box, guest_key: GuestKey) -> None:
    """One whole life: it ends `running` with one server, is extended once, and is gone at the end."""
    instance_id = box.provision(guest_key.public)
    seen = _settled(box, instance_id)
    assert seen["status"] == "running", seen["failure"]
    assert _servers_of(box, instance_id) == 1
    _is_told(box, instance_id, "ready")
    key = os.urandom(8).hex()
    status, extended = box.patient(
        lambda: box.call("POST", f"/instances/{instance_id}/extend", {"hours": 1}, Idempotency_Key=key)
    )
    assert status == 200, extended
    status, again = box.patient(
        lambda: box.call("POST", f"/instances/{instance_id}/extend", {"hours": 1}, Idempotency_Key=key)
    )
    assert (status, again["expires_at"]) == (200, extended["expires_at"])
    status, _ = box.patient(lambda: box.call("DELETE", f"/instances/{instance_id}"))
    assert status in {200, 202}
    _gone(box, instance_id)
    assert _servers_of(box, instance_id) == 0
    _is_told(box, instance_id, "gone")


def _gone(box: Box, instance_id: str) -> None:
    """Wait for the end; in the cloud a minute passes again and again, until leases of the dead are over."""
    if box.stack != "aws":
        box.until(instance_id, "deleted")
        return
    end, moved = time.monotonic() + 300, time.monotonic()
    while box.show(instance_id)["status"] != "deleted":
        assert time.monotonic() < end, (box.show(instance_id), box.lines[-30:])
        if time.monotonic() - moved > STILL:
            box.advance_clock("61s")
            moved = time.monotonic()
        time.sleep(0.05)


def _servers_of(box: Box, instance_id: str) -> int:
    """How many servers of an instance there are at the provider."""
    return [server["name"] for server in box.servers()].count(f"cc-{instance_id}")


def _settled(box: Box, instance_id: str) -> dict[str, Any]:
    """The instance once it runs or has failed; a builder's death is noticed a minute later, which passes at once."""
    end, moved, last = time.monotonic() + 300, time.monotonic(), ""
    while True:
        _, state = box.patient(lambda: box.call("GET", "/onebox/state"))
        seen = box.show(instance_id)
        if seen["status"] in {"running", "failed"}:
            return seen
        assert time.monotonic() < end, (seen, box.lines[-30:])
        if (now := f"{seen['status']} {seen['stage']} {len(seen['stages'])}") != last:
            last, moved = now, time.monotonic()
        if seen["status"] == "installing" and not any(build["state"] == "running" for build in state["builds"]):
            box.advance_clock("61s")
        elif box.stack == "aws" and time.monotonic() - moved > STILL:
            box.advance_clock("61s")
            moved = time.monotonic()
        time.sleep(0.05)


def _is_told(box: Box, instance_id: str, word: str) -> None:
    """A notice arrives once or twice; after an unknown outcome its second attempt is minutes later."""
    began, moved = time.monotonic(), False
    while not (told := [subject for subject, _ in box.mails() if instance_id in subject and word in subject]):
        assert time.monotonic() < began + 120, (word, box.mails())
        if not moved and time.monotonic() > began + 3:
            moved = True
            box.advance_clock("6m")
        time.sleep(0.05)
    assert len(told) <= 2, told


def starts(box: Box, name: str) -> int:
    """How often the supervisor has started a process."""
    _, state = box.patient(lambda: box.call("GET", "/onebox/state"))
    return int(next(process["starts"] for process in state["processes"] if process["name"] == name))


def deaths(box: Box) -> int:
    """How many failpoints of the service have struck: a gateway's on one box, any function's in the cloud."""
    return struck(box.home / "aws" / "failpoints.json") if box.stack == "aws" else starts(box, "gateway") - 1
