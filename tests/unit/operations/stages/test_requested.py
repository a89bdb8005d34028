"""An ordered instance: what is chosen, what it may cost, and that one job is started before anything is bought.

Jobs in a platform's queue are in `test_queued_jobs.py`, jobs that run and have not asked in `test_asking_jobs.py`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.catalogue import Market
from chalicelib.domain.errors import BuilderFull, BuilderUnknown, CccError
from chalicelib.domain.instance import EndReason, Status
from chalicelib.domain.lifecycle import REQUESTED_FOR
from tests.unit.domain.samples import HOUR, MINUTE, TEN
from tests.unit.operations.attempts import attempt_of, code_of
from tests.unit.operations.between import Between
from tests.unit.operations.stages.first_jobs import BREAKER_AT_REST, LOOK, no_answer
from tests.unit.operations.world import World


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


def test_a_job_that_runs_at_once_costs_no_extra_look() -> None:
    """Where a builder asks as soon as it is started no time passes, and four writes lie before the purchase."""
    world = World()
    row = world.order().instance
    world.follow_nudges()
    bought = world.row(row.id)
    assert (bought.status, world.clock.now()) == (Status.INSTALLING, TEN)
    # written: the lease, the job, the question, the lease, `creating`, `installing`
    assert bought.version - row.version == 6


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
    silent: Any = Between(world.installer, "state", no_answer)
    plain = world.services
    world.services = replace(plain, installer=silent)
    world.follow_nudges()
    kept = world.row(row.id)
    assert kept.build is not None
    assert (kept.status, kept.build.reference) == (Status.REQUESTED, f"{row.id}-1")
    world.services, world.builders_ask = plain, True
    world.wait(LOOK)
    assert (world.row(row.id).status, len(world.installer.started)) == (Status.INSTALLING, 1)


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
