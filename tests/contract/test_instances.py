"""The contract of the port Instances, as it is stored in every table."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.adapters.dynamo_table import DynamoTable
from chalicelib.domain.build import BuildRecord, Cause, Outcome, Phase, PhaseStart
from chalicelib.domain.errors import CounterFull, InvalidInput, StoreUnavailable, UnknownSchema, WriteConflict
from chalicelib.domain.instance import (
    Build,
    Choice,
    EndReason,
    Extension,
    Failure,
    Hold,
    Instance,
    Machine,
    Status,
    Wish,
)
from chalicelib.domain.lifecycle import Queue
from chalicelib.domain.notice import Kind, Notice, State
from chalicelib.operations.ports import CounterChange
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.table import Item, Put, Table
from tests.fakes.memory_table import MemoryTable

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

PLAIN = Instance(
    id="abc234",
    status=Status.REQUESTED,
    status_since=NOW,
    created_at=NOW,
    email="zoë@example.org",
    owner="f00d",
    ssh_public_key="ssh-ed25519 AAAA zoë",
    wish=Wish(hours=3),
    by_operator=False,
    request_hash="",
    secret_id="s1",
    due_at=NOW,
)

WHOLE = replace(
    PLAIN,
    status=Status.RUNNING,
    requested_at=NOW,
    due_at=NOW + HOUR,
    lease_id="lease",
    lease_until=NOW + timedelta(seconds=45),
    retry_at=NOW,
    manage_serial=2,
    wish=Wish(hours=3, server_type="cx22", location="fsn1"),
    choice=Choice(server_type="cx22", location="fsn1", hourly=Decimal("0.0074")),
    refused=("cx22@nbg1", "cx22@hel1"),
    machine=Machine(server_id=42, ip="203.0.113.7", ipv6_network=None, created_at=NOW),
    build=Build(attempt=2, started_at=NOW, reference="", stopped=True, running_at=NOW, asked_at=NOW),
    first_claimed_at=NOW,
    host_key="ssh-ed25519 BBBB",
    running_at=NOW,
    expires_at=NOW + 3 * HOUR,
    missing_since=NOW,
    delete_accepted=True,
    end_reason=EndReason.RELEASED,
    failure=Failure(code=Cause.DISK, message="m", hint="h"),
    holds=(Hold(month="202611", micro_eur=7_400), Hold(month="202612", micro_eur=1)),
    notices=(
        Notice(kind=Kind.READY, key="ready", due_at=NOW, state=State.SENT, attempts=1),
        Notice(kind=Kind.ENDING, key="ending-60", due_at=NOW + 2 * HOUR, about=NOW + 3 * HOUR),
    ),
    extensions=(Extension(key="k", hours=1, old_expires_at=NOW, new_expires_at=NOW + HOUR),),
)

RECORD = BuildRecord(instance_id=PLAIN.id, attempt=1, nonce="n", claimed_at=NOW)


@pytest.fixture
def instances(table: Table) -> StoredInstances:
    """Instances in an empty table."""
    return StoredInstances(table)


@pytest.mark.parametrize("instance", [PLAIN, WHOLE], ids=["plain", "whole"])
def test_a_row_comes_back_as_it_was_written(instances: StoredInstances, instance: Instance) -> None:
    """What write returns is what get gives: everything that was handed in, with a version and an op_id."""
    written = instances.write(instance, before=None)
    assert instances.get(instance.id) == written
    assert replace(written, version=0, op_id="") == instance
    assert written.version == 1
    assert len(written.op_id) == 32


def test_a_row_that_nobody_wrote_is_none(instances: StoredInstances) -> None:
    """Neither row nor build record exist before they are written."""
    assert instances.get("abc234") is None
    assert instances.get_build("abc234", 1) is None


def test_only_the_first_writer_of_a_version_wins(instances: StoredInstances) -> None:
    """Of two that read the same row, the second gets WriteConflict and changes nothing."""
    seen = instances.write(PLAIN, before=None)
    first = instances.write(replace(seen, lease_id="one"), before=seen)
    with pytest.raises(WriteConflict):
        instances.write(replace(seen, lease_id="two"), before=seen)
    assert instances.get(PLAIN.id) == first
    assert (first.version, first.lease_id) == (2, "one")


def test_a_row_is_created_once(instances: StoredInstances) -> None:
    """A second creation under the same id is a conflict."""
    written = instances.write(PLAIN, before=None)
    with pytest.raises(WriteConflict):
        instances.write(replace(PLAIN, email="else@example.org"), before=None)
    assert instances.get(PLAIN.id) == written


def test_row_counters_and_build_are_one_write(instances: StoredInstances) -> None:
    """All of it is there after one write."""
    changes = [CounterChange(key="live", amount=1, cap=5), CounterChange(key="spend#202611", amount=300)]
    instances.write(PLAIN, before=None, counters=changes, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert instances.counters(["live", "spend#202611", "never"]) == {"live": 1, "spend#202611": 300, "never": 0}
    assert record is not None
    assert replace(record, version=0, op_id="") == RECORD


def test_a_full_counter_keeps_the_row_out(instances: StoredInstances) -> None:
    """CounterFull names the counter; row, build and other counters are as before."""
    changes = [CounterChange(key="live", amount=1), CounterChange(key="spend#202611", amount=6, cap=5)]
    with pytest.raises(CounterFull) as caught:
        instances.write(PLAIN, before=None, counters=changes, build=(None, RECORD))
    assert caught.value.data["key"] == "spend#202611"
    assert instances.get(PLAIN.id) is None
    assert instances.get_build(PLAIN.id, 1) is None
    assert instances.counters(["live"]) == {"live": 0}


def test_several_amounts_of_one_counter_are_summed(instances: StoredInstances) -> None:
    """A verb may owe a counter twice; the sum counts against the lowest cap, a sum of nothing is left out."""
    refund = [CounterChange(key="spend#1", amount=-2), CounterChange(key="spend#1", amount=5, cap=3)]
    nothing = [CounterChange(key="live", amount=1), CounterChange(key="live", amount=-1)]
    written = instances.write(PLAIN, before=None, counters=[*refund, *nothing])
    with pytest.raises(CounterFull):
        instances.write(written, before=written, counters=[CounterChange(key="spend#1", amount=1, cap=3)])
    assert instances.counters(["spend#1", "live"]) == {"spend#1": 3, "live": 0}


def test_a_build_record_is_compared_too(instances: StoredInstances) -> None:
    """A record that somebody else claimed first is a conflict, and the row stays as it was."""
    seen = instances.write(PLAIN, before=None, build=(None, RECORD))
    with pytest.raises(WriteConflict):
        instances.write(replace(seen, lease_id="two"), before=seen, build=(None, replace(RECORD, nonce="other")))
    assert instances.get(PLAIN.id) == seen


def test_a_build_record_grows(instances: StoredInstances) -> None:
    """Phases, permissions and the outcome of an attempt come back; attempts are apart."""
    seen = instances.write(PLAIN, before=None, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert record is not None
    grown = replace(
        record,
        phases=(PhaseStart(phase=Phase.SSH, started_at=NOW), PhaseStart(phase=Phase.KEXEC, started_at=NOW)),
        permitted=frozenset({Phase.KEXEC, Phase.DISKO}),
        outcome=Outcome.FAILED,
        cause=Cause.DISK,
        detail="no disk",
        reported_at=NOW,
        log_tail="…\n" * 1000,
    )
    instances.write(seen, before=seen, build=(record, grown))
    stored = instances.get_build(PLAIN.id, 1)
    assert stored is not None
    assert replace(stored, version=1, op_id=grown.op_id) == grown
    assert stored.version == 2
    assert instances.get_build(PLAIN.id, 2) is None


def test_a_build_record_is_written_alone(instances: StoredInstances) -> None:
    """What write_build returns is what get_build gives, and the row has not moved."""
    row = instances.write(PLAIN, before=None, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert record is not None
    written = instances.write_build(replace(record, detail="more"), before=record)
    assert instances.get_build(PLAIN.id, 1) == written
    assert (written.version, written.detail) == (2, "more")
    assert instances.get(PLAIN.id) == row


def test_only_the_first_of_two_reports_is_written(instances: StoredInstances) -> None:
    """The second that read the same record gets WriteConflict, and a record that is not there is not made."""
    instances.write(PLAIN, before=None, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert record is not None
    first = instances.write_build(replace(record, detail="first"), before=record)
    with pytest.raises(WriteConflict):
        instances.write_build(replace(record, detail="second"), before=record)
    with pytest.raises(WriteConflict):
        instances.write_build(replace(record, attempt=2), before=replace(record, attempt=2))
    assert instances.get_build(PLAIN.id, 1) == first
    assert instances.get_build(PLAIN.id, 2) is None


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


def test_a_row_of_another_schema_is_left_alone(instances: StoredInstances, table: Table) -> None:
    """It raises UnknownSchema, can be put off, and does not keep others out of a list."""
    known = instances.write(PLAIN, before=None)
    stored = table.get("instance#abc234")
    assert stored is not None
    table.write([Put(item=replace(stored, key="instance#later2", body={**stored.body, "schema": 2}), expected=0)])
    with pytest.raises(UnknownSchema):
        instances.get("later2")
    instances.delay("later2", NOW + HOUR)
    assert instances.due(Queue.WORK, NOW, 10) == ["abc234"]
    page = instances.page(ended=False, limit=10, cursor=None)
    assert (page.instances, page.unread) == ((known,), 1)
    left = table.get("instance#later2")
    assert left is not None
    assert (left.body["schema"], left.version) == (2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "haunted"},
        {"created_at": "yesterday"},
        {"created_at": "2026-11-23T10:00:00"},
        {"wish": None},
        {"manage_serial": "two"},
        {"holds": [{"month": "202611"}]},
        {"choice": {"server_type": "a", "location": "b", "hourly": "NaN"}},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_read_is_of_an_unknown_schema(
    instances: StoredInstances, table: Table, change: dict[str, object]
) -> None:
    """An unknown status and every other misfit raises UnknownSchema and nothing else (rule R22)."""
    instances.write(PLAIN, before=None)
    stored = table.get("instance#abc234")
    assert stored is not None
    table.put(replace(stored, body={**stored.body, **change}))
    with pytest.raises(UnknownSchema):
        instances.get("abc234")


def test_a_row_of_a_neighbouring_release_is_read(instances: StoredInstances, table: Table) -> None:
    """A field this release does not know is passed over, a field the row does not have takes its default."""
    written = instances.write(PLAIN, before=None)
    stored = table.get("instance#abc234")
    assert stored is not None
    body = {**stored.body, "colour": "blue"}
    del body["delete_accepted"]
    table.put(replace(stored, body=body))
    assert instances.get("abc234") == replace(written, version=2)


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


def test_a_check_without_an_amount_lets_a_write_through_or_not(instances: StoredInstances) -> None:
    """A counter that must be 0 is looked at in the transaction of the row, and is 0 afterwards."""
    check = CounterChange(key="closed", amount=0, cap=0, expires_at=NOW + HOUR)
    written = instances.write(PLAIN, before=None, counters=(check,))
    assert instances.counters(["closed"]) == {"closed": 0}
    instances.add("closed", 1, cap=1, expires_at=NOW + 9 * HOUR)
    with pytest.raises(CounterFull) as caught:
        instances.write(replace(written, manage_serial=1), before=written, counters=(check,))
    assert caught.value.data["key"] == "closed"
    assert instances.get(PLAIN.id) == written
    instances.add("closed", -1, cap=None, expires_at=None)
    assert instances.write(written, before=written, counters=(check,)).version == 2


def test_counters_of_their_own_have_a_cap(instances: StoredInstances) -> None:
    """`add` returns the new value up to the cap and raises CounterFull beyond it."""
    key = "rate#creates#2026112310"
    assert instances.add(key, 2, cap=3, expires_at=NOW + HOUR) == 2
    with pytest.raises(CounterFull):
        instances.add(key, 2, cap=3, expires_at=NOW + HOUR)
    assert instances.counters([key]) == {key: 2}


def test_a_counter_goes_when_the_newest_change_says(instances: StoredInstances, table: Table, tmp_path: Path) -> None:
    """`expires_at` of a change beside a row is when the store may throw the counter away; a later change moves it."""
    quota = CounterChange(key="quota#f00d", amount=1, cap=1, expires_at=NOW + HOUR)
    seen = instances.write(PLAIN, before=None, counters=[quota, CounterChange(key="live", amount=1)])
    assert _goes_at(table, "quota#f00d", tmp_path) == NOW + HOUR
    assert _goes_at(table, "live", tmp_path) is None
    back = replace(quota, amount=-1, cap=None, expires_at=NOW + 5 * HOUR)
    again = instances.write(seen, before=seen, counters=[back])
    assert _goes_at(table, "quota#f00d", tmp_path) == NOW + 5 * HOUR
    instances.write(again, before=again, counters=[CounterChange(key="quota#f00d", amount=1)])
    assert _goes_at(table, "quota#f00d", tmp_path) == NOW + 5 * HOUR
    assert instances.counters(["quota#f00d", "live"]) == {"quota#f00d": 1, "live": 1}


def test_a_full_counter_keeps_its_time(instances: StoredInstances, table: Table, tmp_path: Path) -> None:
    """A change that is refused moves nothing, also not the moment at which the counter may go."""
    quota = CounterChange(key="quota#f00d", amount=1, cap=1, expires_at=NOW + HOUR)
    instances.write(PLAIN, before=None, counters=[quota])
    with pytest.raises(CounterFull):
        instances.write(replace(PLAIN, id="other2"), before=None, counters=[replace(quota, expires_at=NOW + 5 * HOUR)])
    assert _goes_at(table, "quota#f00d", tmp_path) == NOW + HOUR


def _goes_at(table: Table, key: str, directory: Path) -> datetime | None:
    """When the store may throw a counter away: no port tells, so each kind of table is looked into."""
    if isinstance(table, DynamoTable):
        found: datetime | None = table._rows.get(key).purge_at
        return found
    if isinstance(table, MemoryTable):
        seconds = table._counters[key].purge_at
    else:
        with closing(sqlite3.connect(directory / "table.db")) as connection:
            ((seconds,),) = connection.execute("SELECT purge_at FROM counters WHERE key = ?", (key,)).fetchall()
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def test_a_living_row_is_never_purged(instances: StoredInstances, table: Table) -> None:
    """`purge_at` is set on a tombstone only, 30 days after the end; a build's record has one from its claim on."""
    living = instances.write(WHOLE, before=None, build=(None, RECORD))
    stored = table.get("instance#abc234")
    assert stored is not None
    assert stored.purge_at is None
    instances.write(replace(living, status=Status.DELETED, ended_at=NOW), before=living)
    tombstone, record = table.get("instance#abc234"), table.get("build#abc234#1")
    assert tombstone is not None
    assert tombstone.purge_at == int((NOW + timedelta(days=30)).timestamp())
    assert record is not None
    assert record.purge_at == int((NOW + timedelta(days=38)).timestamp())


def test_a_reader_of_the_table_sees_fields(instances: StoredInstances, table: Table) -> None:
    """The body is a document with plain values: times in RFC 3339, money as text, nothing packed."""
    instances.write(WHOLE, before=None)
    stored = table.get("instance#abc234")
    assert stored is not None
    assert stored.body["created_at"] == "2026-11-23T10:00:00Z"
    assert stored.body["choice"] == {"server_type": "cx22", "location": "fsn1", "hourly": "0.0074"}
    assert stored.body["notices"][0]["state"] == "sent"
    assert not {"version", "op_id", "due_at"} & set(stored.body)


def test_a_write_without_a_reply_is_recognised() -> None:
    """The reply to one's own write is lost: it is read again and is a success (rule R5)."""
    table = MemoryTable()
    instances = StoredInstances(table)
    seen = instances.write(PLAIN, before=None)
    table.lose_next_reply()
    change = [CounterChange(key="live", amount=1)]
    written = instances.write(replace(seen, lease_id="mine"), before=seen, counters=change)
    assert instances.get(PLAIN.id) == written
    assert (written.version, instances.counters(["live"])) == (2, {"live": 1})


def test_a_conflict_with_oneself_is_recognised() -> None:
    """A library repeated the write and met its own effect: that is a success and counted once (rule R5)."""
    table = MemoryTable()
    instances = StoredInstances(table)
    table.repeat_next_write()
    written = instances.write(PLAIN, before=None, counters=[CounterChange(key="live", amount=1, cap=1)])
    assert instances.get(PLAIN.id) == written
    assert instances.counters(["live"]) == {"live": 1}


def test_a_report_without_a_reply_is_recognised() -> None:
    """The same holds for a build's record that is written alone."""
    table = MemoryTable()
    instances = StoredInstances(table)
    instances.write(PLAIN, before=None, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert record is not None
    table.lose_next_reply()
    written = instances.write_build(replace(record, detail="mine"), before=record)
    table.repeat_next_write()
    again = instances.write_build(replace(written, detail="again"), before=written)
    assert instances.get_build(PLAIN.id, 1) == again


def test_a_write_that_never_arrived_is_no_success() -> None:
    """The store is away before the write: StoreUnavailable, and the row is as it was."""
    table = MemoryTable()
    instances = StoredInstances(table)
    seen = instances.write(PLAIN, before=None)
    table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        instances.write(replace(seen, lease_id="mine"), before=seen)
    assert instances.get(PLAIN.id) == seen


def test_nothing_is_claimed_while_the_store_is_away() -> None:
    """When a conflict cannot be looked into, the answer is StoreUnavailable and not a conflict: it may be one's own."""
    table = MemoryTable()
    instances = StoredInstances(table)
    seen = instances.write(PLAIN, before=None)
    table.fail_next(WriteConflict("somebody"))
    table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        instances.write(seen, before=seen)


def test_names_of_writes_come_from_the_given_source(table: Table) -> None:
    """A simulation decides the op_ids, so that the same seed gives the same rows."""
    names = iter(["first", "second"])
    instances = StoredInstances(table, op_ids=lambda: next(names))
    seen = instances.write(PLAIN, before=None)
    assert (seen.op_id, instances.write(seen, before=seen).op_id) == ("first", "second")


def test_a_foreign_item_under_an_instance_key_is_not_an_instance(instances: StoredInstances, table: Table) -> None:
    """An item without a schema is of another release too."""
    table.put(Item(key="instance#odd222", body={}))
    with pytest.raises(UnknownSchema):
        instances.get("odd222")
