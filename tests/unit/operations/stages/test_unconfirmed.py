"""A wish that nobody confirms: its mail is sent, and after a day it is forgotten."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.notice import Kind, Notice
from tests.unit.domain.samples import HOUR, TEN, an_instance
from tests.unit.operations.world import World


def signed_up(world: World) -> Instance:
    """A stranger's wish that owes its mail."""
    notice = Notice(kind=Kind.CONFIRM, key="confirm", due_at=TEN)
    return world.put(an_instance(Status.UNCONFIRMED, by_operator=False, holds=(), notices=(notice,), due_at=TEN))


def test_the_mail_leaves_and_nothing_is_bought() -> None:
    """A tick sends the confirmation; there is no job, no request and no reservation (rule R24)."""
    world = World()
    row = signed_up(world)
    world.tick()
    assert world.mails() == ["confirm"]
    assert (world.installer.started, world.requests(), world.spend, world.live) == ([], [], 0, 0)
    assert world.row(row.id).due_at == TEN + 24 * HOUR


def test_after_a_day_it_is_forgotten() -> None:
    """One second before 24 hours it can still be confirmed; then it is a tombstone without a mail."""
    world = World()
    row = signed_up(world)
    world.tick()
    world.wait(24 * HOUR - timedelta(seconds=1))
    assert world.row(row.id).status is Status.UNCONFIRMED
    world.wait(timedelta(seconds=1))
    ended = world.row(row.id)
    assert (ended.status, ended.ended_at, ended.due_at) == (Status.DELETED, TEN + 24 * HOUR, None)
    assert world.mails() == ["confirm"]
    assert world.live == 0
