"""One real machine at Hetzner, from provision to deprovision; `make e2e-real` runs it, and CI never does."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from chalicelib.domain import labels
from tests.e2e.permission import refusal, settings
from tests.e2e.project import Project, stack_of
from tests.e2e.seed_script import seed_script
from tests.e2e.spend import spend_refusal
from tests.stack.box import Box

VARIABLES = os.environ  # noqa: TID251 -- the permission and the token are given there
REFUSAL = refusal(VARIABLES)


@pytest.mark.skipif(REFUSAL is not None, reason=REFUSAL or "allowed")
def test_the_seed_script_on_a_real_machine(tmp_path: Path) -> None:
    """The seed script passes at the real provider, leaves the marker alone behind, and nothing after the clean-up."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)  # whoever ends this test ends it by way of its clean-up
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    project = Project(token=VARIABLES["HCLOUD_TOKEN"])
    assert (why := spend_refusal(project, VARIABLES)) is None, why
    before = project.everything()
    box = Box(tmp_path / "var", **settings(VARIABLES))
    try:
        box.start()
        version = seed_script(box, key)
        assert "Claude Code" in version
        assert "emulated" not in version
        stack = stack_of(box.home)
        assert stack is not None
        assert project.left_since(before, but=labels.marker_name(stack)) == []
    finally:
        _end(box, project)
        assert (left := project.left_since(before)) == [], f"NEW SINCE THE RUN BEGAN, AND STILL THERE: {left}"


def _end(box: Box, project: Project) -> None:
    """End the box first, so that nothing buys any more; then remove whatever it has made."""
    try:
        if box.running:
            box.stop()
    finally:
        if box.running:
            box.kill()
        stack = stack_of(box.home)
        if stack is not None:
            project.remove(stack)
