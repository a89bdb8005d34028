"""The kill switch by address: everything of one person ends, whatever it is, and nothing of anybody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import audit
from chalicelib.domain.audit import Deed
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import SignupClosed, StoreUnavailable
from chalicelib.domain.instance import EndReason, Status
from chalicelib.operations.admit_owner import admit_owner
from chalicelib.operations.deprovision_owner import LOOKS, deprovision_owner, look_again
from chalicelib.operations.retry import retry
from chalicelib.operations.tick import WorkFailed, tick
from tests.unit.domain.samples import HOUR, MINUTE, TEN, an_instance
from tests.unit.operations.between import Between
from tests.unit.operations.guests import asked, confirmed, guests_machine, quota
from tests.unit.operations.world import GUEST, World

WHO = audit.operator("b" * 64)


def end(world: World, address: str = "name@example.com") -> tuple[list[str], bool]:
    """Throw the switch; the ids that it ended, and whether the address was let in before."""
    done = deprovision_owner(replace(world.services, actor=WHO), EmailAddress(value=address))
    return sorted(row.id for row in done.ended), done.newly_excluded


def test_every_row_of_the_address_ends_whatever_its_status() -> None:
    """Wishes, orders, builds and machines, a guest's and an operator's, in every spelling of the address."""
    world = World(per_owner=5)
    mine = [
        asked(world, "Name+1@example.com"),
        confirmed(world, "name+2@example.com"),
        guests_machine(world, "NAME@example.com"),
        world.installing(),
        world.running(),
        world.order().instance,
    ]
    other = guests_machine(world, "other@example.com")
    assert end(world) == (sorted(row.id for row in mine), True)
    world.follow_nudges()
    assert {world.row(row.id).status for row in mine[1:]} <= {Status.DELETING, Status.DELETED}
    assert world.row(mine[0].id).email == ""
    for row in mine:
        world.settle(row.id, Status.DELETED)
    assert {world.row(row.id).end_reason for row in mine[1:]} == {EndReason.RELEASED}
    assert world.row(other.id).status is Status.RUNNING
    assert (world.live, quota(world, mine[2]), quota(world, other)) == (1, 0, 1)
    assert [fact.name for fact in world.servers.project.servers.values()] == [other.name]


def test_a_repeat_ends_nothing_and_says_so() -> None:
    """What is ending or over is left alone."""
    world = World()
    row = guests_machine(world, GUEST.value)
    assert end(world) == ([row.id], True)
    assert end(world) == ([], False)
    world.follow_nudges()
    assert end(world) == ([], False)


def test_a_failed_machine_cannot_be_tried_again() -> None:
    """Who is shut out does not come back through the link of an old failure."""
    world = World()
    row = guests_machine(world, GUEST.value)
    failed = world.put(replace(world.row(row.id), id="f" * 12, status=Status.FAILED, due_at=None, version=0))
    end(world)
    with pytest.raises(SignupClosed):
        retry(world.services, failed.id)


def test_an_operators_order_for_the_address_cannot_be_tried_again_either() -> None:
    """The link to it is in the guest's hands."""
    world = World()
    failed = world.put(
        an_instance(Status.FAILED, owner=world.order().instance.owner, id="f" * 12, holds=(), ended_at=TEN)
    )
    end(world)
    with pytest.raises(SignupClosed):
        retry(world.services, failed.id)


def test_what_an_index_shows_late_is_ended_too() -> None:
    """A row that was written just before the switch, and is missing in the first answer, does not get away."""
    world = World(per_owner=2)
    rows = [confirmed(world, GUEST.value), confirmed(world, GUEST.value)]
    instances: Any = _Lags(world.services.instances)
    done = deprovision_owner(replace(world.services, instances=instances), GUEST)
    assert {row.id for row in done.ended} == {row.id for row in rows}


def test_an_index_that_shows_nothing_at_first_is_looked_at_again() -> None:
    """A first answer without any row is no proof that there is none."""
    world = World()
    row = confirmed(world, GUEST.value)
    instances: Any = _Lags(world.services.instances, shown=-2)
    done = deprovision_owner(replace(world.services, instances=instances), GUEST)
    assert [each.id for each in done.ended] == [row.id]


@pytest.mark.parametrize("ordered", [False, True])
def test_what_the_index_shows_after_the_answer_is_ended_by_a_tick(ordered: bool) -> None:
    """A row that no look of the switch found is ended when the index has caught up, a guest's and an operator's."""
    world = World()
    row = world.order().instance if ordered else confirmed(world, GUEST.value)
    world.clock.advance(MINUTE / 60)
    instances: Any = _Lags(world.services.instances, shown=-LOOKS - 1)
    services = replace(world.services, instances=instances)
    assert deprovision_owner(services, GUEST).ended == ()
    for ended in (False, True):
        world.clock.advance(MINUTE)
        tick(services, left=lambda: 60.0)
        assert (world.row(row.id).end_reason is EndReason.RELEASED) is ended
    world.settle(row.id, Status.DELETED)
    assert world.servers.project.servers == {}


def test_ticks_look_for_ten_minutes_and_no_longer() -> None:
    """Then nothing of it is kept."""
    world = World()
    end(world)
    instances: Any = _Looked(world.services.instances)
    services = replace(world.services, instances=instances)
    for _ in range(15):
        tick(services, left=lambda: 60.0)
        world.clock.advance(MINUTE)
    assert instances.looks == 11
    assert world.stack.shut_out == ()


class _Looked:
    """Counts how often an owner's rows are looked for."""

    def __init__(self, instances: Any) -> None:
        self._instances = instances
        self.looks = 0

    def owned(self, owner: str) -> list[str]:
        """What the index shows."""
        self.looks += 1
        return list(self._instances.owned(owner))

    def __getattr__(self, name: str) -> Any:
        """Everything else is as it is."""
        return getattr(self._instances, name)


def test_what_an_operator_orders_afterwards_is_left_alone() -> None:
    """Ticks end what was there before the switch, and not the operator's next order, be it in the same second."""
    world = World()
    end(world)
    row = world.order().instance
    tick(world.services, left=lambda: 60.0)
    assert world.settle(row.id, Status.INSTALLING).end_reason is None


def test_who_is_let_in_again_is_not_looked_for() -> None:
    """A machine that they ask for a minute later is theirs, and others are looked for all the same."""
    world = World()
    end(world)
    end(world, "other@example.com")
    assert admit_owner(world.services, GUEST)
    assert len(world.stack.shut_out) == 1
    row = confirmed(world, GUEST.value)
    world.clock.advance(MINUTE)
    tick(world.services, left=lambda: 60.0)
    assert world.settle(row.id, Status.INSTALLING).end_reason is None


def test_a_tick_that_cannot_look_does_everything_else() -> None:
    """The failure is told, what is due is served, and the next tick looks again."""
    world = World()
    row = guests_machine(world, "other@example.com")
    end(world)
    instances: Any = Between(world.services.instances, "owned", _away)
    world.clock.advance(2 * HOUR)
    with pytest.raises(WorkFailed, match="looking again: store_unavailable"):
        tick(replace(world.services, instances=instances), left=lambda: 60.0)
    world.follow_nudges()
    assert world.row(row.id).end_reason is EndReason.EXPIRED
    assert len(world.stack.shut_out) == 1


def _away() -> None:
    raise StoreUnavailable("away")


class _Lags:
    """Instances whose index shows one row more at every look, none of them while `shown` is not above 0."""

    def __init__(self, instances: Any, shown: int = 0) -> None:
        self._instances = instances
        self._looks = shown

    def owned(self, owner: str) -> list[str]:
        """One, then two, and so on."""
        self._looks += 1
        return list(self._instances.owned(owner)[: max(self._looks, 0)])

    def __getattr__(self, name: str) -> Any:
        """Everything else is as it is."""
        return getattr(self._instances, name)


def test_one_row_that_raises_does_not_save_the_others() -> None:
    """The rest is ended first; then the error is told, and a repeat finishes what is left."""
    world = World(per_owner=2)
    first, second = confirmed(world, GUEST.value), confirmed(world, GUEST.value)
    instances: Any = _Fails(world.services.instances, first.id)
    with pytest.raises(StoreUnavailable):
        deprovision_owner(replace(world.services, instances=instances), GUEST)
    ending = {row.id for row in map(world.row, (first.id, second.id)) if row.status is Status.DELETING}
    assert ending == {second.id}
    assert end(world) == ([first.id], False)


class _Fails:
    """Instances of which one cannot be read."""

    def __init__(self, instances: Any, instance_id: str) -> None:
        self._instances = instances
        self._instance_id = instance_id

    def get(self, instance_id: str) -> Any:
        """The row, or nothing at all."""
        if instance_id == self._instance_id:
            raise StoreUnavailable("away")
        return self._instances.get(instance_id)

    def __getattr__(self, name: str) -> Any:
        """Everything else is as it was."""
        return getattr(self._instances, name)


def test_a_row_that_raised_is_looked_for_after_the_ten_minutes_too() -> None:
    """The owner is dropped from the list when a look has ended all that it found, and not before."""
    world = World()
    row = confirmed(world, GUEST.value)
    broken = replace(world.services, instances=_Fails(world.services.instances, row.id))
    with pytest.raises(StoreUnavailable):
        deprovision_owner(broken, GUEST)
    world.clock.advance(15 * MINUTE)
    assert look_again(broken) == ("looking again: store_unavailable",)
    assert look_again(world.services) == ()
    assert world.row(row.id).end_reason is EndReason.RELEASED
    assert world.stack.shut_out == ()


def test_who_did_it_is_kept_and_no_address() -> None:
    """The switch itself and the end of every machine are entries of the operator; none names the person."""
    world = World()
    row = guests_machine(world, GUEST.value)
    end(world)
    entries = world.services.audit.of_day(TEN.date(), 50)
    mine = {(entry.did, entry.instance_id) for entry in entries if entry.actor == WHO}
    assert mine == {(Deed.OWNER_EXCLUDED, None), (Deed.ENDED, row.id)}
    assert "example.com" not in str(entries)
