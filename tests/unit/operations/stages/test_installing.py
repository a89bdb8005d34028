"""Following a build: what is believed, when an attempt is given up, and that each begins on a stock system."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.build import FINAL_CAUSES, MAX_ATTEMPTS, BuildReport, Cause, Outcome, Phase
from chalicelib.domain.errors import BuilderUnknown, ProviderUnknown
from chalicelib.domain.instance import EndReason, Instance, Status
from tests.fakes.installer import FakeInstaller
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.world import World

UNTIL_REBOOT = tuple(phase for phase in Phase if phase is not Phase.VERIFY)
SOON = timedelta(seconds=5)


def code_of(row: Instance) -> str | None:
    """The code of an instance's failure."""
    return None if row.failure is None else row.failure.code


def attempt_of(row: Instance) -> int:
    """The number of the newest attempt."""
    assert row.build is not None
    return row.build.attempt


def claimed(world: World, *phases: Phase) -> Instance:
    """An instance whose first attempt has come so far."""
    row = world.installing()
    world.claim(row.id)
    world.begin(row.id, *phases)
    return world.row(row.id)


def test_i16_a_machine_runs_when_it_answers_with_the_planted_key() -> None:
    """Reported and probed: running, with its end, its refund and its mail in one write (invariant 16)."""
    world = World()
    row = claimed(world, *Phase)
    world.clock.advance(4 * MINUTE)
    world.boot(row.id)
    world.report(row.id, BuildReport(outcome=Outcome.READY))
    world.follow_nudges()
    after = world.row(row.id)
    assert (after.status, after.running_at) == (Status.RUNNING, TEN + 4 * MINUTE)
    assert after.expires_at == TEN + 115 * MINUTE
    assert world.spend == 2 * 38_100
    assert world.mails() == ["ready"]


def test_the_probe_looks_at_the_providers_address() -> None:
    """What the builder says of addresses counts for nothing: the machine's own is looked at (row C9)."""
    world = World()
    row = world.running()
    assert row.machine is not None
    assert world.probe.looked_at == [row.machine.ip]


@pytest.mark.parametrize("key", [None, "ssh-ed25519 another"])
def test_i14_a_machine_with_another_key_never_runs(key: str | None) -> None:
    """Silence and a foreign key are no proof: it is asked again until the deadline, and then fails (row C9)."""
    world = World()
    row = claimed(world, *Phase)
    assert row.machine is not None
    world.probe.answer(row.machine.ip, key)
    world.report(row.id, BuildReport(outcome=Outcome.READY))
    world.follow_nudges()
    assert world.row(row.id).due_at == TEN + SOON
    failed = world.settle(row.id, Status.FAILED)
    world.wait(MINUTE)
    assert code_of(failed) == "never_back"
    assert failed.running_at is None
    assert world.mails() == ["failed"]
    assert world.servers.project.servers == {}


def test_b5_a_failed_attempt_before_kexec_is_followed_by_the_next_at_once() -> None:
    """The job is stopped and attempt 2 starts on the server as it is: it was never touched (row B5)."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.fail_build(row.id, Cause.SSH_NEVER_UP)
    world.follow_nudges()
    after = world.row(row.id)
    assert (after.status, attempt_of(after)) == (Status.INSTALLING, 2)
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
    assert (attempt_of(after), after.machine) == (2, row.machine)
    assert world.requests() == ["create", "get", "rebuild"]
    world.build(row.id, attempt=2)
    world.follow_nudges()
    assert world.row(row.id).status is Status.RUNNING
    assert world.row(row.id).expires_at == TEN + 115 * MINUTE


def test_r18_the_next_attempt_waits_until_the_last_has_stopped() -> None:
    """While the platform does not say that the job has ended, no other is started (rule R18)."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.report(row.id, BuildReport(outcome=Outcome.FAILED, cause=Cause.COPY_FAILED))
    for _ in range(3):
        world.installer.fail_next(BuilderUnknown("no answer"))
        world.clock.advance(SOON)
        world.nudge.advance(row.id)
        world.follow_nudges()
        assert attempt_of(world.row(row.id)) == 1
    world.wait(SOON)
    assert attempt_of(world.row(row.id)) == 2


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
    assert attempt_of(world.row(row.id)) == 1
    world.installer.end(row.id, 1)
    world.wait(SOON)
    assert attempt_of(world.row(row.id)) == 2


def test_a_full_house_delays_the_next_attempt() -> None:
    """No slot for attempt 2: the row waits, and takes it up later."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.report(row.id, BuildReport(outcome=Outcome.FAILED, cause=Cause.COPY_FAILED))
    slots, world.installer._slots = world.installer._slots, 0
    world.follow_nudges()
    assert attempt_of(world.row(row.id)) == 1
    world.installer._slots = slots
    world.wait(timedelta(seconds=10))
    assert attempt_of(world.row(row.id)) == 2


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


def test_b20_a_builder_that_died_after_the_reboot_is_completed_by_the_probe() -> None:
    """The machine answers with its key, and nobody told us: it runs all the same (row B20)."""
    world = World()
    row = claimed(world, *UNTIL_REBOOT)
    world.boot(row.id)
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.RUNNING


def test_b8_a_machine_that_is_rebooting_is_given_time() -> None:
    """The builder died during the reboot: the machine is asked for three minutes before it is given up (row B8)."""
    world = World()
    row = claimed(world, *UNTIL_REBOOT)
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    assert attempt_of(world.row(row.id)) == 1
    world.boot(row.id)
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.RUNNING


def test_b8_a_machine_that_does_not_come_back_is_built_again() -> None:
    """Silent or under another key after the reboot's time: rebuilt, attempt 2 (rows B8, B9)."""
    world = World()
    row = claimed(world, *UNTIL_REBOOT)
    assert row.machine is not None
    world.probe.answer(row.machine.ip, "ssh-ed25519 another")
    world.installer.end(row.id, 1)
    for _ in range(5):
        world.wait(MINUTE)
    assert attempt_of(world.row(row.id)) == 2
    assert world.requests() == ["create", "get", "rebuild"]


def test_a_builder_that_died_before_the_reboot_is_not_probed() -> None:
    """Without a reboot there is no new system to look for."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.boot(row.id)
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    assert world.probe.looked_at == []
    assert attempt_of(world.row(row.id)) == 2


def test_an_attempt_that_nobody_claims_is_given_up_after_its_time() -> None:
    """Seven minutes without a claim: the job is stopped and the next one started (rule R14)."""
    world = World()
    row = world.installing()
    world.wait(7 * MINUTE - SOON)
    assert attempt_of(world.row(row.id)) == 1
    world.wait(SOON)
    after = world.row(row.id)
    assert attempt_of(after) == 2
    assert world.installer.running() == 1


def test_an_instance_that_is_never_claimed_fails() -> None:
    """Three jobs that never came to life: the instance fails and says so."""
    world = World()
    row = world.installing()
    failed = world.settle(row.id, Status.FAILED)
    assert code_of(failed) == "never_claimed"
    assert [job.attempt for job in world.installer.started] == [1, 2, 3]


def test_a_lost_platform_answer_is_waited_out() -> None:
    """No answer from the platform proves nothing: the attempt goes on."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.installer.fail_next(BuilderUnknown("no answer"))
    world.wait(MINUTE)
    assert attempt_of(world.row(row.id)) == 1
    assert world.row(row.id).due_at == world.clock.now() + MINUTE


def test_an_install_that_takes_too_long_fails() -> None:
    """45 minutes after its claim a build that still says it works is ended (rule R14)."""
    world = World()
    row = claimed(world, Phase.SSH, Phase.KEXEC, Phase.COPY)
    failed = world.settle(row.id, Status.FAILED)
    assert code_of(failed) == "timeout"
    assert failed.ended_at is not None
    assert 45 * MINUTE <= failed.ended_at - TEN <= 47 * MINUTE
    assert world.installer.running() == 0


def test_at_the_deadline_a_good_machine_is_not_thrown_away() -> None:
    """A builder that hangs after the reboot costs no machine: the probe decides at the deadline."""
    world = World()
    row = claimed(world, *Phase)
    world.boot(row.id)
    world.wait(45 * MINUTE)
    assert world.row(row.id).status is Status.RUNNING


def test_rows_that_wait_for_a_build_cost_no_provider_request() -> None:
    """A build is looked up at its platform every minute, and never at the provider."""
    world = World()
    row = claimed(world, Phase.SSH)
    for _ in range(10):
        world.wait(MINUTE)
    assert world.row(row.id).status is Status.INSTALLING
    assert world.requests() == ["create"]


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
    assert attempt_of(world.row(row.id)) == 1


def test_a_server_that_is_not_ours_is_not_rebuilt() -> None:
    """The id leads to a server with other labels: its disk is not touched, and the instance fails (row R14)."""
    world = World()
    row = claimed(world, Phase.KEXEC)
    assert row.machine is not None
    world.servers.alter(row.machine.server_id, labels={"owner": "somebody"})
    world.fail_build(row.id)
    world.follow_nudges()
    assert "rebuild" not in world.requests()
    assert world.row(row.id).status is Status.DELETING


def test_a_rebuild_without_an_answer_is_made_again() -> None:
    """It may have had its effect: a second rebuild does no harm, a missing one would."""
    world = World()
    row = claimed(world, Phase.KEXEC)
    world.servers.fail_next(ProviderUnknown("timed out"), "rebuild")
    world.fail_build(row.id)
    world.follow_nudges()
    assert attempt_of(world.row(row.id)) == 1
    world.wait(SOON)
    assert attempt_of(world.row(row.id)) == 2
    assert world.requests().count("rebuild") == 2
