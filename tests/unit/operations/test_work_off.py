"""What is due is served: ends first, every row for itself, and no longer than there is time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import MailRefused, StoreUnavailable
from chalicelib.domain.instance import Status
from chalicelib.domain.signup import SignupKind, SignupPolicy
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.ports import Letter
from chalicelib.operations.work_off import _fair, work_off
from chalicelib.storage.table import Item
from tests.fakes.clock import FakeClock
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.guests import signed_up
from tests.unit.operations.world import World


def served(world: World, times: int = 1000) -> list[str]:
    """Serve so many rows; what was told of those that raised."""
    left = iter([60.0] * times + [0.0])
    _, errors = work_off(world.services, left=lambda: next(left))
    return list(errors)


def test_o14_a_row_that_raises_does_not_block_the_others() -> None:
    """A row whose secret is gone is put off and told; the others are served (row O14)."""
    world = World()
    bad = world.with_builder()
    world.keyring.rotate()
    good = world.with_builder()
    world.keyring.throw_away("k1")
    count, errors = work_off(world.services, left=lambda: 60.0)
    assert (count, errors) == (2, (f"{bad.id}: not_found",))
    assert world.row(good.id).status is Status.INSTALLING
    put_off = world.row(bad.id)
    assert (put_off.status, put_off.due_at) == (Status.REQUESTED, world.clock.now() + 2 * MINUTE)
    assert ("instance.raised", {"instance_id": bad.id, "error": "NotFound"}) in world.alarms.raised


def test_o14_a_row_that_was_put_off_comes_again() -> None:
    """When what was wrong is mended, the row goes on by itself."""
    world = World()
    row = world.with_builder()
    world.keyring.fail_next(ZeroDivisionError())
    assert served(world) == [f"{row.id}: ZeroDivisionError"]
    world.clock.advance(2 * MINUTE)
    assert served(world) == []
    assert world.row(row.id).status is Status.INSTALLING


def test_z1_a_row_of_another_release_is_put_off_and_not_touched() -> None:
    """Only its `due_at` moves, by a quarter of an hour; the item's body stays as it was (row Z1, rule R22)."""
    world = World()
    now = int(world.clock.now().timestamp())
    body = {"schema": 99, "status": "frozen"}
    world.table.put(Item(key="instance#0123456789ab", body=body, due_queue="delete", due_at=now))
    other = world.with_builder()
    assert served(world) == ["0123456789ab: unknown_schema"]
    item = world.table.get("instance#0123456789ab")
    assert item is not None
    assert (item.body, item.due_at) == (body, now + 15 * 60)
    assert world.row(other.id).status is Status.INSTALLING


def test_what_ends_is_served_before_what_begins() -> None:
    """With time for one row only, it is the deletion."""
    world = World()
    begins = world.order().instance
    ends = world.running()
    world.nudge.take()
    deprovision(world.services, ends.id)
    world.services.instances.write(replace(world.row(begins.id), lease_id=None), before=world.row(begins.id))
    served(world, times=1)
    assert world.row(ends.id).status is Status.DELETED


def test_i7_ends_are_served_oldest_first() -> None:
    """With time for two of three machines that end, the newest is the one that waits on (invariant 7)."""
    world = World()
    rows = [world.running(24) for _ in range(3)]
    world.nudge.deaf = True
    for row in reversed(rows):
        deprovision(world.services, row.id)
        world.clock.advance(MINUTE)
    rows.reverse()
    served(world, times=2)
    done = [world.row(row.id).status is Status.DELETED for row in rows]
    assert done == [True, True, False]


@pytest.mark.parametrize(
    ("ids", "order"),
    [("", ""), ("a", "a"), ("ab", "ab"), ("abc", "acb"), ("abcd", "adbc"), ("abcdefg", "agbfced")],
)
def test_the_oldest_and_the_newest_take_turns(ids: str, order: str) -> None:
    """Old failures at the head cannot starve what has just come in, and nothing is left out."""
    assert "".join(_fair(list(ids))) == order


def test_r12_work_stops_when_its_time_is_over() -> None:
    """Each row is independent: those that were served are done, the rest are still due (row R12)."""
    world = World()
    rows = [world.with_builder() for _ in range(4)]
    served(world, times=2)
    done = [row for row in rows if world.row(row.id).status is Status.INSTALLING]
    assert len(done) == 2
    served(world)
    assert all(world.row(row.id).status is Status.INSTALLING for row in rows)


def test_with_the_store_down_nothing_more_is_tried() -> None:
    """The first answer that fails ends the work: less is done, not more (rule R21)."""
    world = World()
    world.order()
    world.table.fail_next(StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        served(world)
    assert world.requests() == []


def test_what_is_not_due_is_not_counted() -> None:
    """An idle service has nothing to do."""
    world = World()
    world.running(24)
    world.clock.advance(timedelta(minutes=1))
    assert work_off(world.services, left=lambda: 60.0) == (0, ())


def test_r19_an_end_that_comes_due_while_letters_are_sent_does_not_wait_for_them() -> None:
    """With a mailer that takes half a minute for each of many letters, a machine is deleted at its end (row R19)."""
    world = World(signup=SignupPolicy(kind=SignupKind.OPEN), per_source=100)
    row = world.running()
    assert row.expires_at is not None
    world.clock.advance(row.expires_at - world.clock.now() - MINUTE)
    for number in range(20):
        signed_up(world, f"nobody{number}@example.com")
    world.nudge.take()
    mailer = SlowMailer(world.clock, timedelta(seconds=30))
    world.services = replace(world.services, mailer=mailer)
    work_off(world.services, left=lambda: 60.0)
    assert world.clock.now() > row.expires_at + 5 * MINUTE
    ended = world.row(row.id)
    assert ended.status is Status.DELETED
    assert ended.ended_at is not None
    assert ended.ended_at - row.expires_at <= timedelta(seconds=45)


class SlowMailer:
    """Takes its time with every letter, and then takes none."""

    def __init__(self, clock: FakeClock, each: timedelta) -> None:
        self._clock = clock
        self._each = each

    def send(self, letter: Letter) -> None:
        """Wait, and refuse."""
        self._clock.advance(self._each)
        raise MailRefused("not reached", message_id=letter.message_id)
