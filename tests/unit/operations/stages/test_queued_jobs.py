"""An ordered instance whose job waits in its platform's queue, is lost there, or never gets out of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.api.stages import current_stage
from chalicelib.domain.build import Cause
from chalicelib.domain.errors import BuildOver, Superseded, TooEarly
from chalicelib.domain.instance import EndReason, Status
from chalicelib.domain.lifecycle import REQUESTED_FOR
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.ports import BuildState
from chalicelib.operations.show import show
from tests.fakes.installer import FakeInstaller
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.attempts import attempt_of, code_of
from tests.unit.operations.stages.first_jobs import BREAKER_AT_REST, LOOK, Deaf, queued
from tests.unit.operations.world import World


def test_b16_a_job_in_the_platforms_queue_buys_nothing() -> None:
    """A start that was taken is no builder: for as long as it is queued the row stays and no request is made (B16)."""
    world, row = queued()
    for _ in range(4):
        waiting = world.row(row.id)
        assert (waiting.status, waiting.retry_at) == (Status.REQUESTED, world.clock.now() + LOOK)
        shown = show(world.services, row.id)
        assert current_stage(shown.instance, shown.build) == "queued"
        assert (world.requests(), attempt_of(world, row), len(world.installer.started)) == ([], 1, 1)
        world.wait(LOOK)
    world.installer.run(row.id, 1)
    world.wait(LOOK)
    bought = world.row(row.id)
    assert (bought.status, world.requests()) == (Status.INSTALLING, ["create"])
    assert bought.build is not None
    assert (bought.build.attempt, bought.build.running_at) == (1, TEN + 5 * LOOK)


@pytest.mark.parametrize("how", ["end", "forget"])
def test_a_job_that_is_lost_in_the_queue_is_started_again_under_the_next_number(how: str) -> None:
    """A platform gives the same job for the same number, so the next number is taken; the old one is superseded."""
    world, row = queued()
    world.clock.advance(5 * MINUTE)
    getattr(world.installer, how)(row.id, 1)
    world.installer.queueing = False
    world.tick()
    bought = world.row(row.id)
    assert (bought.status, [job.attempt for job in world.installer.started]) == (Status.INSTALLING, [1, 2])
    assert bought.build is not None
    assert (bought.build.attempt, bought.build.unrun) == (2, 1)
    with pytest.raises(Superseded):
        world.claim(row.id, 1)
    world.build(row.id, 2)
    world.follow_nudges()
    assert world.row(row.id).status is Status.RUNNING


def test_what_is_lost_in_the_queue_takes_none_of_the_three_tries() -> None:
    """After two jobs that never ran there are still three that may fail, and it is the builders' cause that is told."""
    world, row = queued()
    for attempt in (1, 2):
        world.clock.advance(5 * MINUTE)
        world.installer.end(row.id, attempt)
        world.installer.queueing = attempt < 2
        world.tick()
    for attempt in (3, 4, 5):
        assert (world.row(row.id).status, attempt_of(world, row)) == (Status.INSTALLING, attempt)
        world.claim(row.id, attempt)
        world.fail_build(row.id, Cause.COPY_FAILED, attempt)
        world.follow_nudges()
    assert code_of(world.row(row.id)) == "copy_failed"
    assert [job.attempt for job in world.installer.started] == [1, 2, 3, 4, 5]


class EndsAtOnce(FakeInstaller):
    """A platform that takes every job and runs none of them."""

    def state(self, instance_id: str, attempt: int, reference: str) -> BuildState:
        """Over."""
        self.end(instance_id, attempt)
        return super().state(instance_id, attempt, reference)


def test_a_platform_that_runs_nothing_is_not_asked_without_end() -> None:
    """An hour brings eleven jobs at most, one alarm, nothing bought, and nothing held against the builds."""
    world = World()
    world.installer = EndsAtOnce()
    world.services = replace(world.services, installer=world.installer)
    row = world.order().instance
    world.follow_nudges()
    failed = world.settle(row.id, Status.FAILED)
    assert (code_of(failed), len(world.installer.started)) == ("no_builder", 11)
    assert world.alarms.events().count("builder.never_ran") == 1
    assert world.servers.project.servers == {}
    assert "create" not in world.requests()
    assert world.services.breaker.get() == BREAKER_AT_REST


def test_at_the_deadline_a_queued_job_is_stopped() -> None:
    """An hour in the queue: the job is ended, nothing was bought, and the breaker counts nothing (row B16)."""
    world, row = queued()
    failed = world.settle(row.id, Status.FAILED)
    world.wait(MINUTE)
    assert code_of(failed) == "no_builder"
    assert failed.ended_at is not None
    assert REQUESTED_FOR <= failed.ended_at - TEN <= REQUESTED_FOR + MINUTE
    assert (world.installer.running(), world.spend, world.live, world.mails()) == (0, 0, 0, ["failed"])
    assert "create" not in world.requests()
    assert world.services.breaker.get() == BREAKER_AT_REST


def test_a_stop_that_is_not_heard_at_the_deadline_does_no_harm() -> None:
    """The job runs after all: its claim is answered with the end, and there is no machine it could touch (rule R18)."""
    world, row = queued()
    deaf: Any = Deaf(world.installer)
    plain = world.services
    world.services = replace(plain, installer=deaf)
    world.settle(row.id, Status.FAILED)
    world.services = plain
    assert deaf.asked
    world.installer.run(row.id, 1)
    with pytest.raises(BuildOver):
        world.claim(row.id, 1)
    assert world.servers.project.servers == {}


def test_a_guest_who_ends_it_in_the_queue_ends_the_job_too() -> None:
    """Called off while queued: the job is stopped, nothing was bought, and the money comes back."""
    world, row = queued()
    deprovision(world.services, row.id)
    world.follow_nudges()
    ended = world.row(row.id)
    assert (ended.status, ended.end_reason, code_of(ended)) == (Status.DELETED, EndReason.RELEASED, "revoked")
    assert (world.installer.running(), world.spend, world.live) == (0, 0, 0)
    assert "create" not in world.requests()


def test_nobody_claims_an_order_from_the_queue() -> None:
    """Before there is a machine a claim of the newest attempt is too early, and of no attempt it is granted."""
    world, row = queued()
    with pytest.raises(TooEarly):
        world.claim(row.id, 1)
    assert world.services.instances.get_build(row.id, 1) is None


def test_a_pause_sends_a_queued_job_home() -> None:
    """While the switch is off no job waits for a purchase that is not made; afterwards another one is started."""
    world, row = queued()
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    world.wait(LOOK)
    assert (world.row(row.id).status, world.installer.running()) == (Status.REQUESTED, 0)
    world.services.stack.write(replace(world.stack, paused=False), world.stack)
    world.installer.queueing = False
    world.wait(MINUTE)
    assert (world.row(row.id).status, attempt_of(world, row)) == (Status.INSTALLING, 2)


def test_what_sells_out_while_a_job_is_queued_fails_the_order_and_ends_the_job() -> None:
    """Stock is looked at again before the purchase: nothing to buy, no builder left behind."""
    world = World()
    world.installer.queueing = True
    row = world.order(server_type="cpx32").instance
    world.follow_nudges()
    world.services.catalogue.refuse("cpx32@nbg1", TEN + HOUR)
    world.wait(LOOK)
    assert code_of(world.row(row.id)) == "stock"
    world.settle(row.id, Status.FAILED)
    assert world.installer.running() == 0
