"""An ordered instance: what is chosen, and that nothing is bought before a builder has asked for its order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.api.stages import current_stage
from chalicelib.domain.breaker import BreakerState
from chalicelib.domain.build import Cause
from chalicelib.domain.catalogue import Market
from chalicelib.domain.errors import BuilderFull, BuilderUnknown, BuildOver, CccError, Superseded, TooEarly
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.lifecycle import REQUESTED_FOR
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.ports import BuildState
from chalicelib.operations.show import show
from tests.fakes.installer import FakeInstaller
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.attempts import attempt_of, code_of
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World

LOOK = timedelta(seconds=10)
BREAKER_AT_REST = BreakerState()


def queued() -> tuple[World, Instance]:
    """A world whose platform has put the first job of an order into its queue."""
    world = World()
    world.installer.queueing = True
    row = world.order().instance
    world.follow_nudges()
    return world, world.row(row.id)


def test_the_builder_is_started_before_the_server_is_bought() -> None:
    """The order of the two side effects: a builder slot is the scarce thing."""
    world = World()
    happened: list[str] = []
    installer: Any = Between(world.installer, "start", lambda: happened.append("start"))
    servers: Any = Between(world.servers, "create", lambda: happened.append("create"))
    world.services = replace(world.services, installer=installer, servers=servers)
    world.order()
    world.follow_nudges()
    assert happened == ["start", "create"]


def test_the_job_knows_where_to_claim_and_with_which_code() -> None:
    """The job gets the service's address, its attempt and the claim code, and nothing else."""
    world = World()
    row = world.installing()
    (job,) = world.installer.started
    assert (job.instance_id, job.attempt, job.api_url) == (row.id, 1, "https://ccc.example.com")
    assert job.claim_code.startswith("ccc_claim_")


@pytest.mark.parametrize("error", [BuilderFull("full"), BuilderUnknown("no answer")])
def test_b16_without_a_builder_nothing_is_bought(error: CccError) -> None:
    """A full house, or no answer of it, leaves the row where it is, and it is tried again soon (row B16)."""
    world = World()
    row = world.order().instance
    world.installer.fail_next(error)
    world.follow_nudges()
    waiting = world.row(row.id)
    assert (waiting.status, waiting.due_at) == (Status.REQUESTED, TEN + timedelta(seconds=10))
    assert world.requests() == []
    world.wait(timedelta(seconds=10))
    assert world.row(row.id).status is Status.INSTALLING


def test_b2_a_start_whose_reply_was_lost_is_one_job() -> None:
    """The job was started and nobody heard of it: started again it is the same job (row B2)."""
    world = World()
    row = world.order().instance
    world.installer.start_then_fail(BuilderUnknown("the reply was lost"))
    world.follow_nudges()
    world.wait(timedelta(seconds=10))
    assert world.row(row.id).status is Status.INSTALLING
    assert len(world.installer.started) == 1


def test_b16_after_an_hour_without_a_builder_the_order_fails() -> None:
    """The guest is told, no request was made, and all money comes back (row B16)."""
    world = World()
    world.installer._slots = 0
    row = world.order().instance
    world.follow_nudges()
    failed = world.settle(row.id, Status.FAILED)
    world.wait(MINUTE)
    assert failed.failure is not None
    assert (failed.end_reason, failed.failure.code) == (EndReason.FAILED, "no_builder")
    assert failed.ended_at is not None
    assert REQUESTED_FOR <= failed.ended_at - TEN <= REQUESTED_FOR + MINUTE
    assert (world.requests(), world.spend, world.live) == ([], 0, 0)
    assert world.mails() == ["failed"]


def test_rule_25_a_pause_holds_what_was_ordered_before() -> None:
    """While the switch is off nothing is started or bought; when it is on again the order goes on (rule R25)."""
    world = World()
    row = world.order().instance
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    world.follow_nudges()
    world.wait(5 * MINUTE)
    assert world.row(row.id).status is Status.REQUESTED
    assert (world.installer.started, world.requests()) == ([], [])
    world.services.stack.write(replace(world.stack, paused=False), world.stack)
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.INSTALLING


def test_what_went_out_of_stock_since_the_order_fails_it() -> None:
    """When nothing of the wish is left, the order fails without a job and without a request."""
    world = World()
    row = world.order(server_type="cpx32").instance
    world.services.catalogue.refuse("cpx32@nbg1", TEN + HOUR)
    world.follow_nudges()
    failed = world.row(row.id)
    assert failed.failure is not None
    assert (failed.status, failed.failure.code) == (Status.FAILED, "stock")
    assert (world.installer.started, world.requests(), world.spend) == ([], [], 0)


def dearer(market: Market, factor: int) -> Market:
    """The market with all prices raised."""
    return replace(
        market,
        types=tuple(
            replace(kind, offers=tuple(replace(offer, hourly=offer.hourly * factor) for offer in kind.offers))
            for kind in market.types
        ),
    )


def test_p23_what_has_become_dearer_is_not_bought_on_an_old_reservation() -> None:
    """Prices rose between the order and the purchase: the money set aside does not pay for it (row P23)."""
    world = World()
    row = world.order(server_type="cpx22").instance
    world.services.catalogue.keep(dearer(world.servers.market(TEN), 2))
    world.follow_nudges()
    assert world.row(row.id).status is Status.FAILED
    assert (world.requests(), world.spend) == ([], 0)


def test_p23_what_still_fits_the_reservation_is_bought_at_the_new_price() -> None:
    """An unnamed wish had the dearest type set aside: the cheaper one may cost more than it did (row P23)."""
    world = World()
    row = world.order().instance
    world.services.catalogue.keep(dearer(world.servers.market(TEN), 1))
    risen = replace(
        world.servers.market(TEN),
        types=tuple(
            replace(kind, offers=tuple(replace(offer, hourly=Decimal("0.05")) for offer in kind.offers))
            for kind in world.servers.market(TEN).types
        ),
    )
    world.services.catalogue.keep(risen)
    world.follow_nudges()
    choice = world.row(row.id).choice
    assert choice is not None
    assert (choice.key, choice.hourly) == ("cpx22@nbg1", Decimal("0.05"))


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


def test_a_job_that_runs_at_once_costs_no_extra_look() -> None:
    """Where a builder asks as soon as it is started no time passes, and four writes lie before the purchase."""
    world = World()
    row = world.order().instance
    world.follow_nudges()
    bought = world.row(row.id)
    assert (bought.status, world.clock.now()) == (Status.INSTALLING, TEN)
    # written: the lease, the job, the question, the lease, `creating`, `installing`
    assert bought.version - row.version == 6


def started() -> tuple[World, Instance]:
    """A world whose platform calls the first job running, and whose builder has said nothing."""
    world = World()
    world.builders_ask = False
    row = world.order().instance
    world.follow_nudges()
    return world, world.row(row.id)


def test_a_job_that_runs_and_says_nothing_buys_nothing() -> None:
    """What a platform calls running is no builder: for want of its question the row waits, and looks again."""
    world, row = started()
    assert row.build is not None
    assert (row.status, row.build.running_at, row.build.asked_at) == (Status.REQUESTED, TEN, None)
    assert (row.due_at, world.requests()) == (TEN + LOOK, [])
    world.wait(LOOK)
    kept = world.row(row.id).build
    assert kept is not None
    assert (kept.running_at, world.requests()) == (TEN, [])
    world.builders_ask = True
    world.wait(LOOK)
    assert (world.row(row.id).status, world.requests()) == (Status.INSTALLING, ["create"])


def test_what_its_builder_said_is_kept_with_the_purchase() -> None:
    """The row tells when the job was first seen to run, and when its builder asked."""
    world, row = started()
    world.clock.advance(LOOK)
    world.builders_ask = True
    world.tick()
    bought = world.row(row.id)
    assert bought.build is not None
    assert bought.status is Status.INSTALLING
    assert (bought.build.running_at, bought.build.asked_at) == (TEN, TEN + LOOK)


def test_jobs_that_begin_and_end_for_want_of_a_part_cost_nothing() -> None:
    """Each runs and ends without a question: eleven jobs in the hour, no request of ours, and a cause that says so."""
    world, row = started()
    while world.row(row.id).status is Status.REQUESTED:
        world.installer.end(row.id, attempt_of(world, row))
        world.wait(MINUTE)
    failed = world.settle(row.id, Status.FAILED)
    assert (code_of(failed), len(world.installer.started)) == ("never_claimed", 11)
    assert ("create" in world.requests(), world.servers.project.servers, world.spend) == (False, {}, 0)
    told = [fields for event, fields in world.alarms.raised if event == "builder.never_ran"]
    assert told == [{"instance_id": row.id, "attempts": 3, "seen_running": True}]


def test_a_job_that_asked_and_ended_before_the_purchase_buys_nothing() -> None:
    """Its platform knows of its end when the row is looked at: another job is started, and nothing is bought for it."""
    world, row = started()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    world.installer.end(row.id, 1)
    world.follow_nudges()
    assert (world.row(row.id).status, world.requests()) == (Status.REQUESTED, [])
    world.wait(MINUTE)
    assert (attempt_of(world, row), world.requests()) == (2, [])


def test_a_job_that_does_not_ask_in_its_time_is_ended_and_followed_by_another() -> None:
    """The time to claim counts from when it was seen to run; then it is stopped like any attempt that never ran."""
    world, row = started()
    world.wait(7 * MINUTE - timedelta(seconds=1))
    assert (attempt_of(world, row), world.installer.running()) == (1, 1)
    assert world.row(row.id).due_at == TEN + 7 * MINUTE
    world.wait(timedelta(seconds=1))
    following = world.row(row.id).build
    assert following is not None
    assert (following.attempt, following.unrun, following.asked_at) == (2, 1, None)
    assert (world.installer.running(), world.requests()) == (1, [])
    with pytest.raises(Superseded):
        world.claim(row.id, 1)


def test_a_job_that_cannot_be_stopped_is_not_followed() -> None:
    """While its platform does not say that the silent job has ended, no other is started (rule R18)."""
    world, row = started()
    deaf: Any = Deaf(world.installer)
    with meeting(world, installer=deaf):
        world.wait(8 * MINUTE)
    waiting = world.row(row.id)
    assert deaf.asked
    assert (attempt_of(world, row), len(world.installer.started)) == (1, 1)
    assert waiting.due_at == world.clock.now() + LOOK
    world.wait(LOOK)
    assert attempt_of(world, row) == 2


def test_a_question_is_not_lost_to_a_worker_who_looks_meanwhile() -> None:
    """Asked while a worker waits for the platform's word: what the worker writes keeps it, and it goes on at once."""
    world, row = started()
    world.clock.advance(LOOK)
    state: Any = Between(world.installer, "state", lambda: _asks(world, row), after=True)
    with meeting(world, installer=state):
        world.tick()
    assert world.row(row.id).status is Status.INSTALLING


def _asks(world: World, row: Instance) -> None:
    with suppress(TooEarly):
        world.claim(row.id)


def test_a_builder_that_asks_is_believed_though_its_platform_lags() -> None:
    """A list that still calls the job queued is older than the job's own question."""
    world, row = queued()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    world.follow_nudges()
    bought = world.row(row.id)
    assert bought.build is not None
    assert (bought.status, bought.build.running_at) == (Status.INSTALLING, TEN)


def test_while_its_platform_is_silent_nothing_is_bought() -> None:
    """A builder has asked and the platform does not answer: less is done, not more, and soon looked at (rule R21)."""
    world, row = started()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    with meeting(world, installer=Between(world.installer, "state", _silent)):
        world.follow_nudges()
    assert (world.row(row.id).status, world.requests()) == (Status.REQUESTED, [])
    assert world.row(row.id).due_at == TEN + LOOK
    world.wait(LOOK)
    assert world.row(row.id).status is Status.INSTALLING


def test_a_pause_sends_home_a_builder_that_has_asked() -> None:
    """What asked and is held back costs nothing: it is ended, and another one asks when the switch is on again."""
    world, row = started()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    world.follow_nudges()
    assert (world.row(row.id).status, world.installer.running(), world.requests()) == (Status.REQUESTED, 0, [])
    world.services.stack.write(replace(world.stack, paused=False), world.stack)
    world.builders_ask = True
    world.wait(MINUTE)
    assert (world.row(row.id).status, attempt_of(world, row)) == (Status.INSTALLING, 2)


def test_an_often_unrun_order_is_told_once_though_no_job_is_to_be_had_then() -> None:
    """The third silent job's successor is refused a slot for a while: the alarm comes with it, once."""
    world, row = started()
    for attempt in (1, 2, 3):
        world.installer.end(row.id, attempt)
        world.clock.advance(attempt * MINUTE)
        if attempt == 3:
            for _ in range(3):
                world.installer.refuse_starts = True
                world.wait(LOOK)
            assert "builder.never_ran" not in world.alarms.events()
            world.installer.refuse_starts = False
            world.clock.advance(LOOK)
        world.tick()
    assert (attempt_of(world, row), world.alarms.events().count("builder.never_ran")) == (4, 1)


def test_the_time_to_ask_counts_from_when_the_job_runs() -> None:
    """Four minutes in the queue are taken from nobody: the job has its seven minutes from its beginning on."""
    world, row = queued()
    world.builders_ask = False
    world.clock.advance(4 * MINUTE)
    world.installer.run(row.id, 1)
    world.tick()
    world.wait(7 * MINUTE - timedelta(seconds=5))
    assert attempt_of(world, row) == 1
    world.wait(timedelta(seconds=5))
    assert attempt_of(world, row) == 2


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


class Deaf:
    """A platform that answers no wish to stop."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.asked = False

    def __getattr__(self, name: str) -> Any:
        """The port's own."""
        return getattr(self._port, name)

    def stop(self, *_: object) -> None:
        """No answer."""
        self.asked = True
        raise BuilderUnknown("no answer")


def _silent() -> None:
    raise BuilderUnknown("no answer")


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


def test_an_order_that_a_pause_outlasts_says_so() -> None:
    """Not the builders but the switch was in the way: the guest and the breaker are told nothing else."""
    world = World()
    row = world.order().instance
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    world.follow_nudges()
    failed = world.settle(row.id, Status.FAILED)
    assert code_of(failed) == "paused"
    assert (world.installer.started, world.requests()) == ([], [])
    assert world.services.breaker.get() == BREAKER_AT_REST


def test_a_start_that_was_taken_is_kept_though_the_state_is_not_known() -> None:
    """The platform took the job and then fell silent: the row knows the job, and starts no other."""
    world = World()
    world.builders_ask = False
    row = world.order().instance
    silent: Any = Between(world.installer, "state", _silent)
    plain = world.services
    world.services = replace(plain, installer=silent)
    world.follow_nudges()
    kept = world.row(row.id)
    assert kept.build is not None
    assert (kept.status, kept.build.reference) == (Status.REQUESTED, f"{row.id}-1")
    world.services, world.builders_ask = plain, True
    world.wait(LOOK)
    assert (world.row(row.id).status, len(world.installer.started)) == (Status.INSTALLING, 1)


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


CRASHES = [
    (port, method, after, nth)
    for port, method in (("installer", "start"), ("installer", "state"), ("instances", "write"))
    for after in (False, True)
    for nth in (1, 2)
]


@pytest.mark.parametrize("queueing", [True, False])
@pytest.mark.parametrize(("port", "method", "after", "nth"), CRASHES)
def test_b3_a_worker_who_dies_anywhere_on_the_way_leaves_one_job_and_one_server(
    port: str, method: str, after: bool, nth: int, queueing: bool
) -> None:
    """Before or after any start, question or write: the next worker finds the same job, and buys once (rows B2, B3)."""
    world = World()
    world.installer.queueing = queueing
    row = world.order().instance
    plain = world.services
    dies: Any = Between(getattr(plain, port), method, _die, after=after, nth=nth)
    world.services = replace(plain, **{port: dies})
    with suppress(KeyboardInterrupt):
        world.follow_nudges()
        world.wait(LOOK)
    world.services = plain
    world.wait(2 * MINUTE)
    if queueing:
        assert (world.row(row.id).status, world.requests()) == (Status.REQUESTED, [])
        world.installer.run(row.id, 1)
    world.settle(row.id, Status.INSTALLING)
    assert (attempt_of(world, row), len(world.installer.started)) == (1, 1)
    assert len(world.servers.project.servers) == 1


def _die() -> None:
    raise KeyboardInterrupt
