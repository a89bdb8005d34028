"""The contract of the port Instances: which rows are due, which are listed, and whose they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.instance import Status
from chalicelib.domain.lifecycle import Queue
from chalicelib.storage.instances import StoredInstances
from tests.contract.instance_samples import HOUR, NOW, PLAIN


def test_rows_wait_in_their_queue(instances: StoredInstances) -> None:
    """A row is due in the queue of its status from `due_at` on; a terminal one that owes nothing is not."""
    instances.write(replace(PLAIN, id="work22"), before=None)
    instances.write(replace(PLAIN, id="dele22", status=Status.DELETING, due_at=NOW - HOUR), before=None)
    instances.write(replace(PLAIN, id="gone22", status=Status.DELETED, due_at=None, ended_at=NOW), before=None)
    assert instances.due(Queue.WORK, NOW, 10) == ["work22"]
    assert instances.due(Queue.WORK, NOW - timedelta(seconds=1), 10) == []
    assert instances.due(Queue.DELETE, NOW, 10) == ["dele22"]


def test_the_most_overdue_come_first(instances: StoredInstances) -> None:
    """The limit cuts off the youngest."""
    for minutes, name in enumerate(("third2", "second", "first2")):
        instances.write(replace(PLAIN, id=name, due_at=NOW - timedelta(minutes=minutes)), before=None)
    assert instances.due(Queue.WORK, NOW, 2) == ["first2", "second"]


def test_a_delay_moves_due_at_alone(instances: StoredInstances) -> None:
    """The row's next moment is later; its version is the same, so whoever had read it can still write."""
    seen = instances.write(PLAIN, before=None)
    instances.delay(PLAIN.id, NOW + HOUR)
    assert instances.get(PLAIN.id) == replace(seen, due_at=NOW + HOUR)
    assert instances.due(Queue.WORK, NOW, 10) == []
    assert instances.write(replace(seen, due_at=NOW), before=seen).version == 2


def test_live_rows_are_a_list_and_all_rows_another(instances: StoredInstances) -> None:
    """Wishes of strangers and tombstones are in the list of all rows only; newest first, whatever their status."""
    statuses = [Status.UNCONFIRMED, Status.REQUESTED, Status.RUNNING, Status.DELETING, Status.DELETED, Status.FAILED]
    for number, status in enumerate(statuses):
        made = NOW + timedelta(minutes=number)
        ended = made if status in {Status.DELETED, Status.FAILED} else None
        row = replace(PLAIN, id=f"row{number}", status=status, created_at=made, ended_at=ended)
        instances.write(row, before=None)
    live = instances.page(ended=False, limit=10, cursor=None)
    everything = instances.page(ended=True, limit=10, cursor=None)
    assert [row.id for row in live.instances] == ["row3", "row2", "row1"]
    assert [row.id for row in everything.instances] == ["row5", "row4", "row3", "row2", "row1", "row0"]
    assert (live.next_cursor, everything.next_cursor) == (None, None)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_show_every_row_once(instances: StoredInstances, limit: int) -> None:
    """Cursors lead through all rows in order, also where many were made in the same second."""
    for number in range(7):
        ended = NOW if number % 2 else None
        status = Status.DELETED if number % 2 else Status.RUNNING
        made = NOW + timedelta(seconds=number // 4)
        row = replace(PLAIN, id=f"row{number}", status=status, created_at=made, ended_at=ended)
        instances.write(row, before=None)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        page = instances.page(ended=True, limit=limit, cursor=cursor)
        assert len(page.instances) <= limit
        seen += [row.id for row in page.instances]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["row6", "row5", "row4", "row3", "row2", "row1", "row0"]


@pytest.mark.parametrize("cursor", ["", "x", "é", "W10", "bnVsbA", "WzEsMl0", "A" * 600])
def test_a_made_up_cursor_is_refused(instances: StoredInstances, cursor: str) -> None:
    """Only what a list gave is a cursor; the error names the field."""
    with pytest.raises(InvalidInput) as caught:
        instances.page(ended=False, limit=1, cursor=cursor)
    assert set(caught.value.fields) == {"cursor"}


def test_an_owner_has_what_carries_their_name(instances: StoredInstances) -> None:
    """Rows of every status, tombstones too, and nobody else's."""
    mine = [Status.UNCONFIRMED, Status.RUNNING, Status.DELETED]
    for number, status in enumerate(mine):
        instances.write(replace(PLAIN, id=f"mine{number}", status=status), before=None)
    instances.write(replace(PLAIN, id="theirs", owner="beef"), before=None)
    assert sorted(instances.owned("f00d")) == ["mine0", "mine1", "mine2"]
    assert instances.owned("nobody") == []
