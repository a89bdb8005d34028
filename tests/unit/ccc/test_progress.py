"""What is told of a machine while one waits for it: attempts, stages, steps, and what takes long."""

from __future__ import annotations

from typing import Any

import pytest

from ccc.instance import instance_from
from ccc.progress import PlainProgress
from tests.unit.ccc.command_line import CTRL_C, fresh_public_key, on_terminal
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import RUNNING, Service, instance

MAIL = "guest@example.org"


def progress_lines(ccc: Ccc, service: Service, *plan: dict[str, Any]) -> list[str]:
    """Return what plain progress says of an order that goes this way."""
    service.plan = list(plan)
    err = ccc("provision", MAIL, fresh_public_key()).err
    return [line.partition("] ")[2] for line in err.splitlines() if line.startswith("[")]


def at_stage(name: str, **changes: Any) -> dict[str, Any]:
    """Return the changes to an instance that has reached this stage a moment ago."""
    stage = {"name": name, "started_at": "2026-11-23T12:00:26Z", "seconds": 5, "usual_seconds": None}
    slow = {"slow_seconds": changes.pop("slow_seconds", None)}
    return {"status": "installing", "stage": name, "step": None, "stages": [{**stage, **slow}], **changes}


def test_another_attempt_is_told_with_its_reason_and_its_stages_anew(ccc: Ccc, service: Service) -> None:
    """That it was begun again is no secret, and stages that come a second time are lines of their own."""
    first = {"attempt": {"number": 1, "most": 3, "begun_again": None}}
    second = {"attempt": {"number": 2, "most": 3, "begun_again": "The installation stopped without a word."}}
    plan = (at_stage("ssh", **first), at_stage("ssh", **second), {**RUNNING, **second, "stages": []})
    assert progress_lines(ccc, service, *plan)[2:] == [
        "installing",
        "ssh",
        "attempt 2 of 3, begun again: The installation stopped without a word.",
        "ssh",
        "running",
    ]


def test_a_step_is_told_beside_its_stage(ccc: Ccc, service: Service) -> None:
    """What the builder is doing is a line once, in its words."""
    one, other = (at_stage("copy", step=step) for step in ("Uploading the system_closure", "Copying extra files"))
    lines = progress_lines(ccc, service, one, other, {**RUNNING, "step": None})
    assert lines[3:] == ["copy", "copy: Uploading the system_closure", "copy: Copying extra files", "running"]


def test_the_last_stages_come_before_running(ccc: Ccc, service: Service) -> None:
    """Stages that are first seen together with the end of the wait are told before it."""
    last = [{"name": name, "started_at": "2026-11-23T12:00:26Z", "seconds": 5} for name in ("reboot", "verify")]
    assert progress_lines(ccc, service, {**RUNNING, "stages": last})[2:] == ["reboot", "verify", "running"]


@pytest.mark.parametrize(("slow_seconds", "said"), [(4, True), (60, False), (None, False)])
def test_a_slow_stage_is_told(ccc: Ccc, service: Service, slow_seconds: int | None, said: bool) -> None:
    """Beyond what only one build in twenty takes, the stage is called slow; not before, and not without measures."""
    lines = progress_lines(ccc, service, at_stage("copy", slow_seconds=slow_seconds), RUNNING)
    assert ("copy: this takes much longer than usual" in lines) is said


def test_a_stage_that_becomes_slow_while_nothing_changes_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Between two news of the service its stage goes on, and so does the time."""
    now = [0.0]
    display = PlainProgress(now=lambda: now[0])
    display.show(instance_from(instance(**at_stage("copy", slow_seconds=60))))
    said = []
    for now[0] in (50.0, 56.0, 80.0):
        display.answering(yes=True)
        said.append(capsys.readouterr().err.count("much longer than usual"))
    assert said == [0, 1, 0]


def test_a_terminal_does_not_tell_whoever_ends_a_machine_how_it_was_made(
    environment: dict[str, str], service: Service
) -> None:
    """While it is deleted, and when it is gone, there is the headline alone."""
    service.add(instance(**{**RUNNING, "stages": at_stage("copy")["stages"]}))
    service.plan = [{"status": "deleted", "stage": None}]
    code, screen = on_terminal(environment, "deprovision", "--yes", instance()["id"])
    assert (code, "deleting" in screen, "deleted" in screen, "copy" in screen) == (0, True, True, False)


def test_what_is_said_after_ctrl_c_begins_a_line(environment: dict[str, str], service: Service) -> None:
    """Behind a prompt, and behind plain lines, the terminal has written ^C where the next word would stand."""
    service.add(instance(**RUNNING))
    asked = ("Delete it? [y/N]: ", CTRL_C)
    code, screen = on_terminal(environment, "deprovision", instance()["id"], answers=(asked,))
    assert (code, screen.splitlines()[-1], screen.splitlines()[-2].startswith(asked[0])) == (130, "Interrupted.", True)
    dumb = {**environment, "TERM": "dumb"}
    code, screen = on_terminal(dumb, "status", instance()["id"], "--watch", answers=(("] running", CTRL_C),))
    lines = screen.splitlines()
    assert (code, lines[-1].startswith("Stopped watching"), lines[-2]) == (130, True, "")


def test_a_terminal_shows_step_attempt_and_slowness(environment: dict[str, str], service: Service) -> None:
    """The table names the step and what is slow, and above it stands which attempt this is."""
    again = {"attempt": {"number": 3, "most": 3, "begun_again": "The disk."}}
    service.plan = [at_stage("copy", step="Copying extra files", slow_seconds=4, **again), RUNNING]
    _, screen = on_terminal(environment, "provision", MAIL, fresh_public_key())
    for words in ("attempt 3 of 3, begun again: The disk.", "Copying extra files", "much longer than usual"):
        assert words in screen
