"""The contract of the port Audit, as it is stored in every table; and what a write of a row adds to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain import audit
from chalicelib.domain.audit import SCHEDULE, AuditEntry, Deed
from chalicelib.domain.errors import CounterFull, StoreUnavailable, WriteConflict
from chalicelib.domain.instance import Status
from chalicelib.operations.ports import CounterChange
from chalicelib.storage.audit import StoredAudit
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.table import Item, Table
from tests.fakes.memory_table import MemoryTable
from tests.unit.domain.samples import an_instance

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ONE = "0123456789ab"
ENTRY = AuditEntry(at=NOW, actor=audit.operator("c" * 64), did=Deed.ENDED, instance_id=ONE, about="released")


@pytest.fixture
def kept(table: Table) -> StoredAudit:
    """The audit in an empty table."""
    return StoredAudit(table)


def test_an_entry_comes_back_as_it_was(kept: StoredAudit) -> None:
    """By its day and by its instance; one about no instance by its day alone."""
    alone = AuditEntry(at=NOW + timedelta(seconds=1), actor=SCHEDULE, did=Deed.PAUSED)
    kept.record(ENTRY)
    kept.record(alone)
    assert kept.of_day(NOW.date(), 10) == [alone, ENTRY]
    assert kept.of_instance(ONE, 10) == [ENTRY]


def test_entries_of_one_second_are_all_kept(kept: StoredAudit) -> None:
    """Nobody's entry overwrites another's."""
    for _ in range(3):
        kept.record(ENTRY)
    assert kept.of_day(NOW.date(), 10) == [ENTRY] * 3


def test_days_and_instances_are_apart_and_the_newest_come_first(kept: StoredAudit) -> None:
    """A day begins at midnight in UTC; a limit keeps the newest."""
    entries = [replace(ENTRY, at=NOW + timedelta(hours=7 * number), about=str(number)) for number in range(4)]
    for entry in entries:
        kept.record(entry)
    kept.record(replace(ENTRY, instance_id="ba9876543210"))
    assert [entry.about for entry in kept.of_instance(ONE, 3)] == ["3", "2", "1"]
    assert [entry.about for entry in kept.of_day((NOW + timedelta(days=1)).date(), 10)] == ["3", "2"]
    assert len(kept.of_day(NOW.date(), 10)) == 3


def test_an_entry_about_a_server_is_found_by_its_number_too(kept: StoredAudit) -> None:
    """Whatever its label named, if it named anything; in the lists it stands once, and the newest counts."""
    older = AuditEntry(at=NOW, actor=SCHEDULE, did=Deed.ORPHAN_DELETED, about="server 4711")
    newer = replace(older, at=NOW + timedelta(seconds=1), instance_id=ONE)
    kept.record(older, server_id=4711)
    kept.record(newer, server_id=4711)
    assert (kept.of_server(4711), kept.of_server(471)) == (newer, None)
    assert kept.of_day(NOW.date(), 10) == [newer, older]
    assert kept.of_instance(ONE, 10) == [newer]


def test_nothing_is_found_where_nothing_is(kept: StoredAudit) -> None:
    """An empty day and an unknown instance are empty lists."""
    assert (kept.of_day(NOW.date(), 10), kept.of_instance(ONE, 10)) == ([], [])


def test_an_entry_of_another_release_holds_up_no_list(kept: StoredAudit, table: Table) -> None:
    """It is left out."""
    kept.record(ENTRY)
    strange = {"at": "2026-11-23T10:00:00Z", "actor": {"who": "a committee"}, "did": "ended"}
    at = int(NOW.timestamp())
    table.put(Item(key="audit#x", body=strange, listing="audit#20261123", listed_at=at, owner=f"audit#{ONE}"))
    assert kept.of_day(NOW.date(), 10) == kept.of_instance(ONE, 10) == [ENTRY]


def test_an_entry_may_be_purged_after_ninety_days(kept: StoredAudit, table: Table) -> None:
    """And not before."""
    kept.record(ENTRY)
    (item,) = table.listed("audit#20261123", None, 10)
    assert item.purge_at == int((NOW + timedelta(days=90)).timestamp())


def test_a_row_and_its_entries_are_one_write(kept: StoredAudit, table: Table) -> None:
    """Both are there, or neither; entries of one second are in the order of the row's versions."""
    instances = StoredInstances(table)
    row = instances.write(an_instance(Status.REQUESTED), before=None, audit=(replace(ENTRY, about="first"),))
    with pytest.raises(WriteConflict):
        instances.write(an_instance(Status.REQUESTED), before=None, audit=(replace(ENTRY, about="never"),))
    full = CounterChange(key="full", amount=1, cap=0)
    with pytest.raises(CounterFull):
        instances.write(row, before=row, counters=(full,), audit=(replace(ENTRY, about="never"),))
    for about in ("second", "third"):
        row = instances.write(row, before=row, audit=(replace(ENTRY, about=about),))
    assert [entry.about for entry in kept.of_instance(ONE, 10)] == ["third", "second", "first"]


def test_an_entry_is_no_row_of_the_owner(kept: StoredAudit, table: Table) -> None:
    """Who looks for what somebody has finds instances alone."""
    instances = StoredInstances(table)
    row = instances.write(an_instance(Status.REQUESTED), before=None, audit=(ENTRY,))
    kept.record(ENTRY)
    assert instances.owned(row.owner) == [row.id]


def test_a_write_whose_reply_was_lost_leaves_one_entry() -> None:
    """A repeat by the library, or a lost reply, is recognised and noted once (rule R5)."""
    table = MemoryTable()
    instances, kept = StoredInstances(table), StoredAudit(table)
    table.lose_next_reply()
    row = instances.write(an_instance(Status.REQUESTED), before=None, audit=(ENTRY,))
    table.repeat_next_write()
    instances.write(row, before=row, audit=(replace(ENTRY, about="again"),))
    assert [entry.about for entry in kept.of_instance(ONE, 10)] == ["again", "released"]


def test_a_store_that_is_away_is_told() -> None:
    """Neither an entry nor a look is taken for a success."""
    table = MemoryTable()
    kept = StoredAudit(table)
    for call in (lambda: kept.record(ENTRY), lambda: kept.of_day(NOW.date(), 1), lambda: kept.of_instance(ONE, 1)):
        table.fail_next(StoreUnavailable("away"))
        with pytest.raises(StoreUnavailable):
            call()
