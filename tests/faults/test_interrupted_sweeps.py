"""Row O10 of the fault matrix: whatever cuts a sweep short, its record and the audit tell what it deleted."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from chalicelib.domain.audit import SCHEDULE, Deed
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.operations.ports import Run, RunState
from chalicelib.operations.show_runs import list_runs
from tests.faults.dying import killed_at
from tests.faults.sweeping import QUARTER, deletes, orphan, reaped
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting


def doomed(stack: EmulatedWorld, count: int = 1) -> list[int]:
    """So many orphans that the next run deletes, in the order of their ids."""
    found = [orphan(stack, number) for number in range(count)]
    stack.clock.advance(HOUR)
    stack.reap()
    stack.clock.advance(QUARTER)
    return found


def told(run: Run) -> list[tuple[str, int | None]]:
    """What the record says was done to which server."""
    return [(entry.what, entry.server_id) for entry in run.did]


@pytest.mark.parametrize(
    ("port", "method", "nth", "after", "last"),
    [
        ("servers", "delete", 2, False, "began to delete"),
        ("servers", "delete", 2, True, "began to delete"),
        ("audit", "record", 2, False, "began to delete"),
        ("runs", "save", 4, False, "began to delete"),
        ("runs", "save", 4, True, "deleted"),
    ],
)
def test_o10_a_sweep_that_is_killed_tells_what_it_did(
    stack: EmulatedWorld, port: str, method: str, nth: int, after: bool, last: str
) -> None:
    """Killed around its second delete: its record has the first, and says of the second what is known (row O10)."""
    one, two = doomed(stack, 2)
    killed_at(stack, port, method, stack.reap, after=after, nth=nth)
    stack.clock.advance(QUARTER + MINUTE)
    (killed,) = [run for run in list_runs(stack.services, limit=9).runs if run.state is RunState.INTERRUPTED]
    assert told(killed) == [("deleted", one), (last, two)]
    assert all(entry.why == "no row owns it; seen twice, unchanged" for entry in killed.did)
    runs = reaped(stack)
    assert sorted(deletes(stack)) == [f"/servers/{one}", f"/servers/{two}"]
    assert [run.state for run in runs] == [RunState.DONE] * 4
    # what was begun and not done is done, and told, by the next
    assert [each for run in runs for each in told(run)] == (
        [("deleted", two)] if (nth, after) == (2, False) and port == "servers" else []
    )


@pytest.mark.parametrize("fault", ["listed rows", "losses", "a bug"])
def test_o10_an_error_after_a_delete_leaves_it_in_the_record(stack: EmulatedWorld, fault: str) -> None:
    """One orphan is deleted, then the same sweep fails: the run has failed, and says that it deleted (row O10)."""
    (server_id,) = doomed(stack)
    row = stack.running(24)
    assert row.machine is not None
    stack.provider.ask(stack.token, "DELETE", f"/servers/{row.machine.server_id}")

    def fail() -> None:
        if fault == "a bug":
            raise ZeroDivisionError
        raise StoreUnavailable("throttled")

    method = "write" if fault == "losses" else "get"
    nth = 1 if fault == "losses" else 2
    failing: Any = Between(stack.services.instances, method, fail, nth=nth)
    with meeting(stack, instances=failing), contextlib.suppress(ZeroDivisionError):
        stack.reap()
    run = stack.services.runs.newest(1)[0]
    assert run.state is RunState.FAILED
    assert ("deleted", server_id) in told(run)
    assert run.errors[-1].startswith("ZeroDivisionError" if fault == "a bug" else "store_unavailable")


def test_o10_a_delete_without_an_answer_is_told_as_begun(stack: EmulatedWorld) -> None:
    """The provider deleted, and its answer was lost: the record says that nobody knows; a refusal had no effect."""
    one, two = doomed(stack, 2)
    stack.provider.fault(do="timeout_after_commit", method="DELETE", path=f"/servers/{one}$", times=5)
    stack.provider.fault(do="error", status=423, code="locked", method="DELETE", path=f"/servers/{two}$", times=5)
    run = stack.reap()
    assert told(run) == [("began to delete", one)]
    assert [error.partition(":")[0] for error in run.errors] == [f"server {one}", f"server {two}"]


def test_o10_what_a_sweep_deletes_is_in_the_audit(stack: EmulatedWorld) -> None:
    """Found by the day and by the instance that the label names, with the server's number and nobody's name."""
    (server_id,) = doomed(stack)
    stack.reap()
    (entry,) = stack.services.audit.of_instance(f"{0:012x}", 10)
    assert (entry.did, entry.about, entry.actor) == (Deed.ORPHAN_DELETED, f"server {server_id}", SCHEDULE)
    assert entry in stack.services.audit.of_day(stack.clock.now().date(), 10)
