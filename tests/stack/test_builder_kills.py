"""SIGKILL to the builder after every named side effect of an install: another attempt, or the probe, finishes it."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.stack.box import Box, running
from tests.stack.conftest import GuestKey
from tests.stack.life import live_and_die

SIDE_EFFECTS = (
    "Builder.claim:1",
    "Builder.ssh:1",
    "Builder.report:1",
    "Builder.kexec:1",
    "Builder.install:1",
    "Builder.check:1",
    "Builder.reboot:1",
    "Builder.verify:1",
)


def test_builder_is_killed_after_every_side_effect(tmp_path: Path, guest_key: GuestKey) -> None:
    """Wherever a builder dies, another attempt (or the probe) finishes the machine; there is never a second server."""
    many = len(SIDE_EFFECTS)
    with running(tmp_path / "var", ONEBOX_KILL_AFTER=",".join(SIDE_EFFECTS)) as box, ThreadPoolExecutor(many) as crowd:
        list(crowd.map(lambda _: live_and_die(box, guest_key), range(many)))
        assert _struck(box) == many
        assert box.servers() == []


def _struck(box: Box) -> int:
    """How many builders were ended by SIGKILL."""
    _, state = box.patient(lambda: box.call("GET", "/onebox/state"))
    return len([build for build in state["builds"] if build["exit_status"] == -signal.SIGKILL])
