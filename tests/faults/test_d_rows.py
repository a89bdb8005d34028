"""Rows D of the fault matrix that need a crash at an exact point, or a page: deprovisioning."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from chalicelib.domain.build import BuildReport, Outcome
from chalicelib.domain.errors import BuildOver, EndingAlready
from chalicelib.domain.instance import EndReason, Status
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.extend import extend
from tests.faults.dying import killed_at
from tests.simulation.crashing import Fate, Killed
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World
from tests.unit.web.pages.shop import confirm_path, open_api, send, table_of, wish


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
def test_d01_wherever_an_end_dies_the_reaper_finishes_it(after: bool) -> None:
    """Killed at any call of any port on the way out: minutes later there is neither server nor open row (row D1)."""
    for nth in count(1):
        world = World()
        row = world.running()
        fate, plain = Fate(nth, after=after), world.services
        world.services = fate.wrapped(plain)
        try:
            deprovision(world.services, row.id)
            world.follow_nudges()
        except Killed:
            world.nudge.take()
        world.services = plain
        deprovision(world.services, row.id)
        world.settle(row.id, Status.DELETED, within=5 * MINUTE)
        assert (world.servers.project.servers, world.live) == ({}, 0)
        assert world.requests().count("delete") == 1
        if fate.struck is None:
            break
    assert nth > 10


def test_d02_a_second_wish_changes_nothing_and_is_answered_the_same(stack: EmulatedWorld) -> None:
    """While it is being deleted and when it is gone: the row as it is, no second delete, no second farewell (D2)."""
    row = stack.running()
    deprovision(stack.services, row.id)
    assert deprovision(stack.services, row.id).status is Status.DELETING
    stack.follow_nudges()
    gone = stack.row(row.id)
    assert deprovision(stack.services, row.id) == gone
    stack.follow_nudges()
    assert [sent.method for sent in stack.provider.sent].count("DELETE") == 1
    assert stack.mails().count("ended") == 1


def test_d03_a_wish_during_the_build_stops_the_builder_and_the_server(stack: EmulatedWorld) -> None:
    """The builder is refused from then on, the server is deleted, nothing is announced (row D3)."""
    row = stack.installing()
    stack.claim(row.id)
    deprovision(stack.services, row.id)
    stack.follow_nudges()
    with pytest.raises(BuildOver):
        stack.report(row.id, BuildReport(outcome=Outcome.READY))
    assert (stack.row(row.id).status, stack.mine()) == (Status.DELETED, [])
    assert stack.installer.running() == 0
    assert "ready" not in stack.mails()


def test_d03_a_wish_while_the_create_is_out_leaves_no_server(stack: EmulatedWorld) -> None:
    """The worker dies in its create after the wish: what it made is found by name, or nothing was made (row D3)."""
    row = stack.with_builder()
    killed_at(stack, "servers", "create", lambda: advance(stack.services, row.id), after=True)
    deprovision(stack.services, row.id)
    stack.follow_nudges()
    stack.settle(row.id, Status.DELETED, within=10 * MINUTE)
    assert stack.mine() == []


def test_d04_of_a_wish_and_an_extend_the_first_write_wins(stack: EmulatedWorld) -> None:
    """The wish meets the extend in its write: it is made again on what the extend left, and the machine ends (D4)."""
    row = stack.running()
    plain = stack.services
    instances: Any = Between(plain.instances, "write", lambda: extend(plain, row.id, hours=1, key="k"))
    with meeting(stack, instances=instances):
        ending = deprovision(stack.services, row.id)
    assert (ending.status, len(ending.extensions)) == (Status.DELETING, 1)
    with pytest.raises(EndingAlready):
        extend(stack.services, row.id, hours=1, key="other")
    stack.follow_nudges()
    ended = stack.row(row.id)
    assert (ended.status, ended.end_reason, stack.mine()) == (Status.DELETED, EndReason.RELEASED, [])


def test_d06_whoever_only_follows_links_ends_nothing() -> None:
    """A scanner fetches the pages of a wish with GET and HEAD, however often: the table is as it was (row D6)."""
    shop = open_api()
    waiting = wish(shop)
    paths = [confirm_path(shop, waiting), f"/i/{waiting.id}", f"/i/{waiting.id}?end=1", "/"]
    before = table_of(shop)
    for path in paths * 3:
        for method in ("GET", "HEAD"):
            assert shop.call(method, path, token=None).status < 500
    assert table_of(shop) == before
    assert send(shop, {}, confirm_path(shop, waiting)).status < 400
    assert table_of(shop) != before


def test_d01_an_end_an_hour_late_is_billed_to_the_moment_of_its_delete(stack: EmulatedWorld) -> None:
    """The reply of the DELETE is lost and the worker with it, the tick comes three hours later: the ledger says two."""
    row = stack.running()
    deprovision(stack.services, row.id)
    stack.nudge.take()
    killed_at(stack, "servers", "delete", lambda: advance(stack.services, row.id), after=True)
    stack.clock.advance(3 * HOUR)
    stack.settle(row.id, Status.DELETED, within=5 * MINUTE)
    (line,) = stack.provider.bill()
    choice = stack.row(row.id).choice
    assert choice is not None
    assert (line["hours"], stack.spend) == (1, round(choice.hourly * 1_000_000))
