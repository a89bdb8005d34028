"""The job as a process: its exit codes, its end by SIGTERM and by SIGKILL."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.unit.builder.control_plane import Answer
from tests.unit.builder.processes import running, sleeper, until
from tests.unit.builder.world import LIMIT, SOON, World

POINTS = {
    "Builder.claim:1": (["claim"], []),
    "Builder.report:1": (["claim", "ssh"], []),
    "Builder.ssh:1": (["claim", "ssh"], []),
    "Builder.report:2": (["claim", "ssh", "kexec"], []),
    "Builder.kexec:1": (["claim", "ssh", "kexec"], ["kexec"]),
    "Builder.report:3": (["claim", "ssh", "kexec", "disko"], ["kexec"]),
    "Builder.install:1": (["claim", "ssh", "kexec", "disko", "copy", "install"], ["kexec", "disko,install"]),
    "Builder.check:1": (["claim", "ssh", "kexec", "disko", "copy", "install"], ["kexec", "disko,install"]),
    "Builder.reboot:1": (
        ["claim", "ssh", "kexec", "disko", "copy", "install", "reboot"],
        ["kexec", "disko,install", "reboot"],
    ),
    "Builder.verify:1": (
        ["claim", "ssh", "kexec", "disko", "copy", "install", "reboot", "verify"],
        ["kexec", "disko,install", "reboot"],
    ),
    "Builder.report:8": (
        ["claim", "ssh", "kexec", "disko", "copy", "install", "reboot", "verify", "ready"],
        ["kexec", "disko,install", "reboot"],
    ),
}

IN_PASSING = {"ssh", "copy", "install", "reboot"}
"""What nobody waits for: it may still be on its way when the job dies."""


@pytest.fixture
def start(world: World) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts jobs, and ends those that a failed test left."""
    jobs: list[subprocess.Popen[str]] = []

    def started(**more: str) -> subprocess.Popen[str]:
        jobs.append(world.start(**more))
        return jobs[-1]

    yield started
    for job in jobs:
        job.kill()
        job.communicate()


def test_a_good_build_ends_with_0(world: World, start: Callable[..., subprocess.Popen[str]]) -> None:
    """The process as it is started in earnest makes a machine, and its output is the runs' output."""
    job = start()
    output, _ = job.communicate(timeout=LIMIT)
    assert job.returncode == 0, output
    assert world.control.heard[-1] == "ready"
    assert "### Installing NixOS ###" in output


def test_a_failed_build_ends_with_1(world: World, start: Callable[..., subprocess.Popen[str]]) -> None:
    """Failure shows in the exit code too."""
    world.programs.run("kexec", "exit 1")
    assert start().wait(LIMIT) == 1


def test_an_environment_that_is_no_jobs_ends_with_2_and_names_every_fault(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    """All faults are told at once, before anything is done."""
    job = start(CCC_API_URL="", CCC_STORE_PATHS="", CCC_ATTEMPT="zero")
    output, _ = job.communicate(timeout=LIMIT)
    assert job.returncode == 2
    assert [name for name in ("CCC_API_URL", "CCC_STORE_PATHS", "CCC_ATTEMPT") if name in output] == [
        "CCC_API_URL",
        "CCC_STORE_PATHS",
        "CCC_ATTEMPT",
    ]


def test_a_job_that_nobody_wants_ends_with_3_and_says_nothing(
    world: World, start: Callable[..., subprocess.Popen[str]]
) -> None:
    """The end of an attempt that was called off is no news."""
    world.control.script("claim", Answer(status=410))
    job = start()
    output, _ = job.communicate(timeout=LIMIT)
    assert (job.returncode, output) == (3, "")


@pytest.mark.parametrize("moment", ["claim", "ssh", "kexec"])
def test_sigterm_ends_the_job_and_its_children_soon(
    world: World, start: Callable[..., subprocess.Popen[str]], moment: str
) -> None:
    """A stop ends with 143, leaves no process and no file, and says nothing more."""
    if moment == "claim":
        world.control.script("claim", *[Answer(status=425, headers={"Retry-After": "90"})] * 9)
    if moment == "ssh":
        world.machine.power_off()
    child = sleeper()
    world.programs.run("kexec", f"trap '' TERM; sleep {child} & sleep 90")
    job = start()
    until(lambda: moment in world.control.heard and (moment != "kexec" or running(child)))
    time.sleep(0.2)
    begun = time.monotonic()
    job.send_signal(signal.SIGTERM)
    assert job.wait(LIMIT) == 143
    assert time.monotonic() - begun < SOON
    assert list(world.temporary.iterdir()) == []
    assert world.control.heard[-1] == moment
    assert running(child) == []


def test_no_child_outlives_a_job_that_was_killed(world: World, start: Callable[..., subprocess.Popen[str]]) -> None:
    """SIGKILL cannot be caught; the leash ends the run all the same."""
    child = sleeper()
    world.programs.run("kexec", f"sleep {child} & sleep 90")
    job = start()
    until(lambda: running(child))
    job.kill()
    job.wait(LIMIT)
    until(lambda: not running(child))


@pytest.mark.parametrize("point", POINTS)
def test_a_failpoint_kills_the_job_right_after_its_step(
    world: World, start: Callable[..., subprocess.Popen[str]], point: str
) -> None:
    """The process dies by SIGKILL once the named step has returned: nothing more is done, nothing asked is missing."""
    job = start(ONEBOX_KILL_AFTER=point)
    assert job.wait(LIMIT) == -signal.SIGKILL
    told, runs = POINTS[point]
    assert world.programs.phases == runs
    assert world.control.heard == told[: len(world.control.heard)]
    assert set(world.control.heard) >= set(told) - IN_PASSING, world.control.heard


def test_the_next_attempt_goes_through_after_a_kill(world: World, start: Callable[..., subprocess.Popen[str]]) -> None:
    """A killed job leaves nothing that stands in the way of another one."""
    assert start(ONEBOX_KILL_AFTER="Builder.install:1").wait(LIMIT) == -signal.SIGKILL
    assert list(world.temporary.iterdir()) != []
    assert start(ONEBOX_KILL_AFTER="Instances.write:1").wait(LIMIT) == 0
    assert list(world.temporary.iterdir()) == []
