"""How long phases usually take: which builds are measured, how many measures are kept, and the two percentiles."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.build import BuildRecord, Cause, Outcome, Phase, PhaseStart
from chalicelib.domain.durations import FEWEST, KEPT, SLOW, USUAL, BuildTimes, measured, percentiles, with_build
from tests.unit.domain.samples import TEN

STEPS = (20, 40, 5, 70, 30, 25, 10)
"""Seconds of the seven phases."""


def a_build() -> BuildRecord:
    """A build that went well and told every phase."""
    starts, moment = [], TEN
    for phase, seconds in zip(Phase, STEPS, strict=True):
        starts.append(PhaseStart(phase=phase, started_at=moment))
        moment += timedelta(seconds=seconds)
    return BuildRecord(
        instance_id="0123456789ab",
        attempt=1,
        nonce="n",
        claimed_at=TEN,
        phases=tuple(starts),
        outcome=Outcome.READY,
        reported_at=moment,
    )


def times(*seconds: int) -> BuildTimes:
    """So many builds, whose SSH phase took these seconds."""
    kept = BuildTimes()
    for each in seconds:
        kept = with_build(kept, {Phase.SSH: each})
    return kept


def test_a_phase_lasts_until_the_next_and_the_last_until_the_outcome() -> None:
    """The measures of a build are the distances of its reports."""
    assert measured(a_build()) == dict(zip(Phase, STEPS, strict=True))


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": Outcome.FAILED, "cause": Cause.DISK},
        {"outcome": None, "reported_at": None},
        {"phases": a_build().phases[:3] + a_build().phases[4:]},
        {"phases": ()},
        {"reported_at": TEN},
    ],
    ids=["failed", "never told", "a phase unheard of", "no phase", "a clock that went back"],
)
def test_only_a_whole_good_build_is_measured(changes: dict[str, object]) -> None:
    """A failure, a builder that died, a phase that was lost and a clock that jumped back are no measures."""
    changed = replace(a_build(), **changes)  # type: ignore[arg-type]  # a plain mapping of the record's own fields
    assert measured(changed) == {}


@pytest.mark.parametrize("many", [0, 1, FEWEST - 1])
def test_a_few_builds_make_nothing_usual(many: int) -> None:
    """Before three builds there is no number to show."""
    assert percentiles(times(*[10] * many), USUAL) == {}


@pytest.mark.parametrize(
    ("seconds", "usual", "slow"),
    [
        ((30, 10, 20), 20, 30),
        ((10, 20, 30, 40), 20, 40),
        ((7, 7, 7), 7, 7),
        (tuple(range(1, 101)), 50, 95),
    ],
)
def test_the_nearest_rank_is_shown(seconds: tuple[int, ...], usual: int, slow: int) -> None:
    """Half of the builds took at most `usual`, 95 of 100 at most `slow`; both are seconds that some build took."""
    kept = times(*seconds)
    assert (percentiles(kept, USUAL), percentiles(kept, SLOW)) == ({"ssh": usual}, {"ssh": slow})


def test_the_newest_hundred_are_kept() -> None:
    """The item is bounded, and what was long ago is forgotten."""
    kept = times(*[1000] * KEPT, *[10] * KEPT)
    (ssh,) = kept.phases
    assert ssh.seconds == (10,) * KEPT


def test_phases_are_kept_apart_and_in_order() -> None:
    """Each phase has measures of its own, in the order in which phases happen."""
    kept = with_build(times(1), {Phase.VERIFY: 2, Phase.KEXEC: 3})
    assert [(each.phase, each.seconds) for each in kept.phases] == [
        (Phase.SSH, (1,)),
        (Phase.KEXEC, (3,)),
        (Phase.VERIFY, (2,)),
    ]
