"""The create: once, known again whatever the answer was, and never somebody else's server."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.errors import (
    CccError,
    ProviderError,
    ProviderUnknown,
    RateLimited,
    TokenRejected,
)
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.lifecycle import CREATING_FOR, LOOK_AGAIN
from chalicelib.domain.limits import CREATES
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.advance import advance
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.attempts import code_of
from tests.unit.operations.between import Between
from tests.unit.operations.world import World

SOON = timedelta(seconds=5)


def ordered(world: World, **wish: Any) -> Instance:
    """An instance whose order has been carried out as far as it goes at once."""
    row = world.order(**wish).instance
    world.follow_nudges()
    return world.row(row.id)


def stranger(name: str, **shown: str) -> ServerFact:
    """A server of this name with other labels."""
    return ServerFact(server_id=99, name=name, labels=shown, created_at=TEN, status="running", ip="198.18.9.9")


def test_r3_the_create_says_everything_at_once() -> None:
    """Name, labels, type, place, user_data and the marker's key are in the one request (rule R3)."""
    world = World()
    row = ordered(world)
    order = next(about for method, about in world.servers.calls if method == "create")
    assert (order.instance_id, order.server_type, order.location) == (row.id, "cpx22", "nbg1")
    assert order.labels == labels.server_labels(stack=world.stack.uuid, instance_id=row.id)
    assert order.marker_id == world.stack.marker_id
    assert order.user_data.startswith("#cloud-config\n")
    assert row.email not in str(order)


def test_p8_a_server_whose_answer_was_lost_is_adopted() -> None:
    """The create had its effect and no answer: the second meets the name, and takes the same server (rows P8, P9)."""
    world = World()
    world.servers.lose_next("create")
    row = ordered(world)
    assert (row.status, row.machine) == (Status.CREATING, None)
    world.wait(SOON)
    row = world.row(row.id)
    assert row.status is Status.INSTALLING
    assert row.machine is not None
    assert list(world.servers.project.servers) == [row.machine.server_id]
    assert world.requests() == ["create", "create", "find"]


def test_p8_a_create_that_had_no_effect_is_sent_again_under_the_same_name() -> None:
    """No answer and no server: the same name is tried again, never a new one (row P8)."""
    world = World()
    world.servers.fail_next(ProviderUnknown("timed out"), "create")
    row = ordered(world)
    world.wait(SOON)
    assert world.row(row.id).status is Status.INSTALLING
    assert [fact.name for fact in world.servers.project.servers.values()] == [row.name]


def test_p11_a_worker_that_died_after_its_create_is_followed_by_one_who_adopts() -> None:
    """The server exists and the row has no id: after the lease the next worker finds it (row P11)."""
    world = World()
    row = world.with_builder()

    class Killed(BaseException):
        """The worker is gone."""

    def kill() -> None:
        raise Killed

    servers: Any = Between(world.servers, "create", kill, after=True)
    with pytest.raises(Killed):
        advance(replace(world.services, servers=servers), row.id)
    world.wait(MINUTE)
    assert world.row(row.id).machine is None
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.INSTALLING
    assert len(world.servers.project.servers) == 1


def test_p20_a_server_without_an_address_is_waited_for() -> None:
    """An adopted server that has no address yet leads no further; no build and no mail before it has one (row P20)."""
    world = World()
    world.servers.lose_next("create")
    row = ordered(world)
    (server_id,) = world.servers.project.servers
    world.servers.alter(server_id, ip=None)
    world.wait(SOON)
    assert world.row(row.id).status is Status.CREATING
    world.servers.alter(server_id, ip="198.18.0.1")
    world.wait(SOON)
    assert world.row(row.id).status is Status.INSTALLING


@pytest.mark.parametrize("shown", [{}, {"managed-by": "ccc", "ccc-stack": "another"}])
def test_p10_a_strangers_server_ends_the_instance_and_is_not_touched(shown: dict[str, str]) -> None:
    """A server of our name without our labels: the row fails, somebody is told, nothing is deleted (row P10)."""
    world = World()
    row = world.order().instance
    world.servers.add(stranger(row.name, **shown))
    world.follow_nudges()
    failed = world.settle(row.id, Status.FAILED)
    assert code_of(failed) == "stranger"
    assert "provider.stranger" in world.alarms.events()
    assert list(world.servers.project.servers) == [99]
    assert "delete" not in world.requests()
    assert (world.spend, world.live) == (0, 0)


def test_p16_out_of_stock_leads_to_the_next_choice() -> None:
    """A refusal is remembered for all, and the next of the list is bought at once (row P16)."""
    world = World()
    world.servers.sell_out("cpx22", "nbg1")
    row = ordered(world)
    assert row.choice is not None
    assert (row.status, row.choice.key, row.refused) == (Status.INSTALLING, "cpx22@hel1", ("cpx22@nbg1",))
    assert world.services.catalogue.refused(TEN) == {"cpx22@nbg1"}
    assert world.requests() == ["create", "create"]


def test_p16_when_nothing_is_left_the_instance_fails_and_costs_nothing() -> None:
    """Every choice is refused: the guest is told that there is no stock, and the money comes back (row P16)."""
    world = World()
    for place in ("nbg1", "hel1"):
        world.servers.sell_out("cpx22", place)
    row = ordered(world, server_type="cpx22")
    failed = world.settle(row.id, Status.FAILED)
    world.wait(MINUTE)
    assert code_of(failed) == "stock"
    assert (world.spend, world.live, world.servers.project.servers) == (0, 0, {})
    assert world.installer.running() == 0
    assert world.mails() == ["failed"]


def test_the_accounts_own_limit_fails_the_instance_and_raises_an_alarm() -> None:
    """The provider's limit is not one that waiting helps against: somebody has to raise it."""
    world = World()
    world.servers.limit = 0
    row = ordered(world)
    failed = world.settle(row.id, Status.FAILED)
    assert code_of(failed) == "provider_limit"
    assert "provider.limit" in world.alarms.events()


def test_another_refusal_fails_the_instance() -> None:
    """What the provider refuses for a reason of its own is not repeated."""
    world = World()
    world.servers.fail_next(ProviderError("invalid input"), "create")
    row = ordered(world)
    failed = world.settle(row.id, Status.FAILED)
    assert (code_of(failed), failed.end_reason) == ("provider", EndReason.FAILED)
    assert "provider.refused_create" in world.alarms.events()


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (RateLimited("slow down", retry_after=7), 7),
        (RateLimited("slow down"), 10),
        (RateLimited("slow down", retry_after=3600), 60),
        (TokenRejected("revoked"), 30),
        (ProviderUnknown("timed out"), 5),
    ],
)
def test_p17_p18_a_passing_refusal_is_waited_out(error: CccError, wait: int) -> None:
    """A throttled or rejected request is repeated after a while of at most a minute (rows P17, P18)."""
    world = World()
    world.servers.fail_next(error, "create")
    row = ordered(world)
    assert (row.status, row.due_at) == (Status.CREATING, TEN + timedelta(seconds=wait))
    assert timedelta(seconds=wait) <= LOOK_AGAIN
    world.wait(timedelta(seconds=wait))
    assert world.row(row.id).status is Status.INSTALLING


def test_p7_a_provider_that_never_answers_ends_the_instance_at_its_deadline() -> None:
    """After ten minutes without a server, and a look that finds none, the instance fails and costs nothing (row P7)."""
    world = World()
    for _ in range(200):
        world.servers.fail_next(ProviderUnknown("timed out"), "create")
    row = ordered(world)
    failed = world.settle(row.id, Status.FAILED, within=20 * MINUTE)
    assert code_of(failed) == "provider"
    assert failed.ended_at is not None
    assert failed.ended_at >= TEN + CREATING_FOR
    assert (world.spend, world.live) == (0, 0)


def test_p8_at_the_deadline_a_server_that_is_there_is_adopted() -> None:
    """The look by name at the deadline finds the server of a lost answer: it is used, not thrown away."""
    world = World()
    world.servers.lose_next("create")
    row = ordered(world)
    world.wait(CREATING_FOR)
    assert world.row(row.id).status is Status.INSTALLING
    assert world.requests() == ["create", "find"]


def test_rule_23_a_create_is_not_sent_on_the_rest_of_a_lease() -> None:
    """With 39 s left of its 90, too few for a request, a worker takes its lease anew before it posts (rule R23)."""
    world = World()
    world.servers.fail_next(ProviderUnknown("timed out"), "create")
    row = ordered(world)
    world.clock.advance(SOON)
    late: list[timedelta] = []
    instances: Any = Between(
        world.services.instances, "write", lambda: world.clock.advance(timedelta(seconds=51)), after=True
    )

    def look() -> None:
        until = world.row(row.id).lease_until
        assert until is not None
        late.append(until - world.clock.now())

    servers: Any = Between(world.servers, "create", look)
    advance(replace(world.services, instances=instances, servers=servers), row.id)
    assert late == [timedelta(seconds=90)]


def test_the_operators_cap_on_creations_makes_it_wait() -> None:
    """Attempts count: when the hour's are used up the row waits, and an alarm says so."""
    world = World(max_creates_per_hour=1)
    one, two = world.order().instance, world.order().instance
    world.follow_nudges()
    assert [world.row(row.id).status for row in (one, two)] == [Status.INSTALLING, Status.CREATING]
    assert "creates.limit" in world.alarms.events()
    assert world.services.instances.counters([CREATES.key(TEN)]) == {CREATES.key(TEN): 1}
    failed = world.settle(two.id, Status.FAILED, within=20 * MINUTE)
    assert failed.failure is not None
    assert failed.failure.code == "limit"
    assert world.requests().count("create") == 1
    assert world.services.breaker.get().count == 0


def test_p12_two_workers_at_once_make_one_server() -> None:
    """The second worker finds the row held, and stops (row P12)."""
    world = World()
    row = world.with_builder()
    servers: Any = Between(world.servers, "create", lambda: advance(world.services, row.id))
    advance(replace(world.services, servers=servers), row.id)
    assert world.requests() == ["create"]
    assert len(world.installer.started) == 1


def test_p13_a_worker_paused_past_its_lease_makes_no_second_server() -> None:
    """The first wakes up when the second has made the server: the name is taken, and its outcome counts for nothing."""
    world = World()
    row = world.with_builder()

    def somebody_else() -> None:
        world.clock.advance(2 * MINUTE)
        advance(world.services, row.id)

    servers: Any = Between(world.servers, "create", somebody_else)
    advance(replace(world.services, servers=servers), row.id)
    after = world.row(row.id)
    assert after.status is Status.INSTALLING
    assert len(world.servers.project.servers) == 1
    assert after.lease_id is None


def test_a_stack_without_its_marker_buys_nothing() -> None:
    """Before the marker is planted there is no key to create a server with: the order fails."""
    world = World()
    world.services.stack.write(replace(world.stack, marker_id=None), world.stack)
    row = ordered(world)
    assert world.settle(row.id, Status.FAILED).status is Status.FAILED
    assert "create" not in world.requests()
