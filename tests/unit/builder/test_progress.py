"""Progress: what nixos-anywhere says is known to the control plane within a second, also when an answer was lost."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from threading import Event

import pytest

from builder.api import ControlPlane
from builder.clock import Deadline, SharedClock
from builder.failpoint import Failpoint
from builder.job import FAILED, NOT_WANTED, READY
from builder.log_tail import LogTail
from builder.pace import Pace
from builder.report import Reporter
from chalicelib.domain.build import BuildReport, Outcome, Phase
from tests.standstill import standstill
from tests.unit.builder.control_plane import LOST, Answer, Told
from tests.unit.builder.programs import STEPS
from tests.unit.builder.world import FAST, LIMIT, SOON, World

RUNS = ("kexec", "disko,install", "reboot")

PHASES = {
    "Formatting hard drive with disko": "disko",
    "Uploading the system closure": "copy",
    "Installing NixOS": "install",
    "Rebooting": "reboot",
}
"""Lines of the last two runs that begin a phase."""

ASKED_FIRST = "disko"
"""Asked for before the run, so the control plane knows it before the line is there."""

COPYING = "echo '### Uploading the system closure ###'"

REAL = Pace()
AT_ITS_REAL_PACE = replace(
    FAST, progress_again=REAL.progress_again, progress_longest=REAL.progress_longest, tick=REAL.tick
)
"""Fast in all but what decides how late a report may be."""


def listening(world: World) -> dict[str, list[float]]:
    """Let every line carry its moment, a short while before the next; when each phase was heard of."""
    for phases in ("disko,install", "reboot"):
        said = (
            f"echo '### {step} ###'; echo \"$(date +%s.%N) {step}\" >>{world.folder}/said" for step in STEPS[phases]
        )
        world.programs.run(phases, "; sleep 0.12\n".join(said))
    heard: dict[str, list[float]] = {phase: [] for phase in PHASES.values()}

    def hear(phase: str) -> None:
        heard[phase].append(time.time())  # noqa: TID251 -- to compare with the shell's clock
        if phase == "reboot":
            world.finish()

    for phase in heard:
        world.control.when[phase] = partial(hear, phase)
    return heard


def lateness(world: World, heard: dict[str, list[float]]) -> dict[str, float]:
    """Seconds from each line to the answer that was given to its report."""
    lines = [line.split(" ", 1) for line in (world.folder / "said").read_text().splitlines()]
    return {PHASES[step]: heard[PHASES[step]][0] - float(moment) for moment, step in lines if step in PHASES}


def test_every_phase_is_reported_within_a_second_of_its_line(world: World) -> None:
    """Each line that begins a phase is a report while the run goes on; a phase that needs permission is told before."""
    heard = listening(world)
    with standstill() as machine:
        assert world.build(AT_ITS_REAL_PACE) == READY, world.everything_told
    late = lateness(world, heard)
    assert late.keys() == heard.keys()
    assert late.pop(ASKED_FIRST) < 0
    assert max(late.values()) < 1 + machine.seconds, late


@pytest.mark.parametrize("trouble", [LOST, 503])
def test_one_lost_answer_does_not_make_a_report_a_second_late(world: World, trouble: int) -> None:
    """A report that met a moment's trouble is sent again at once enough to be no older than a second."""
    heard = listening(world)
    for phase in ("copy", "install", "reboot"):
        world.control.script(phase, Answer(status=trouble))
    with standstill() as machine:
        assert world.build(AT_ITS_REAL_PACE) == READY, world.everything_told
    late = lateness(world, heard)
    del late[ASKED_FIRST]
    assert max(late.values()) < 1 + machine.seconds, late


def test_a_control_plane_that_stays_away_is_asked_less_and_less(world: World) -> None:
    """The waits double up to their longest, so that a crowd of builders does not stand in the way of a recovery."""
    world.control.script("copy", *[Answer(status=503)] * 500)
    world.programs.run("disko,install", f"{COPYING}; echo '### Installing NixOS ###'; sleep 1; exit 1")
    begun = time.monotonic()
    world.build(replace(FAST, progress_again=0.05, progress_longest=0.4, progress_last=0.4))
    took = time.monotonic() - begun
    tried = world.control.heard.count("copy")
    assert 3 <= tried <= 6 + took / 0.4, (tried, took)


def test_every_line_of_progress_is_a_report_within_a_second(world: World) -> None:
    """All titles of all three runs are told as steps of the phase they belong to, in their order, each in time."""
    told = [(phases, [step for step in STEPS[phases] if step != "Done!"]) for phases in RUNS]
    for phases, steps in told:
        said = (f"echo '### {step} ###'; date +%s.%N >>{world.folder}/said" for step in steps)
        world.programs.run(phases, "; sleep 0.1\n".join([*said, "echo '### Done! ###'"]))
    heard: list[float] = []

    def observe(told: Told) -> None:
        if "step" in told.body:
            heard.append(time.time())  # noqa: TID251 -- to compare with the shell's clock

    world.control.observe = observe
    with standstill() as machine:
        assert world.build(AT_ITS_REAL_PACE) == READY, world.everything_told
    assert [step for _, step in world.control.steps] == [step for _, steps in told for step in steps]
    said_at = [float(line) for line in (world.folder / "said").read_text().split()]
    assert max(late - moment for late, moment in zip(heard, said_at, strict=True)) < 1 + machine.seconds


def test_a_step_belongs_to_the_phase_that_was_begun(world: World) -> None:
    """What begins no phase goes with the one before it; the end of a run, after which the build goes on, is no step."""
    assert world.build() == READY
    assert world.control.steps == [
        ("kexec", "Uploading install SSH keys"),
        ("kexec", "Gathering machine facts"),
        ("kexec", "Switching system into kexec"),
        ("disko", "Gathering machine facts"),
        ("disko", "Formatting hard drive with disko"),
        ("copy", "Uploading the system closure"),
        ("copy", "Copying extra files"),
        ("install", "Installing NixOS"),
        ("install", "Gathering machine facts"),
        ("reboot", "Rebooting"),
    ]


def test_an_older_control_plane_is_told_the_phases_alone(world: World) -> None:
    """One that does not know steps refuses the first; from then on it hears what it knows, and nothing is lost."""
    world.control.knows_steps = False
    assert world.build() == READY, world.everything_told
    assert len(world.control.steps) == 1
    assert world.control.heard == ["claim", "ssh", "kexec", "disko", "copy", "install", "reboot", "verify", "ready"]


def test_a_step_that_begins_a_phase_is_not_lost_on_an_older_control_plane(world: World) -> None:
    """Where the first step it refuses begins a phase, the phase is told once more without the step."""
    world.control.knows_steps = False
    for phases in RUNS[:2]:
        world.programs.run(phases, COPYING if phases == "disko,install" else ":")
    assert world.build() == READY, world.everything_told
    assert world.control.steps == [("copy", "Uploading the system closure")]
    assert world.control.heard == ["claim", "ssh", "kexec", "disko", "copy", "copy", "reboot", "verify", "ready"]


def test_a_control_plane_that_hangs_holds_up_no_line_and_no_phase(world: World) -> None:
    """While the answer to a report does not come, the run is read and followed to its end."""
    hangs, seen = Event(), world.folder / "seen"
    world.control.when["copy"] = lambda: hangs.wait(LIMIT)
    world.programs.run("disko,install", f"{COPYING}; sleep 0.2; echo a line; : >{seen}; sleep 0.2; exit 1")
    world.programs.run("install", "echo another line; exit 1")
    begun = time.monotonic()
    assert world.build(replace(FAST, progress_last=0.4, progress_timeout=LIMIT)) == FAILED
    took = time.monotonic() - begun
    hangs.set()
    assert took < SOON, "waited for the answer"
    assert world.control.last["outcome"] == "failed"
    assert {"a line", "another line"} <= set(world.log.getvalue().splitlines())


def test_what_was_said_in_passing_comes_before_the_last_word(world: World) -> None:
    """A slow control plane still hears every phase before the outcome, so that all of them are measured."""
    world.control.observe = lambda _: time.sleep(0.2)
    api = ControlPlane(world.control.url, world.order.instance_id, world.order.attempt)
    deadline = Deadline(SharedClock(), world.order.deadline)
    tail = LogTail(str, world.log)
    reporter = Reporter(api, world.order.build_token, tail, deadline, replace(FAST, progress_last=LIMIT), Failpoint())
    reporter.begin(Phase.SSH)
    for phase in (Phase.COPY, Phase.INSTALL, Phase.REBOOT):
        reporter.step(f"now {phase}", phase)
    reporter.end(BuildReport(outcome=Outcome.READY))
    reporter.close()
    api.close()
    assert world.control.heard == ["ssh", "copy", "install", "reboot", "ready"]


@pytest.mark.parametrize("status", [409, 410])
def test_being_called_off_by_the_answer_to_a_step_ends_the_run(world: World, status: int) -> None:
    """What is answered in passing is heard all the same."""
    world.control.script("step", Answer(status=status))
    world.programs.run("kexec", "echo '### Gathering machine facts ###'; sleep 90")
    begun = time.monotonic()
    assert world.build() == NOT_WANTED
    assert time.monotonic() - begun < SOON
    assert world.control.told[-1].body["step"] == "Gathering machine facts"


def test_the_end_of_the_log_goes_with_the_work_and_not_only_with_its_phases(world: World) -> None:
    """While lines come they are told now and then, without secrets: that is what a builder that is killed leaves."""
    lines = f"for each in $(seq 16); do echo line $each {world.order.build_token}; sleep 0.05; done"
    world.programs.run("disko,install", f"{COPYING}; {lines}; sleep 1; exit 1")
    world.programs.run("install", "exit 1")
    assert world.build(replace(FAST, tail_again=0.2)) == FAILED
    *_, before_the_end, end = world.control.told
    assert end.body["outcome"] == "failed"
    assert "line 16 [redacted]" in before_the_end.body["log_tail"]
    assert (before_the_end.body["phase"], before_the_end.body["step"]) == ("copy", "Uploading the system closure")
    copying = [told for told in world.control.told if told.body.get("phase") == "copy"]
    assert 3 <= len(copying) <= 12, "not with every line, and not after the last"


def test_a_silent_program_is_no_news(world: World) -> None:
    """Without a new line nothing is sent again."""
    world.programs.run("kexec", "echo '### Gathering machine facts ###'; sleep 0.6")
    assert world.build(replace(FAST, tail_again=0.1)) == READY
    assert [step for phase, step in world.control.steps if phase == "kexec"] == ["Gathering machine facts"]
