"""Row X9 all along a life: a worker whose clock is fast destroys no build, no order and no wish, and warns nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.build import Phase
from chalicelib.domain.errors import BuilderFull
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.advance import advance
from chalicelib.operations.ports import BuildState
from tests.fakes.clock import FakeClock
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.guests import said_yes, signed_up

SKEWS = [8 * MINUTE, HOUR, 3 * HOUR]


def looked_at_by_a_fast_clock(stack: EmulatedWorld, row: Instance, skew: timedelta) -> None:
    """Three steps of a worker whose clock is so much ahead; the row must be as it was, its next look too."""
    before = stack.row(row.id)
    fast = replace(stack.services, clock=FakeClock(stack.clock.now() + skew))
    for _ in range(3):
        advance(fast, row.id)
    after = stack.row(row.id)
    assert after.status is before.status
    assert after.lease_id is None
    assert after.due_at is not None
    assert before.due_at is not None
    assert after.due_at <= max(before.due_at, stack.clock.now() + MINUTE)


@pytest.mark.parametrize("skew", SKEWS, ids=str)
def test_x09_a_build_that_has_not_claimed_yet_goes_on(stack: EmulatedWorld, skew: timedelta) -> None:
    """By the fast clock its time to claim or to finish is over: it is not stopped, and becomes a machine (row X9)."""
    row = stack.installing()
    looked_at_by_a_fast_clock(stack, row, skew)
    assert stack.installer.state(row.id, 1, "") is BuildState.RUNNING
    stack.clock.advance(4 * MINUTE)
    stack.build(row.id)
    stack.follow_nudges()
    assert stack.row(row.id).status is Status.RUNNING
    assert len(stack.installer.started) == 1


def test_x09_a_machine_that_reboots_is_given_its_time(stack: EmulatedWorld) -> None:
    """Its builder died after the reboot was begun: by the fast clock it never came back, by the others it does (X9)."""
    row = stack.installing()
    stack.claim(row.id)
    stack.begin(row.id, *Phase)
    stack.installer.end(row.id, 1)
    looked_at_by_a_fast_clock(stack, row, 8 * MINUTE)
    stack.boot(row.id)
    stack.wait(MINUTE)
    assert stack.row(row.id).status is Status.RUNNING
    assert not [sent for sent in stack.provider.sent if sent.path.endswith("rebuild")]


@pytest.mark.parametrize("skew", [11 * MINUTE, HOUR], ids=str)
def test_x09_an_order_whose_create_is_tried_again_is_kept(stack: EmulatedWorld, skew: timedelta) -> None:
    """The create failed once: by the fast clock its ten minutes are over, and a minute later the server is made."""
    row = stack.with_builder()
    stack.provider.fault(do="reset_before_commit", method="POST", path="^/servers$")
    advance(stack.services, row.id)
    assert stack.row(row.id).status is Status.CREATING
    looked_at_by_a_fast_clock(stack, row, skew)
    stack.settle(row.id, Status.INSTALLING, within=2 * MINUTE)


def test_x09_an_order_that_waits_for_a_builder_is_kept(stack: EmulatedWorld) -> None:
    """By the fast clock no builder was to be had for an hour: by the others it has just been asked for (row X9)."""
    row = stack.order().instance
    stack.nudge.take()
    stack.installer.fail_next(BuilderFull("busy"))
    advance(stack.services, row.id)
    looked_at_by_a_fast_clock(stack, row, 2 * HOUR)
    stack.wait(MINUTE)
    stack.follow_nudges()
    assert stack.row(row.id).status is Status.INSTALLING


def test_x09_a_wish_is_not_forgotten_before_its_day_is_over(stack: EmulatedWorld) -> None:
    """The link of its mail still works after a worker saw the day after tomorrow (row X9)."""
    wish = signed_up(stack)
    stack.follow_nudges()
    looked_at_by_a_fast_clock(stack, stack.row(wish.id), 25 * HOUR)
    said_yes(stack, wish.id)
    assert stack.row(wish.id).status is Status.REQUESTED


def test_x09_nobody_is_warned_of_an_end_that_is_hours_away(stack: EmulatedWorld) -> None:
    """A warning is due by the fast clock alone: it is not sent, and leaves at its time (row X9)."""
    row = stack.running(6)
    end = row.expires_at
    assert end is not None
    looked_at_by_a_fast_clock(stack, row, end - 5 * MINUTE - stack.clock.now())
    assert stack.mails() == ["ready"]
    stack.clock.advance(end - HOUR - stack.clock.now())
    stack.tick()
    assert len(stack.mails()) == 2


def test_x09_many_ends_by_a_fast_clock_cost_one_request(stack: EmulatedWorld) -> None:
    """Thirty machines that are over by a fast clock alone: the provider is asked for the time once for all (I19)."""
    stack.services = replace(stack.services, limits=replace(stack.services.limits, max_live=50))
    rows = [stack.running(after=timedelta(seconds=2)) for _ in range(30)]
    stack.clock.advance(5 * MINUTE)
    fast = replace(stack.services, clock=FakeClock(stack.clock.now() + 3 * HOUR))
    stack.provider.sent.clear()
    for row in rows:
        advance(fast, row.id)
    assert [sent.path for sent in stack.provider.sent] == [f"/ssh_keys/{stack.stack.marker_id}"]
    assert {stack.row(row.id).status for row in rows} == {Status.RUNNING}


def test_x09_a_date_of_an_hour_ago_contradicts_nobody(stack: EmulatedWorld) -> None:
    """A worker that stood still since its last request asks anew, and ends what is over (row X9, invariant 7)."""
    row = stack.running()
    assert row.expires_at is not None
    stack.clock.advance(row.expires_at - stack.clock.now())
    advance(stack.services, row.id)
    assert (stack.row(row.id).status, stack.mine()) == (Status.DELETED, [])
    assert "clock.disagrees" not in stack.alarms.events()


class _Hands:
    """A clock that is always so much ahead of another."""

    def __init__(self, clock: FakeClock, ahead: timedelta) -> None:
        self._clock, self._ahead = clock, ahead

    def now(self) -> datetime:
        """The other's time, and so much more."""
        return self._clock.now() + self._ahead


def test_x09_where_the_store_has_a_clock_a_worker_that_is_contradicted_takes_nothing(stack: EmulatedWorld) -> None:
    """Many workers share that table: what one with a fast clock wrote would be due again in an hour, for all (X9)."""
    stack.table.has_clock(stack.clock)
    row = stack.order().instance
    stack.nudge.take()
    fast: Any = _Hands(stack.clock, HOUR)
    before = stack.row(row.id)
    advance(replace(stack.services, clock=fast), row.id)
    assert stack.row(row.id) == before
    assert "clock.disagrees" in stack.alarms.events()
    advance(stack.services, row.id)
    assert stack.row(row.id).build is not None


def test_x09_a_store_that_is_wrong_alone_holds_nobody_up(stack: EmulatedWorld) -> None:
    """The provider confirms our clock: one of two others is no reason to stand still (rule R9)."""
    wrong: Any = _Hands(stack.clock, -HOUR)
    stack.table.has_clock(wrong)
    row = stack.running()
    assert row.expires_at is not None
    stack.clock.advance(row.expires_at - stack.clock.now())
    stack.tick()
    assert (stack.row(row.id).status, stack.mine()) == (Status.DELETED, [])
