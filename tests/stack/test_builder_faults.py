"""Builders and targets that go wrong: each ends in time, with its one cause, no paid server, a plain mail.

Every builder of this stack that has verified its machine dies before it can say so. What waits is ended by the shared
clock. A target that dies in each phase: `test_deaths_at_once.py`, `test_deaths_in_time.py`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.build import MAX_ATTEMPTS, Cause
from chalicelib.domain.explanations import EXPLANATIONS
from tests.letters import ReadLetter
from tests.stack.box import Box, running
from tests.stack.conftest import GuestKey
from tests.stack.guest import bare_link, until

BUILDERS = 20
"""More than this file starts."""

IN_A_ROW = 3
PATIENCE = 300
"""Seconds in which half an hour of the shared clock is waited for, on a busy machine too."""

ELSEWHERE = "hel1"
"""Where servers are made whose fault is ordered; all others are made in the first place there is."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box whose builders die between their last look at a machine and their last word."""
    dying = ",".join(["Builder.verify:1"] * BUILDERS)
    with running(tmp_path_factory.mktemp("faults") / "var", ONEBOX_KILL_AFTER=dying) as started:
        yield started


def builds(box: Box, instance_id: str) -> list[dict[str, Any]]:
    """The attempts of an instance, as the supervisor knows them."""
    _, state = box.call("GET", "/onebox/state")
    return [build for build in state["builds"] if instance_id in build["build"]]


def letters(box: Box, instance_id: str, kind: str) -> list[ReadLetter]:
    """The mails of one kind about an instance."""
    return [letter for letter in box.letters() if letter.headers["message-id"].startswith(f"<{instance_id}.{kind}@")]


def failed_with(box: Box, instance_id: str, cause: Cause) -> None:
    """It has failed for this cause and no other; its server is gone, and its guest knows why and what to do."""
    seen = box.until(instance_id, "failed")
    assert seen["failure"]["code"] == cause, seen["failure"]
    assert f"cc-{instance_id}" not in [server["name"] for server in box.servers()]
    until(lambda: letters(box, instance_id, "failed"), f"no mail about {instance_id}")
    (letter,) = letters(box, instance_id, "failed")
    assert EXPLANATIONS[cause].message in " ".join(letter.text.split())
    assert "Nothing was charged" in letter.text
    assert bare_link(letter, f"/i/{instance_id}")
    assert not letters(box, instance_id, "ready")


def runs(box: Box, instance_id: str) -> dict[str, Any]:
    """The machine runs although its builder has died, which in the cloud nobody tells: a minute later one looks."""
    if box.stack == "aws":
        until(lambda: [build["state"] for build in builds(box, instance_id)] == ["stopped"], "its builder did not die")
        box.advance_clock("61s")
    return box.until(instance_id, "running")


def ends(box: Box, instance_id: str) -> None:
    """The machine is ended, and nothing of it is paid any more."""
    box.call("DELETE", f"/instances/{instance_id}")
    box.until(instance_id, "deleted")


def test_b20_a_builder_that_dies_between_its_check_and_its_word_costs_nothing(box: Box, guest_key: GuestKey) -> None:
    """The control plane's own probe finds the machine: it runs after one attempt, and is announced once (row B20)."""
    instance_id = box.provision(guest_key.public)
    seen = runs(box, instance_id)
    assert seen["stages"][-1]["name"] == "verify"
    (build,) = builds(box, instance_id)
    assert build["exit_status"] == -signal.SIGKILL
    assert [server["name"] for server in box.servers()].count(f"cc-{instance_id}") == 1
    until(lambda: letters(box, instance_id, "ready"), "no mail")
    ends(box, instance_id)
    assert len(letters(box, instance_id, "ready")) == 1


def test_a_target_that_is_silent_or_gone_is_given_up_after_three_attempts(box: Box, guest_key: GuestKey) -> None:
    """One server never answers, another is deleted by somebody: ten minutes an attempt, and both have one cause."""
    box.fault(method="POST", path="^/servers$", location=ELSEWHERE, do="ssh_never", times=2)
    made = [box.provision(guest_key.public, location=ELSEWHERE, email=f"{name}@example.com") for name in ("a", "b")]
    began = time.monotonic()
    waiting = [wait_for_ssh(box, instance_id, "") for instance_id in made]
    server_id = box.show(made[1])["server_id"]
    box.patient(lambda: (200, box.provider("DELETE", f"/servers/{server_id}")))  # locked while it starts
    for _ in range(MAX_ATTEMPTS - 1):
        box.advance_clock("11m")
        waiting = [wait_for_ssh(box, one, before) for one, before in zip(made, waiting, strict=True)]
    box.advance_clock("11m")
    for instance_id in made:
        failed_with(box, instance_id, Cause.SSH_NEVER_UP)
        assert len(builds(box, instance_id)) == MAX_ATTEMPTS
    assert time.monotonic() - began < PATIENCE


def wait_for_ssh(box: Box, instance_id: str, before: str) -> str:
    """Wait until an attempt that began after `before` looks for its server; when it began to."""

    def begun() -> str:
        found = [str(stage["started_at"]) for stage in box.show(instance_id)["stages"] if stage["name"] == "ssh"]
        return found[0] if found and found[0] > before else ""

    until(lambda: bool(begun()), f"no builder of {instance_id} looked for its server after {before or 'the order'}")
    return begun()


def test_a_builder_that_hangs_is_given_up_at_the_deadline(box: Box, guest_key: GuestKey) -> None:
    """A builder that neither works nor ends is stopped 45 minutes after its claim, for that one cause."""
    box.fault(method="POST", path="^/servers$", location=ELSEWHERE, do="ssh_never")
    hanging = box.provision(guest_key.public, location=ELSEWHERE)
    wait_for_ssh(box, hanging, "")
    builders = builders_of(box, hanging)
    assert builders
    for pid in builders:
        os.kill(pid, signal.SIGSTOP)
    box.advance_clock("46m")
    failed_with(box, hanging, Cause.TIMEOUT)
    until(lambda: not builders_of(box, hanging), "the builder is still there")


def builders_of(box: Box, instance_id: str) -> list[int]:
    """The processes of an instance's builders, by what they were given."""
    given = f"CCC_INSTANCE_ID={instance_id}".encode()
    return [pid for pid in box.descendants() if given in environment_of(pid)]


def environment_of(pid: int) -> list[bytes]:
    """What a process was started with; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def test_b13_b22_three_wrong_host_keys_end_three_machines_and_hold_back_the_next(box: Box, guest_key: GuestKey) -> None:
    """One attempt each, alarms, servers gone; then orders are refused with the reason until an hour is over."""
    box.fault(method="POST", path="^/servers$", location=ELSEWHERE, do="wrong_host_key", times=IN_A_ROW)
    with ThreadPoolExecutor(IN_A_ROW) as crowd:
        made = list(crowd.map(lambda _: box.provision(guest_key.public, location=ELSEWHERE), range(IN_A_ROW)))
    for instance_id in made:
        failed_with(box, instance_id, Cause.WRONG_HOST_KEY)
        assert len(builds(box, instance_id)) == 1
        assert [line for line in box.lines if "build.suspicious" in line and instance_id in line]
    body = {"email": "test@example.com", "ssh_public_key": guest_key.public, "hours": 1}
    status, refused = box.call("POST", "/instances", body)
    assert (status, refused["code"]) == (503, "paused")
    assert EXPLANATIONS[Cause.WRONG_HOST_KEY].message in refused["detail"]
    assert box.call("GET", "/health/ready")[1]["checks"]["builds"] == refused["detail"]
    assert [line for line in box.lines if "builds.held_back" in line]
    box.advance_clock("61m")
    assert box.call("GET", "/health/ready")[0] == 200
    again = box.provision(guest_key.public)
    runs(box, again)
    ends(box, again)
