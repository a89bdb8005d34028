"""What the fake of `Servers` can be told, beyond the contract that it shares with the real adapter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain import labels
from chalicelib.domain.errors import OutOfStock, ProviderUnknown, RateLimited, ServerLocked
from chalicelib.operations.ports import ServerOrder
from tests.fakes.servers import BOOT, FakeServers

STACK = "a-stack"


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """The time it was set to."""
        return self.time


def ordered(servers: FakeServers, instance_id: str) -> ServerOrder:
    """An order with a marker that exists."""
    marker = servers.plant_marker(STACK, 1, "ssh-ed25519 AAAA")
    assert marker.marker_id is not None
    return ServerOrder(
        instance_id=instance_id,
        server_type="cpx22",
        location="nbg1",
        labels=labels.server_labels(stack=STACK, instance_id=instance_id),
        user_data="",
        marker_id=marker.marker_id,
    )


def test_a_failure_has_no_effect_and_a_lost_answer_has_one() -> None:
    """Both raise once, at the method they name and at no other."""
    servers = FakeServers(Hands())
    order = ordered(servers, "aaaaaaaaaaaa")
    servers.fail_next(RateLimited("later"), "create")
    assert servers.listed(STACK) == ()
    with pytest.raises(RateLimited):
        servers.create(order)
    assert servers.listed(STACK) == ()
    servers.lose_next("create")
    with pytest.raises(ProviderUnknown):
        servers.create(order)
    (fact,) = servers.listed(STACK)
    servers.fail_next(ServerLocked("busy"))
    with pytest.raises(ServerLocked):
        servers.get(fact.server_id)
    assert servers.get(fact.server_id) is not None


def test_a_stale_list_is_the_one_before() -> None:
    """It shows what has been deleted since, as often as it is told."""
    servers = FakeServers(Hands())
    made = servers.create(ordered(servers, "aaaaaaaaaaaa"))
    before = servers.listed(STACK)
    servers.delete(made.server_id)
    servers.serve_stale_list()
    assert servers.listed(STACK) == before
    assert servers.listed(STACK) == ()


def test_the_newest_free_address_is_given_out_first() -> None:
    """A deleted server's address goes to the next one, as happens at Hetzner."""
    servers = FakeServers(Hands())
    made = servers.create(ordered(servers, "aaaaaaaaaaaa"))
    other = servers.create(ordered(servers, "bbbbbbbbbbbb"))
    servers.delete(made.server_id)
    again = servers.create(ordered(servers, "cccccccccccc"))
    assert again.ip == made.ip != other.ip


def test_a_server_runs_after_its_boot() -> None:
    """Until then it is shown as initializing."""
    clock = Hands()
    servers = FakeServers(clock)
    made = servers.create(ordered(servers, "aaaaaaaaaaaa"))
    statuses = []
    for _ in range(2):
        fact = servers.get(made.server_id)
        statuses.append(fact.status if fact else None)
        clock.time += BOOT
    assert statuses == ["initializing", "running"]


def test_stock_may_run_out_behind_the_market() -> None:
    """`available` is advisory: the refusal comes although the market still shows the type."""
    clock = Hands()
    servers = FakeServers(clock)
    servers.sell_out("cpx22", "nbg1")
    with pytest.raises(OutOfStock):
        servers.create(ordered(servers, "aaaaaaaaaaaa"))
    kind = servers.market(clock.now()).named("cpx22")
    assert kind is not None
    assert kind.offers[0].available


def test_the_providers_clock_may_be_off() -> None:
    """Its time is that of the last answer, off by the skew, and counts for a minute."""
    clock = Hands()
    servers = FakeServers(clock)
    servers.skew = timedelta(minutes=-5)
    servers.listed(STACK)
    clock.time += timedelta(seconds=60)
    assert servers.provider_time() == datetime(2026, 11, 1, 11, 55, tzinfo=UTC)
    clock.time += timedelta(seconds=1)
    assert servers.provider_time() is None
