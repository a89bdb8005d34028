"""After an attempt that has ended: when the next one begins, on what kind of server, and when there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.audit import SCHEDULE, Deed
from chalicelib.domain.build import FINAL_CAUSES, MAX_ATTEMPTS, BuildReport, Cause, Outcome, Phase
from chalicelib.domain.errors import BuilderUnknown, ProviderUnknown
from chalicelib.domain.instance import EndReason, Status
from tests.fakes.installer import FakeInstaller
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.attempts import claimed, code_of, number_of
from tests.unit.operations.world import World

SOON = timedelta(seconds=5)
LOOK = timedelta(seconds=10)


def rebuilt(world: World) -> None:
    """Let the time of a rebuild pass, with a tick at each look."""
    for _ in range(2):
        world.wait(LOOK)


def test_b5_a_failed_attempt_before_kexec_is_followed_by_the_next_at_once() -> None:
    """The job is stopped and attempt 2 starts on the server as it is: it was never touched (row B5)."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.fail_build(row.id, Cause.SSH_NEVER_UP)
    world.follow_nudges()
    after = world.row(row.id)
    assert (after.status, number_of(after)) == (Status.INSTALLING, 2)
    assert "rebuild" not in world.requests()
    assert [job.attempt for job in world.installer.started] == [1, 2]


@pytest.mark.parametrize("phase", [Phase.KEXEC, Phase.DISKO])
def test_b6_after_permission_to_kexec_the_server_is_rebuilt_first(phase: Phase) -> None:
    """Same server, address and paid hour, and a stock system under the next attempt (rows B6, B7)."""
    world = World()
    row = claimed(world, Phase.SSH, phase)
    world.fail_build(row.id)
    world.follow_nudges()
    after = world.row(row.id)
    assert (number_of(after), world.requests()) == (1, ["create", "get", "rebuild"])
    rebuilt(world)
    after = world.row(row.id)
    assert (number_of(after), after.machine) == (2, row.machine)
    world.build(row.id, attempt=2)
    world.follow_nudges()
    assert world.row(row.id).status is Status.RUNNING
    assert world.row(row.id).expires_at == TEN + 115 * MINUTE


def test_a_rebuild_is_in_the_audit_once() -> None:
    """A disk that was destroyed is an act on a machine: who and after which attempt, with the row."""
    world = World()
    row = claimed(world, Phase.SSH, Phase.KEXEC)
    world.fail_build(row.id)
    world.follow_nudges()
    rebuilt(world)
    noted = [each for each in world.services.audit.of_instance(row.id, 50) if each.did is Deed.REBUILT]
    assert [(each.about, each.actor) for each in noted] == [("after attempt 1", SCHEDULE)]
    assert world.requests().count("rebuild") == 1


def test_the_next_attempt_waits_until_the_last_has_stopped() -> None:
    """While the platform does not say that the job has ended, no other is started (rule R18)."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.report(row.id, BuildReport(outcome=Outcome.FAILED, cause=Cause.COPY_FAILED))
    for _ in range(3):
        world.installer.fail_next(BuilderUnknown("no answer"))
        world.clock.advance(SOON)
        world.nudge.advance(row.id)
        world.follow_nudges()
        assert number_of(world.row(row.id)) == 1
    world.wait(SOON)
    assert number_of(world.row(row.id)) == 2


class SlowToStop(FakeInstaller):
    """A platform that takes the wish to stop, and whose jobs run on for a while."""

    def stop(self, instance_id: str, attempt: int, reference: str) -> None:
        """Take the wish."""


def test_b4_a_job_that_runs_on_after_the_wish_to_stop_is_waited_for() -> None:
    """Asked to stop is not stopped: until the platform says so there is no second builder (row B4)."""
    world = World()
    world.installer = SlowToStop()
    world.services = replace(world.services, installer=world.installer)
    row = claimed(world, Phase.SSH)
    world.report(row.id, BuildReport(outcome=Outcome.FAILED, cause=Cause.COPY_FAILED))
    world.follow_nudges()
    world.wait(SOON)
    assert number_of(world.row(row.id)) == 1
    world.installer.end(row.id, 1)
    world.wait(SOON)
    assert number_of(world.row(row.id)) == 2


def test_a_full_house_delays_the_next_attempt() -> None:
    """No slot for attempt 2: the row waits, and takes it up later."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.report(row.id, BuildReport(outcome=Outcome.FAILED, cause=Cause.COPY_FAILED))
    slots, world.installer._slots = world.installer._slots, 0
    world.follow_nudges()
    assert number_of(world.row(row.id)) == 1
    world.installer._slots = slots
    world.wait(timedelta(seconds=10))
    assert number_of(world.row(row.id)) == 2


def test_three_failures_end_it_and_the_guest_is_not_charged() -> None:
    """After the third attempt: failed, the server deleted, the reservation given back but for what was billed."""
    world = World()
    row = claimed(world)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        if attempt > 1:
            world.claim(row.id, attempt)
        world.begin(row.id, Phase.SSH, attempt=attempt)
        world.fail_build(row.id, Cause.COPY_FAILED, attempt)
        world.clock.advance(SOON)
        world.follow_nudges()
    failed = world.settle(row.id, Status.FAILED)
    world.wait(MINUTE)
    assert (code_of(failed), failed.end_reason) == ("copy_failed", EndReason.FAILED)
    assert [job.attempt for job in world.installer.started] == [1, 2, 3]
    assert (world.servers.project.servers, world.live) == ({}, 0)
    # the hour that the provider bills stays in the ledger; the two others that were set aside come back
    assert world.spend == 38_100
    assert world.mails() == ["failed"]


@pytest.mark.parametrize("locked", [True, False])
def test_b6_the_next_builder_waits_until_the_rebuilt_server_runs(locked: bool) -> None:
    """The old system has the keys of the new one and answers a moment longer: the provider's word counts (row B6)."""
    world = World()
    row = claimed(world, Phase.SSH, Phase.KEXEC)
    world.fail_build(row.id)
    world.follow_nudges()
    assert row.machine is not None
    world.servers.alter(row.machine.server_id, status="running" if locked else "starting", locked=locked)
    for _ in range(3):
        world.wait(LOOK)
        assert (number_of(world.row(row.id)), len(world.installer.started)) == (1, 1)
    world.servers.alter(row.machine.server_id, status="running", locked=False)
    world.wait(LOOK)
    assert number_of(world.row(row.id)) == 2


def test_b6_a_look_without_an_answer_is_no_yes() -> None:
    """The provider does not answer while the server is rebuilt: no builder is started on a guess."""
    world = World()
    row = claimed(world, Phase.SSH, Phase.KEXEC)
    world.fail_build(row.id)
    world.follow_nudges()
    world.clock.advance(MINUTE)
    world.servers.fail_next(ProviderUnknown("timed out"), "get")
    world.tick()
    assert number_of(world.row(row.id)) == 1
    world.wait(LOOK)
    assert number_of(world.row(row.id)) == 2


def test_b6_a_rebuild_that_never_ends_is_given_up() -> None:
    """Ten minutes and some sixty requests: then the instance fails for what its attempt failed for, with an alarm."""
    world = World()
    row = claimed(world, Phase.SSH, Phase.KEXEC)
    world.fail_build(row.id, Cause.KEXEC_FAILED)
    world.follow_nudges()
    assert row.machine is not None
    world.servers.alter(row.machine.server_id, status="rebuilding")
    while world.row(row.id).status is Status.INSTALLING:
        assert world.clock.now() <= TEN + 11 * MINUTE
        world.wait(LOOK)
    assert (code_of(world.row(row.id)), world.clock.now()) == ("kexec_failed", TEN + 10 * MINUTE)
    assert "rebuild.unfinished" in world.alarms.events()
    assert len(world.installer.started) == 1
    assert world.requests().count("get") <= 65


def test_a_server_that_is_gone_is_not_rebuilt() -> None:
    """The provider has no such server any more: the instance fails for its attempt's cause, and a person is told."""
    world = World()
    row = claimed(world, Phase.KEXEC)
    assert row.machine is not None
    world.servers.vanish(row.machine.server_id)
    world.fail_build(row.id, Cause.COPY_FAILED)
    world.follow_nudges()
    assert "rebuild" not in world.requests()
    assert code_of(world.row(row.id)) == "copy_failed"
    assert "rebuild.server_gone" in world.alarms.events()


def test_the_next_attempt_may_be_queued_without_being_given_up() -> None:
    """Twenty minutes in the queue are no silence of a builder: the claim's time begins when the job does."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.installer.queueing = True
    world.fail_build(row.id, Cause.SSH_NEVER_UP)
    world.follow_nudges()
    for _ in range(20):
        world.wait(MINUTE)
    assert number_of(world.row(row.id)) == 2
    world.installer.run(row.id, 2)
    world.wait(MINUTE)
    world.wait(7 * MINUTE - SOON)
    assert number_of(world.row(row.id)) == 2
    world.wait(SOON)
    assert number_of(world.row(row.id)) == 3


def test_a_next_attempt_that_is_lost_in_the_queue_is_no_try() -> None:
    """The queue ended job 2 before it ran: job 3 is the second try, and there is a third one after it."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.installer.queueing = True
    world.fail_build(row.id, Cause.SSH_NEVER_UP)
    world.follow_nudges()
    world.wait(5 * MINUTE)
    world.installer.queueing = False
    world.installer.end(row.id, 2)
    world.wait(MINUTE)
    for attempt in (3, 4):
        assert number_of(world.row(row.id)) == attempt
        world.claim(row.id, attempt)
        world.fail_build(row.id, Cause.SSH_NEVER_UP, attempt)
        world.follow_nudges()
    assert code_of(world.row(row.id)) == "ssh_never_up"


def test_a_queue_that_outlasts_the_hour_is_no_fault_of_builds() -> None:
    """The second try never got a builder: that is what is told, and the breaker counts nothing."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.installer.queueing = True
    world.fail_build(row.id, Cause.SSH_NEVER_UP)
    world.follow_nudges()
    failed = world.settle(row.id, Status.FAILED)
    assert code_of(failed) == "no_builder"
    assert world.services.breaker.get().count == 0
    assert world.installer.running() == 0


@pytest.mark.parametrize("cause", sorted(FINAL_CAUSES))
def test_b13_after_a_wrong_key_there_is_no_next_attempt(cause: Cause) -> None:
    """A machine that answers with another key, or lets in others, is thrown away at once (rows B13, B14)."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.fail_build(row.id, cause)
    world.follow_nudges()
    failed = world.settle(row.id, Status.FAILED)
    assert code_of(failed) == cause
    assert len(world.installer.started) == 1


def test_a_rebuild_is_not_made_without_the_marker() -> None:
    """A rebuild destroys a disk: in the wrong project it is refused, with an alarm (rule R11)."""
    world = World()
    row = claimed(world, Phase.KEXEC)
    marker_id = world.stack.marker_id
    assert marker_id is not None
    world.servers.remove_key(marker_id)
    world.fail_build(row.id)
    world.follow_nudges()
    assert "rebuild" not in world.requests()
    assert "rebuild.refused" in world.alarms.events()
    for _ in range(5):
        world.wait(MINUTE)
    assert world.alarms.events().count("rebuild.refused") == 1
    assert "rebuild" not in world.requests()
    assert number_of(world.row(row.id)) == 1


def test_a_server_that_is_not_ours_is_not_rebuilt() -> None:
    """The id leads to a server with other labels: its disk is not touched, and the instance fails (row R14)."""
    world = World()
    row = claimed(world, Phase.KEXEC)
    assert row.machine is not None
    world.servers.alter(row.machine.server_id, labels={"owner": "somebody"})
    world.fail_build(row.id)
    world.follow_nudges()
    assert "rebuild" not in world.requests()
    assert (world.row(row.id).status, code_of(world.row(row.id))) == (Status.DELETING, "stranger")
    assert "provider.stranger" in world.alarms.events()


def test_a_rebuild_without_an_answer_is_made_again() -> None:
    """It may have had its effect: a second rebuild does no harm, a missing one would."""
    world = World()
    row = claimed(world, Phase.KEXEC)
    world.servers.fail_next(ProviderUnknown("timed out"), "rebuild")
    world.fail_build(row.id)
    world.follow_nudges()
    assert number_of(world.row(row.id)) == 1
    world.wait(SOON)
    rebuilt(world)
    assert number_of(world.row(row.id)) == 2
    assert world.requests().count("rebuild") == 2
