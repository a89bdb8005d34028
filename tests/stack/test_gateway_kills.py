"""SIGKILL to the control plane after each named side effect of provision, extend and delete: nothing lost or doubled.

One stack walks through the list: each time the gateway comes back, the next failpoint is armed. A life is provisioned,
extended and deleted again and again until every one of them has struck.
"""

from __future__ import annotations

from pathlib import Path

from tests.stack.box import running
from tests.stack.conftest import GuestKey
from tests.stack.life import deaths, live_and_die

SIDE_EFFECTS = (
    "Instances.write:1",  # the row of the order
    "Instances.write:2",  # the lease of the first step
    "Installer.start:1",  # the builder runs, the row does not know
    "Instances.write:3",  # `creating` is written, nothing is bought
    "Instances.add:1",  # the create is counted, not sent
    "Servers.create:1",  # the server exists, the row does not know
    "Servers.find:1",  # it was found again by its name
    "Instances.write_build:1",  # a builder's phase is written, it does not know
    "Probe.host_key:1",  # the machine answered with its key
    "Mailer.send:1",  # the mail left, the row does not know
    "Nudge.advance:2",  # somebody was to look, and nobody will
    "Servers.read_marker:1",
    "Servers.get:1",  # the labels before the delete were read
    "Servers.delete:1",  # the server is gone, the row does not know
    "Servers.get:2",  # the 404 after the delete was read
)


def test_gateway_is_killed_after_every_side_effect(tmp_path: Path, guest_key: GuestKey) -> None:
    """Wherever the control plane dies, every accepted instance runs, is extended once and ends with no server left."""
    with running(tmp_path / "var", ONEBOX_KILL_AFTER=",".join(SIDE_EFFECTS)) as box:
        for _ in range(len(SIDE_EFFECTS)):
            live_and_die(box, guest_key)
            if deaths(box) == len(SIDE_EFFECTS):
                break
        assert deaths(box) == len(SIDE_EFFECTS), [line for line in box.lines if "gateway was" in line]
