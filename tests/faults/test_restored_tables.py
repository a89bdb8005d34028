"""Row R18 for copies of the table that are minutes old: what was made and extended since is neither swept nor ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.domain.reasons import Reason
from chalicelib.operations.accept_restore import accept_restore
from chalicelib.operations.extend import extend
from chalicelib.operations.marker import FRESH
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE

SECOND = timedelta(seconds=1)


def copy_of(stack: EmulatedWorld) -> Any:
    """All items and counters as they are now."""
    return dict(stack.table._items), dict(stack.table._counters)


def restore(stack: EmulatedWorld, copy: Any) -> None:
    """Put a copy in the place of the table."""
    stack.table._items, stack.table._counters = dict(copy[0]), dict(copy[1])


def deletes(stack: EmulatedWorld) -> list[str]:
    """The paths of all DELETE requests."""
    return [sent.path for sent in stack.provider.sent if sent.method == "DELETE"]


def test_r18_a_copy_from_after_the_newest_sweep_freezes(stack: EmulatedWorld) -> None:
    """A machine made since is no orphan of a table that does not know it, and one extended since is not over (R18)."""
    old = stack.running()
    stack.reap()
    stack.wait(MINUTE)
    copy = copy_of(stack)
    new = stack.running(24)
    extend(stack.services, old.id, hours=24, key="k")
    stack.wait(MINUTE)
    restore(stack, copy)
    for _ in range(30):
        stack.wait(5 * MINUTE)
        stack.reap()
    assert stack.stack.frozen == Reason.RESTORED
    assert (deletes(stack), {server.name for server in stack.mine()}) == ([], {old.name, new.name})
    assert stack.alarms.events().count("stack.frozen") == 1


def test_r18_the_kept_answer_of_a_copy_does_not_let_a_sweep_through(stack: EmulatedWorld) -> None:
    """Restored half a minute later, the copy's own look at the marker would still count: a sweep looks anew (R18)."""
    stack.running(24)
    stack.wait(MINUTE)
    copy = copy_of(stack)
    stack.clock.advance(50 * SECOND)
    stack.tick()
    restore(stack, copy)
    stack.clock.advance(5 * SECOND)
    seen = stack.stack.marker_seen_at
    assert seen is not None
    assert stack.clock.now() - seen <= FRESH
    assert stack.reap().frozen == Reason.RESTORED


def test_r18_a_copy_that_was_accepted_works_on(stack: EmulatedWorld) -> None:
    """The operator's word raises its count above the marker's; what it knows is ended in time, and it counts on."""
    row = stack.running()
    stack.wait(MINUTE)
    copy = copy_of(stack)
    stack.wait(MINUTE)
    restore(stack, copy)
    stack.wait(MINUTE)
    assert stack.stack.frozen == Reason.RESTORED
    epoch = accept_restore(stack.services, plant_marker=False).epoch
    stack.wait(MINUTE)
    assert stack.stack.epoch == epoch + 1
    stack.clock.advance(2 * HOUR)
    stack.tick()
    assert deletes(stack) == [f"/servers/{row.machine.server_id}" for _ in range(1) if row.machine]
    assert stack.mine() == []


def test_r18_an_outage_hides_a_copy_of_its_own_time_and_no_other(stack: EmulatedWorld) -> None:
    """While the provider is away nothing counts; a copy from before the last answer is found out when it is back."""
    stack.running(24)
    stack.wait(MINUTE)
    copy = copy_of(stack)
    stack.wait(MINUTE)
    stack.provider.down = True
    for _ in range(10):
        stack.wait_quietly(MINUTE)
    restore(stack, copy)
    stack.wait_quietly(MINUTE)
    assert stack.stack.frozen is None
    stack.provider.down = False
    stack.wait_quietly(MINUTE)
    assert stack.stack.frozen == Reason.RESTORED
