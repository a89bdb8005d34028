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
from chalicelib.operations.deprovision_owner import deprovision_owner
from chalicelib.operations.retry import retry
from tests.unit.domain.samples import TEN, an_instance
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


def test_who_did_it_is_kept_and_no_address() -> None:
    """The switch itself and the end of every machine are entries of the operator; none names the person."""
    world = World()
    row = guests_machine(world, GUEST.value)
    end(world)
    entries = world.services.audit.of_day(TEN.date(), 50)
    mine = {(entry.did, entry.instance_id) for entry in entries if entry.actor == WHO}
    assert mine == {(Deed.OWNER_EXCLUDED, None), (Deed.ENDED, row.id)}
    assert "example.com" not in str(entries)
