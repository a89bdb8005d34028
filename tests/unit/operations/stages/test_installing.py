"""Following a build: what is believed of a builder and of a machine, and when an attempt is given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.build import BuildReport, Outcome, Phase
from chalicelib.domain.errors import BuilderUnknown, ProviderUnknown
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations import secrets_of
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.attempts import claimed, code_of, number_of
from tests.unit.operations.world import World

UNTIL_REBOOT = tuple(phase for phase in Phase if phase is not Phase.VERIFY)
SOON = timedelta(seconds=5)
STRANGER = "ssh-ed25519 another"
SUSPICIOUS = "build.suspicious"


def k1(world: World, row: Instance) -> str:
    """The host key of the stock system."""
    return secrets_of.key_pair(world.services, row, tokens.KeyUse.BOOTSTRAP_HOST).public


def answers(world: World, row: Instance, key: str) -> None:
    """Let the machine answer with this host key."""
    assert row.machine is not None
    world.probe.answer(row.machine.ip, key)


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


def test_i16_a_machine_that_is_silent_never_runs() -> None:
    """Silence is no proof: it is asked again until the deadline, and then fails, without an alarm (row C9)."""
    world = World()
    row = claimed(world, *Phase)
    world.report(row.id, BuildReport(outcome=Outcome.READY))
    world.follow_nudges()
    assert world.row(row.id).due_at == TEN + SOON
    failed = world.settle(row.id, Status.FAILED)
    world.wait(MINUTE)
    assert code_of(failed) == "never_back"
    assert failed.running_at is None
    assert world.mails() == ["failed"]
    assert world.servers.project.servers == {}
    assert SUSPICIOUS not in world.alarms.events()


@pytest.mark.parametrize("whose", ["a stranger's", "the stock system's"])
def test_i14_another_key_after_ready_is_the_end_at_once(whose: str) -> None:
    """The builder saw the new system, so whatever else answers is not trusted and a person is told (rows B13, C9)."""
    world = World()
    row = claimed(world, *Phase)
    answers(world, row, STRANGER if whose == "a stranger's" else k1(world, row))
    world.report(row.id, BuildReport(outcome=Outcome.READY))
    world.follow_nudges()
    assert code_of(world.row(row.id)) == "wrong_host_key"
    assert world.alarms.events().count(SUSPICIOUS) == 1
    assert world.clock.now() == TEN
    failed = world.settle(row.id, Status.FAILED)
    world.wait(MINUTE)
    assert (failed.running_at, world.mails(), world.servers.project.servers) == (None, ["failed"], {})
    assert len(world.installer.started) == 1


def test_i14_a_strangers_key_after_the_builder_died_is_the_end_at_once() -> None:
    """Neither the stock system's key nor the new one's: nobody waits for a better answer (rows B13, B20)."""
    world = World()
    row = claimed(world, *UNTIL_REBOOT)
    answers(world, row, STRANGER)
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    assert code_of(world.row(row.id)) == "wrong_host_key"
    assert world.alarms.events().count(SUSPICIOUS) == 1
    assert "rebuild" not in world.requests()


def test_b20_the_old_system_may_answer_for_a_while_after_the_builder_died() -> None:
    """The stock system's key is no stranger's while the reboot may be to come: the new one is waited for (row B20)."""
    world = World()
    row = claimed(world, *UNTIL_REBOOT)
    answers(world, row, k1(world, row))
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.INSTALLING
    world.boot(row.id)
    world.wait(SOON)
    assert world.row(row.id).status is Status.RUNNING
    assert SUSPICIOUS not in world.alarms.events()


def test_a_row_of_the_release_before_is_followed_all_the_same() -> None:
    """A row that does not say since when its job runs takes the first look as the beginning."""
    world = World()
    row = world.installing()
    assert row.build is not None
    old = replace(row.build, running_at=None)
    world.services.instances.write(replace(row, build=old, due_at=TEN), before=row)
    world.tick()
    build = world.row(row.id).build
    assert build is not None
    assert (build.attempt, build.running_at) == (1, TEN)


def test_b20_a_builder_that_died_after_the_reboot_is_completed_by_the_probe() -> None:
    """The machine answers with its key, and nobody told us: it runs all the same (row B20)."""
    world = World()
    row = claimed(world, *UNTIL_REBOOT)
    world.boot(row.id)
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.RUNNING


def test_b20_a_builder_that_hangs_after_the_reboot_is_ended_when_the_machine_runs() -> None:
    """At the build's deadline the probe decides, and nobody is left at work on a guest's machine (row B20)."""
    world = World()
    row = claimed(world, *UNTIL_REBOOT)
    world.boot(row.id)
    world.wait(timedelta(minutes=20))
    assert (world.row(row.id).status, world.installer.running()) == (Status.INSTALLING, 1)
    world.wait(timedelta(minutes=40))
    assert (world.row(row.id).status, world.installer.running()) == (Status.RUNNING, 0)


def test_b8_a_machine_that_is_rebooting_is_given_time() -> None:
    """The builder died during the reboot: the machine is asked for three minutes before it is given up (row B8)."""
    world = World()
    row = claimed(world, *UNTIL_REBOOT)
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    assert number_of(world.row(row.id)) == 1
    world.boot(row.id)
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.RUNNING


@pytest.mark.parametrize("old_system", [True, False])
def test_b8_a_machine_that_does_not_come_back_is_built_again(old_system: bool) -> None:
    """Silent or still the old system after the reboot's time: rebuilt, attempt 2 (rows B8, B9)."""
    world = World()
    row = claimed(world, *UNTIL_REBOOT)
    if old_system:
        answers(world, row, k1(world, row))
    world.installer.end(row.id, 1)
    for _ in range(5):
        world.wait(MINUTE)
    assert number_of(world.row(row.id)) == 2
    assert world.requests() == ["create", "get", "rebuild", "get"]


def test_a_builder_that_died_before_the_reboot_is_not_probed() -> None:
    """Without a reboot there is no new system to look for."""
    world = World()
    row = claimed(world, Phase.SSH)
    world.boot(row.id)
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    assert world.probe.looked_at == []
    assert number_of(world.row(row.id)) == 2


def test_an_attempt_that_nobody_claims_is_given_up_after_its_time() -> None:
    """Seven minutes without a claim: the job is stopped and the next one started (rule R14)."""
    world = World()
    row = world.installing()
    world.wait(7 * MINUTE - SOON)
    assert number_of(world.row(row.id)) == 1
    world.wait(SOON)
    after = world.row(row.id)
    assert number_of(after) == 2
    assert world.installer.running() == 1


def test_a_builder_has_its_time_to_claim_from_when_there_is_a_machine() -> None:
    """A create that took eight minutes is taken from nobody: the builder that asked all the while is not given up."""
    world = World()
    for _ in range(8):
        world.servers.fail_next(ProviderUnknown("no answer"), "create")
    row = world.order().instance
    world.follow_nudges()
    world.settle(row.id, Status.INSTALLING)
    assert world.clock.now() == TEN + 8 * MINUTE
    world.wait(MINUTE)
    assert number_of(world.row(row.id)) == 1
    assert world.claim(row.id).attempt == 1


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
    assert number_of(world.row(row.id)) == 1
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
