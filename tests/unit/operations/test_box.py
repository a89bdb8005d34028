"""What a machine may ask about itself with the token of its record, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.domain.errors import EndingAlready, InvalidInput, KeyReused, LimitReached, NotFound, NotOffered
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import authorise, box, secrets_of
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from chalicelib.operations.rotate_token import rotate_token
from tests.unit.domain.samples import HOUR, an_instance
from tests.unit.operations.world import OPERATOR, World

Forgery = Callable[[World, Instance, Instance], str]


def token_of(world: World, row: Instance) -> str:
    """The token that the record on the machine holds."""
    token = world.claim(row.id).record["box_token"] if row.status is Status.INSTALLING else None
    return str(token or secrets_of.token(world.services, row, Purpose.BOX))


FORGERIES: dict[str, Forgery] = {
    "a made-up one": lambda *_: "ccc_box_" + "A" * 43,
    "none": lambda *_: "",
    "another machine's": lambda world, _, other: token_of(world, other),
    "the owner's": lambda world, row, _: secrets_of.manage_token(world.services, row),
    "a builder's": lambda world, row, _: secrets_of.token(world.services, row, Purpose.BUILD, 1),
    "a claim code": lambda world, row, _: secrets_of.token(world.services, row, Purpose.CLAIM, 1),
    "the confirmation's": lambda world, row, _: secrets_of.token(world.services, row, Purpose.CONFIRM),
    "the operator's": lambda *_: OPERATOR,
    "one that is cut short": lambda world, row, _: token_of(world, row)[:-1],
}


def test_the_token_of_the_record_tells_the_end() -> None:
    """A machine learns the end that its owner sees, and that it may not move it itself."""
    world = World()
    installing = world.installing()
    token = token_of(world, installing)
    world.build(installing.id)
    world.follow_nudges()
    row = world.row(installing.id)
    assert row.expires_at is not None
    assert box.show_time(world.services, row.id, token=token) == box.BoxTime(expires_at=row.expires_at, hours_left=0)


def test_a_machine_that_is_being_installed_has_no_end_yet() -> None:
    """The first look of a machine that has just booted may come before the service knows that it runs."""
    world = World(box_extend=True)
    row = world.installing()
    shown = box.show_time(world.services, row.id, token=token_of(world, row))
    assert shown == box.BoxTime(expires_at=None, hours_left=0)


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
def test_no_other_token_opens_it(forgery: Forgery) -> None:
    """Whatever else is shown, it is the answer of an unknown machine, to both questions, and nothing changes."""
    world = World(box_extend=True, per_owner=5)
    row, other = world.running(), world.running()
    token, services = forgery(world, row, other), world.services
    with pytest.raises(NotFound) as shown:
        box.show_time(services, row.id, token=token)
    with pytest.raises(NotFound) as extended:
        box.extend(services, row.id, token=token, hours=1, key="k")
    with pytest.raises(NotFound) as unknown:
        box.show_time(services, "ffffffffffff", token=token)
    assert str(shown.value) == str(extended.value) == str(unknown.value)
    assert world.row(row.id) == row


def test_the_token_opens_nothing_else() -> None:
    """What stands on a guest's disk in clear text is no manage token: the owner's verbs refuse it."""
    world = World()
    row = world.running()
    with pytest.raises(NotFound):
        authorise.owner(world.services, row.id, token=token_of(world, row))
    assert not authorise.is_operator(world.services, token=token_of(world, row))


def test_a_machine_does_not_extend_itself_where_the_operator_has_not_said_so() -> None:
    """Off is the default; the end stays, and the machine is told that no hours can be added by it."""
    world = World()
    row = world.running()
    token = token_of(world, row)
    with pytest.raises(NotOffered):
        box.extend(world.services, row.id, token=token, hours=1, key="k")
    assert world.row(row.id) == row
    assert box.show_time(world.services, row.id, token=token).hours_left == 0


def test_where_it_may_it_extends_as_its_owner_would() -> None:
    """The end, the money and the hours left are those of the owner's own extension."""
    own, itself = World(), World(box_extend=True)
    by_owner = extend(own.services, own.running().id, hours=2, key="k")
    row = itself.running()
    time = box.extend(itself.services, row.id, token=token_of(itself, row), hours=2, key="k")
    assert (time.expires_at, time.hours_left) == (by_owner.instance.expires_at, by_owner.hours_left)
    assert itself.spend == own.spend
    assert itself.row(row.id).expires_at == time.expires_at
    itself.follow_nudges()
    assert [key for key in itself.mails() if key.startswith("extended")]


def test_the_same_key_adds_nothing_again() -> None:
    """A repeat is answered as the first time; with other hours it is refused."""
    world = World(box_extend=True)
    row = world.running()
    token, services = token_of(world, row), world.services
    first = box.extend(services, row.id, token=token, hours=2, key="k")
    assert box.extend(services, row.id, token=token, hours=2, key="k") == first
    assert world.row(row.id).expires_at == first.expires_at
    with pytest.raises(KeyReused):
        box.extend(services, row.id, token=token, hours=3, key="k")


def test_the_operators_caps_hold_for_machines_too() -> None:
    """Neither the hours of one request nor those of a whole life can be passed from the inside."""
    world = World(box_extend=True, max_life_hours=4)
    row = world.running()
    token = token_of(world, row)
    assert box.show_time(world.services, row.id, token=token).hours_left == 2
    with pytest.raises(InvalidInput):
        box.extend(world.services, row.id, token=token, hours=73, key="k")
    with pytest.raises(LimitReached):
        box.extend(world.services, row.id, token=token, hours=3, key="l")
    assert box.extend(world.services, row.id, token=token, hours=2, key="m").hours_left == 0


def test_at_its_end_it_can_stay_no_longer() -> None:
    """At the end a machine's own wish comes too late, as anybody's does."""
    world = World(box_extend=True)
    row = world.running()
    assert row.expires_at is not None
    world.clock.advance(row.expires_at - world.clock.now())
    with pytest.raises(EndingAlready):
        box.extend(world.services, row.id, token=token_of(world, row), hours=1, key="k")


def test_a_new_manage_token_leaves_the_machines_alone() -> None:
    """Nobody can reach the record on the disk, so its token lives through rotations."""
    world = World()
    row = world.running()
    token = token_of(world, row)
    rotate_token(world.services, row.id)
    assert box.show_time(world.services, row.id, token=token).expires_at == row.expires_at


def test_after_its_end_it_is_still_told_when_that_was() -> None:
    """A machine that outlived its deletion, by a provider's mistake, learns that its time is over: it powers off."""
    world = World(box_extend=True)
    row = world.running()
    token = token_of(world, row)
    world.settle(row.id, Status.DELETED, within=4 * HOUR)
    assert box.show_time(world.services, row.id, token=token) == box.BoxTime(expires_at=row.expires_at, hours_left=0)


def test_a_machine_that_was_ended_early_is_told_its_last_end() -> None:
    """The owner's deletion does not move the end, and takes the hours that could be added."""
    world = World(box_extend=True)
    row = world.running()
    token = token_of(world, row)
    deprovision(world.services, row.id)
    assert box.show_time(world.services, row.id, token=token) == box.BoxTime(expires_at=row.expires_at, hours_left=0)


def test_once_the_tombstone_is_gone_so_is_the_answer() -> None:
    """Thirty days later nobody knows this machine any more."""
    world = World()
    row = world.running()
    token = token_of(world, row)
    world.settle(row.id, Status.DELETED, within=4 * HOUR)
    world.table.purge(int((world.clock.now() + timedelta(days=31)).timestamp()))
    with pytest.raises(NotFound):
        box.show_time(world.services, row.id, token=token)


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.REQUESTED, Status.CREATING, Status.FAILED])
def test_no_hours_can_be_added_to_what_does_not_run(status: Status) -> None:
    """The hours that a machine may add are shown only while it runs."""
    world = World(box_extend=True)
    row = world.put(an_instance(status))
    assert box.show_time(world.services, row.id, token=token_of(world, row)).hours_left == 0
