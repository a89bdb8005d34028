"""Write down what a builder says: from the newest attempt, once, and never the instance's fate by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.build import LOG_TAIL_CHARS, BuildRecord, BuildReport, Cause, Outcome, Phase
from chalicelib.domain.errors import BuildOver, NotFound, Superseded
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations import secrets_of
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.record_build import record_build
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.between import Between
from tests.unit.operations.world import World

READY = BuildReport(outcome=Outcome.READY)
FAILED = BuildReport(outcome=Outcome.FAILED, cause=Cause.DISK, detail="no disk")


def claimed(world: World) -> Instance:
    """An instance whose first attempt is at work."""
    row = world.installing()
    world.claim(row.id)
    return world.row(row.id)


def record_of(world: World, row: Instance, attempt: int = 1) -> BuildRecord:
    """What an attempt has said."""
    record = world.services.instances.get_build(row.id, attempt)
    assert record is not None
    return record


def test_phases_are_kept_in_their_order_with_their_moments() -> None:
    """The first mention of a phase is its beginning; a repeat changes nothing."""
    world = World()
    row = claimed(world)
    for phase in (Phase.SSH, Phase.KEXEC, Phase.SSH, Phase.KEXEC, Phase.DISKO):
        world.begin(row.id, phase)
        world.clock.advance(MINUTE)
    begun = [(start.phase, start.started_at) for start in record_of(world, row).phases]
    assert begun == [(Phase.SSH, TEN), (Phase.KEXEC, TEN + MINUTE), (Phase.DISKO, TEN + 4 * MINUTE)]


def test_a_phase_that_a_later_one_has_overtaken_is_not_begun_any_more() -> None:
    """What only informs may come after the question that followed it: the newest phase stays the newest (row C10)."""
    world = World()
    row = claimed(world)
    world.begin(row.id, Phase.KEXEC, Phase.SSH)
    world.report(row.id, BuildReport(phase=Phase.KEXEC, step="Uploading install SSH keys"))
    record = record_of(world, row)
    assert [start.phase for start in record.phases] == [Phase.KEXEC]
    assert record.step == "Uploading install SSH keys"


def test_only_what_touches_the_disk_is_a_permission() -> None:
    """Being allowed to begin kexec or disko is remembered; the other phases are told, not asked for."""
    world = World()
    row = claimed(world)
    world.begin(row.id, *Phase)
    assert record_of(world, row).permitted == {Phase.KEXEC, Phase.DISKO}


def test_progress_leaves_the_row_alone() -> None:
    """A phase that needs no permission is written into the build's own item, and nobody is nudged."""
    world = World()
    row = claimed(world)
    world.begin(row.id, Phase.SSH, Phase.COPY, Phase.INSTALL)
    assert world.row(row.id) == row
    assert world.nudge.waiting == []


def test_a_step_is_kept_with_its_log_and_begins_nothing_that_needs_permission() -> None:
    """What goes on within a permitted phase leaves the row, the phases and the permissions as they are."""
    world = World()
    row = claimed(world)
    world.begin(row.id, Phase.SSH, Phase.KEXEC)
    asked, before = world.row(row.id), record_of(world, row)
    world.clock.advance(MINUTE)
    world.report(row.id, BuildReport(phase=Phase.KEXEC, step="Gathering machine facts", log_tail="uploaded"))
    record = record_of(world, row)
    assert (record.step, record.log_tail) == ("Gathering machine facts", "uploaded")
    assert (record.phases, record.permitted) == (before.phases, before.permitted)
    assert world.row(row.id) == asked
    assert world.nudge.waiting == []


def test_a_step_of_a_phase_that_was_not_permitted_permits_nothing() -> None:
    """Permission is asked for by the phase alone: a step in one that was not asked for is no beginning of it."""
    world = World()
    row = claimed(world)
    world.begin(row.id, Phase.SSH)
    world.report(row.id, BuildReport(phase=Phase.DISKO, step="Formatting hard drive with disko"))
    record = record_of(world, row)
    assert ([begun.phase for begun in record.phases], record.permitted, record.step) == ([Phase.SSH], frozenset(), "")


def test_a_step_begins_a_phase_that_only_informs() -> None:
    """The line that begins a phase is its first step; the next phase begins without one; the outcome keeps the last."""
    world = World()
    row = claimed(world)
    world.report(row.id, BuildReport(phase=Phase.COPY, step="Uploading the system closure"))
    assert [begun.phase for begun in record_of(world, row).phases] == [Phase.COPY]
    world.report(row.id, BuildReport(phase=Phase.INSTALL, step="Installing NixOS"))
    world.report(row.id, BuildReport(phase=Phase.COPY, step="a late one"))
    assert record_of(world, row).step == "Installing NixOS"
    world.report(row.id, FAILED)
    assert record_of(world, row).step == "Installing NixOS"


def test_a_step_after_the_attempts_end_is_refused() -> None:
    """What is told in passing hears too that nobody waits for it any more."""
    world = World()
    row = claimed(world)
    world.report(row.id, FAILED)
    with pytest.raises(Superseded):
        world.report(row.id, BuildReport(phase=Phase.COPY, step="Copying extra files"))


def test_c9_ready_is_not_believed() -> None:
    """A report of success makes the row due and nothing more: the machine is probed first (row C9)."""
    world = World()
    row = claimed(world)
    world.clock.advance(MINUTE)
    world.report(row.id, READY)
    after = world.row(row.id)
    assert (after.status, after.due_at) == (Status.INSTALLING, TEN + MINUTE)
    assert world.nudge.waiting == [("advance", row.id)]
    world.follow_nudges()
    assert world.row(row.id).status is Status.INSTALLING
    assert world.mails() == []


@pytest.mark.parametrize("report", [READY, FAILED])
def test_c1_an_identical_outcome_is_taken_again_and_changes_nothing(report: BuildReport) -> None:
    """A repeat after a lost reply is fine at any time, even when the instance is gone (rows C1, C2)."""
    world = World()
    row = claimed(world)
    world.report(row.id, report)
    before = (world.row(row.id), record_of(world, row))
    world.report(row.id, report)
    assert (world.row(row.id), record_of(world, row)) == before
    deprovision(world.services, row.id)
    world.report(row.id, report)
    assert record_of(world, row) == before[1]


@pytest.mark.parametrize(("first", "second"), [(READY, FAILED), (FAILED, READY)])
def test_c8_only_the_first_outcome_counts(first: BuildReport, second: BuildReport) -> None:
    """`failed` after `ready`, and `ready` after `failed`, are refused (row C8)."""
    world = World()
    row = claimed(world)
    world.report(row.id, first)
    with pytest.raises(Superseded):
        world.report(row.id, second)
    assert record_of(world, row).outcome is first.outcome


def test_a_phase_after_the_outcome_is_refused() -> None:
    """Whoever has ended begins nothing any more."""
    world = World()
    row = claimed(world)
    world.report(row.id, FAILED)
    with pytest.raises(Superseded):
        world.begin(row.id, Phase.KEXEC)


def test_c4_an_older_attempt_is_not_heard() -> None:
    """Once attempt 2 is the newest, attempt 1 may say nothing new (row C4)."""
    world = World()
    row = claimed(world)
    world.installer.end(row.id, 1)
    world.wait(2 * MINUTE)
    with pytest.raises(Superseded):
        world.begin(row.id, Phase.KEXEC)
    assert record_of(world, row).permitted == frozenset()


def test_a_permission_does_not_slip_past_the_end_of_its_attempt() -> None:
    """An attempt that is given up while it asks for kexec is refused, and no permission is written (rule R18)."""
    world = World()
    row = claimed(world)
    plain = world.services

    def give_up() -> None:
        before = world.row(row.id)
        assert before.build is not None
        plain.instances.write(replace(before, build=replace(before.build, stopped=True)), before=before)

    instances: Any = Between(plain.instances, "get_build", give_up, after=True)
    world.services = replace(plain, instances=instances)
    with pytest.raises(Superseded):
        world.begin(row.id, Phase.KEXEC)
    world.services = plain
    assert record_of(world, row).permitted == frozenset()


@pytest.mark.parametrize("finished", [False, True])
def test_c5_an_ending_instance_sends_its_builder_home(finished: bool) -> None:
    """In `deleting` and after it a report is answered with the end of the build (rows B17, C5)."""
    world = World()
    row = claimed(world)
    deprovision(world.services, row.id)
    if finished:
        world.follow_nudges()
    for report in (READY, BuildReport(phase=Phase.KEXEC)):
        with pytest.raises(BuildOver):
            world.report(row.id, report)
    assert "ready" not in world.mails()


@pytest.mark.parametrize("purpose", [tokens.Purpose.CLAIM, tokens.Purpose.MANAGE, tokens.Purpose.BOX])
def test_c6_another_token_is_not_found(purpose: tokens.Purpose) -> None:
    """Neither a guess nor the instance's other tokens open its reports (row C6)."""
    world = World()
    row = claimed(world)
    other = secrets_of.token(world.services, row, purpose, 1)
    for token in (other, "", "é"):
        with pytest.raises(NotFound):
            record_build(world.services, row.id, attempt=1, build_token=token, report=READY)


def test_what_was_never_claimed_says_nothing() -> None:
    """A token is handed out with the order; before the claim it opens nothing."""
    world = World()
    row = world.installing()
    with pytest.raises(NotFound):
        world.report(row.id, READY)


def test_c11_the_log_tail_and_the_detail_are_cut() -> None:
    """Of a long log the end is kept, of a long detail the beginning (row C11)."""
    world = World()
    row = claimed(world)
    text = "first" + "x" * LOG_TAIL_CHARS + "last"
    world.report(row.id, replace(FAILED, detail=text, log_tail=text))
    record = record_of(world, row)
    assert (len(record.log_tail), len(record.detail)) == (LOG_TAIL_CHARS, LOG_TAIL_CHARS)
    assert record.log_tail.endswith("last")
    assert record.detail.startswith("first")


def test_a_report_without_a_log_keeps_the_one_before() -> None:
    """Silence does not erase what was said."""
    world = World()
    row = claimed(world)
    world.report(row.id, BuildReport(phase=Phase.SSH, log_tail="hello"))
    world.begin(row.id, Phase.KEXEC)
    assert record_of(world, row).log_tail == "hello"


def test_an_outcome_wakes_a_worker_who_is_about_to_wait() -> None:
    """A report during another worker's look is not slept through: the row is due at once afterwards."""
    world = World()
    row = claimed(world)
    world.clock.advance(MINUTE)
    installer: Any = Between(world.installer, "state", lambda: _report_ready(world, row))
    plain = world.services
    world.services = replace(plain, installer=installer)
    world.tick()
    world.services = plain
    assert world.row(row.id).status is Status.RUNNING


def _report_ready(world: World, row: Instance) -> None:
    world.boot(row.id)
    world.report(row.id, READY)
