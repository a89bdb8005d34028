"""The contract of `Servers`: the fake and the Hetzner adapter, before an emulator, give the same answers."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.domain import labels
from chalicelib.domain.errors import (
    NameTaken,
    OutOfStock,
    ProviderError,
    ProviderLimit,
    ProviderUnknown,
    ServerLocked,
    ServerProtected,
)
from chalicelib.operations.ports import Marker, MarkerState
from tests.contract.server_benches import Bench, FakeBench, HetznerBench
from tests.contract.server_orders import NOW, choices, order, public_key
from tests.emulator_process import emulator_process


def test_a_created_server_is_what_was_ordered(bench: Bench, stack: str, marker: Marker) -> None:
    """By name, by id and in the list it is the same server, with the labels, type and place of its order."""
    wanted = order(bench, stack, marker)
    made = bench.servers.create(wanted)
    fact = bench.servers.find(labels.server_name(wanted.instance_id))
    assert fact is not None
    assert (fact.server_id, fact.ip, fact.ipv6_network) == (made.server_id, made.ip, made.ipv6_network)
    assert (fact.server_type, fact.location) == (wanted.server_type, wanted.location)
    assert (dict(fact.labels), fact.created_at) == (dict(wanted.labels), made.created_at)
    assert bench.servers.get(made.server_id) == fact
    assert [each.fingerprint for each in bench.servers.listed(stack)] == [fact.fingerprint]


def test_a_server_is_created_in_the_providers_present(bench: Bench, stack: str, marker: Marker) -> None:
    """Its paid hours begin at the provider's own time, which is None before the first answer."""
    made = bench.servers.create(order(bench, stack, marker))
    provider_time = bench.servers.provider_time()
    assert provider_time is not None
    assert abs(provider_time - made.created_at) <= timedelta(seconds=5)


def test_there_is_no_provider_time_before_an_answer(bench: Bench) -> None:
    """Nothing is said of a clock that nobody has seen."""
    assert bench.servers.provider_time() is None


def test_a_name_is_created_once(bench: Bench, stack: str, marker: Marker) -> None:
    """The second create of an instance is NameTaken and adds nothing."""
    wanted = order(bench, stack, marker)
    bench.servers.create(wanted)
    with pytest.raises(NameTaken):
        bench.servers.create(wanted)
    assert len(bench.servers.listed(stack)) == 1


def test_a_lost_answer_is_unknown_and_the_server_is_found(bench: Bench, stack: str, marker: Marker) -> None:
    """A create whose answer is lost has happened: its server is found by name, and a second create is NameTaken."""
    wanted = order(bench, stack, marker)
    bench.lose_next_create()
    with pytest.raises(ProviderUnknown):
        bench.servers.create(wanted)
    assert bench.servers.find(labels.server_name(wanted.instance_id)) is not None
    with pytest.raises(NameTaken):
        bench.servers.create(wanted)


def test_a_deleted_server_is_gone_and_its_name_is_free(bench: Bench, stack: str, marker: Marker) -> None:
    """Neither id nor name nor list shows it, deleting it again is a success, and its name can be used at once."""
    wanted = order(bench, stack, marker)
    made = bench.servers.create(wanted)
    bench.servers.delete(made.server_id)
    assert bench.servers.get(made.server_id) is None
    assert bench.servers.find(labels.server_name(wanted.instance_id)) is None
    assert bench.servers.listed(stack) == ()
    bench.servers.delete(made.server_id)
    assert bench.servers.create(wanted).server_id != made.server_id


def test_what_never_existed_is_none(bench: Bench, stack: str) -> None:
    """An unknown id or name is no error, and deleting it is a success."""
    assert bench.servers.get(999_999_999) is None
    assert bench.servers.find("cc-000000000000") is None
    assert bench.servers.listed(stack) == ()
    bench.servers.delete(999_999_999)


def test_what_is_sold_out_is_out_of_stock(bench: Bench, stack: str, marker: Marker) -> None:
    """A type that the market shows as unavailable is refused, and nothing is created."""
    with pytest.raises(OutOfStock):
        bench.servers.create(order(bench, stack, marker, choices(bench, available=False)[0]))
    assert bench.servers.listed(stack) == ()


def test_a_type_is_out_of_stock_where_it_is_not_sold(bench: Bench, stack: str, marker: Marker) -> None:
    """A location that does not have the type at all refuses like one that has run out of it."""
    with pytest.raises(OutOfStock):
        bench.servers.create(order(bench, stack, marker, ("cpx22", "ash")))
    assert bench.servers.listed(stack) == ()


def test_an_order_that_makes_no_sense_is_refused(bench: Bench, stack: str, marker: Marker) -> None:
    """An unknown type or an unknown marker is a plain ProviderError, and nothing is created."""
    with pytest.raises(ProviderError) as refused:
        bench.servers.create(order(bench, stack, marker, ("no-such-type", "nbg1")))
    assert type(refused.value) is ProviderError
    stranger = Marker(state=MarkerState.OURS, marker_id=999_999_999)
    with pytest.raises(ProviderError) as refused:
        bench.servers.create(order(bench, stack, stranger))
    assert type(refused.value) is ProviderError
    assert bench.servers.listed(stack) == ()


def test_the_accounts_limit_is_told(bench: Bench, stack: str, marker: Marker) -> None:
    """ProviderLimit, and nothing is created."""
    wanted = order(bench, stack, marker)
    bench.reach_limit()
    with pytest.raises(ProviderLimit):
        bench.servers.create(wanted)
    assert bench.servers.listed(stack) == ()


def test_a_locked_server_is_deleted_later(bench: Bench, stack: str, marker: Marker) -> None:
    """ServerLocked has no effect, and the same delete passes when the lock is gone."""
    made = bench.servers.create(order(bench, stack, marker))
    bench.lock_next(made.server_id)
    with pytest.raises(ServerLocked):
        bench.servers.delete(made.server_id)
    assert bench.servers.get(made.server_id) is not None
    bench.servers.delete(made.server_id)
    assert bench.servers.get(made.server_id) is None


def test_a_protected_server_stays(bench: Bench, stack: str, marker: Marker) -> None:
    """Neither delete nor rebuild lifts the protection."""
    made = bench.servers.create(order(bench, stack, marker))
    bench.protect(made.server_id)
    with pytest.raises(ServerProtected):
        bench.servers.delete(made.server_id)
    with pytest.raises(ServerProtected):
        bench.servers.rebuild(made.server_id)
    assert bench.servers.get(made.server_id) is not None


def test_a_rebuilt_server_is_the_same_server(bench: Bench, stack: str, marker: Marker) -> None:
    """Id, name, address and creation stay; an absent server cannot be rebuilt."""
    made = bench.servers.create(order(bench, stack, marker))
    before = bench.servers.get(made.server_id)
    bench.servers.rebuild(made.server_id)
    after = bench.servers.get(made.server_id)
    assert before is not None
    assert after is not None
    assert (after.fingerprint, after.ip) == (before.fingerprint, before.ip)
    with pytest.raises(ProviderError):
        bench.servers.rebuild(999_999_999)


@pytest.mark.parametrize("kind", ["fake", "hetzner"])
def test_a_server_that_is_being_rebuilt_says_so(kind: str, stack: str, tmp_path: Path) -> None:
    """A rebuild is accepted before it is done: until then the server is locked and does not run."""
    clock = tmp_path / "clock"
    clock.write_text("=1793534400", encoding="ascii")
    with ExitStack() as places:
        slow: Bench = FakeBench()
        if kind == "hetzner":
            slow = HetznerBench(places.enter_context(emulator_process(tmp_path, "--ssh", "off", "--clock", str(clock))))
        made = slow.servers.create(order(slow, stack, slow.servers.plant_marker(stack, 1, public_key())))
        clock.write_text("=1793534500", encoding="ascii")  # the create's own lock is over, on a clock that stands still
        before = slow.servers.get(made.server_id)
        slow.servers.rebuild(made.server_id)
        after = slow.servers.get(made.server_id)
    assert before is not None
    assert after is not None
    assert (before.locked, after.locked, after.status) == (False, True, "rebuilding")


def test_the_list_holds_every_server_of_the_stack_and_no_other(bench: Bench, stack: str, marker: Marker) -> None:
    """More than a page of servers is listed whole, without those of another stack in the same project."""
    choice = choices(bench, available=True)[0]
    made = {bench.servers.create(order(bench, stack, marker, choice)).server_id for _ in range(51)}
    bench.servers.create(order(bench, str(uuid.uuid4()), marker, choice))
    listed = [fact.server_id for fact in bench.servers.listed(stack)]
    assert len(listed) == len(made)
    assert set(listed) == made


def test_the_market_has_prices_and_stock(bench: Bench) -> None:
    """It is dated with the caller's now, every offer has a price, and something can be had for this image's CPU."""
    market = bench.servers.market(NOW)
    assert market.read_at == NOW
    offers = [offer for kind in market.types for offer in kind.offers]
    assert all(0 < offer.hourly < offer.monthly for offer in offers)
    assert choices(bench, available=True)
    assert len({kind.name for kind in market.types}) == len(market.types)
