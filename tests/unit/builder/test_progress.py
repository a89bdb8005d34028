"""Progress: what nixos-anywhere says is known to the control plane within a second, also when an answer was lost."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import pytest

from builder.job import READY
from builder.pace import Pace
from tests.unit.builder.control_plane import LOST, Answer
from tests.unit.builder.programs import STEPS
from tests.unit.builder.world import FAST, World

PHASES = {
    "Formatting hard drive with disko": "disko",
    "Uploading the system closure": "copy",
    "Installing NixOS": "install",
    "Rebooting": "reboot",
}
"""Lines of the last two runs that begin a phase."""

ASKED_FIRST = "disko"
"""Asked for before the run, so the control plane knows it before the line is there."""

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
    assert world.build(AT_ITS_REAL_PACE) == READY, world.everything_told
    late = lateness(world, heard)
    assert late.keys() == heard.keys()
    assert late.pop(ASKED_FIRST) < 0
    assert max(late.values()) < 1, late


@pytest.mark.parametrize("trouble", [LOST, 503])
def test_one_lost_answer_does_not_make_a_report_a_second_late(world: World, trouble: int) -> None:
    """A report that met a moment's trouble is sent again at once enough to be no older than a second."""
    heard = listening(world)
    for phase in ("copy", "install", "reboot"):
        world.control.script(phase, Answer(status=trouble))
    assert world.build(AT_ITS_REAL_PACE) == READY, world.everything_told
    late = lateness(world, heard)
    del late[ASKED_FIRST]
    assert max(late.values()) < 1, late


def test_a_control_plane_that_stays_away_is_asked_less_and_less(world: World) -> None:
    """The waits double up to their longest, so that a crowd of builders does not stand in the way of a recovery."""
    world.control.script("copy", *[Answer(status=503)] * 500)
    world.programs.run("disko,install", "echo '### Uploading the system closure ###'; sleep 1")
    world.build(replace(FAST, progress_again=0.05, progress_longest=0.4))
    tried = world.control.heard.count("copy")
    assert 3 <= tried <= 8, tried
