"""What SqliteTable promises beyond the contract: threads, killed processes, a purge, and a file that fails it."""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.sqlite_table import SqliteTable
from chalicelib.domain.errors import CounterFull, StoreUnavailable, WriteConflict
from chalicelib.storage.table import Add, Item, Put
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
THREADS = 6
ROUNDS = 25


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the table's file is."""
    return tmp_path / "table.db"


@pytest.fixture
def table(path: Path) -> Iterator[SqliteTable]:
    """An empty table."""
    made = SqliteTable(path)
    yield made
    made.close()


def in_threads(work: Callable[[], None]) -> None:
    """Run the same work in several threads at once and wait for all; the first error is raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(THREADS)

    def body() -> None:
        try:
            start.wait()
            work()
        except BaseException as error:  # noqa: BLE001 -- handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=body) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_no_compare_and_swap_is_lost_between_threads(table: SqliteTable) -> None:
    """Every successful write of every thread is one version of the item."""
    table.put(Item(key="a", body={"n": 0}))

    def increment() -> None:
        done = 0
        while done < ROUNDS:
            item = table.get("a")
            assert item is not None
            try:
                table.write([Put(item=Item(key="a", body={"n": item.body["n"] + 1}), expected=item.version)])
            except WriteConflict:
                continue
            done += 1

    in_threads(increment)
    assert table.get("a") == Item(key="a", body={"n": THREADS * ROUNDS}, version=THREADS * ROUNDS + 1)


def test_a_cap_holds_between_processes(path: Path) -> None:
    """Tables that share nothing but the file reach the cap together, and every refusal is one the sum explains."""
    refused: list[int] = []

    def take() -> None:
        # a table for each thread: they meet in SQLite only, as processes do
        table = SqliteTable(path)
        for _ in range(ROUNDS):
            try:
                table.write([Add(key="n", amount=1, cap=50), Add(key="m", amount=1)])
            except CounterFull:
                refused.append(1)
        table.close()

    in_threads(take)
    table = SqliteTable(path)
    assert table.counts(["n", "m"]) == {"n": 50, "m": 50}
    assert len(refused) == THREADS * ROUNDS - 50
    table.close()


def test_a_new_file_may_be_opened_by_many_at_once(path: Path) -> None:
    """Tables that meet on a file that does not exist yet all get to write."""

    def open_and_add() -> None:
        table = SqliteTable(path)
        table.add(Add(key="n", amount=1))
        table.close()

    in_threads(open_and_add)
    table = SqliteTable(path)
    assert table.counts(["n"]) == {"n": THREADS}
    table.close()


WRITER = """
import os, sys
from pathlib import Path
from chalicelib.adapters.sqlite_table import SqliteTable
from chalicelib.storage.table import Add, Item, Put
table = SqliteTable(Path(sys.argv[1]))
for number in range(1, 1000):
    table.write([Put(item=Item(key=f"a{number}"), expected=0), Add(key="n", amount=1)])
    os.write(1, b"%d\\n" % number)
"""


def test_a_killed_process_has_lost_nothing_it_was_told_is_written(path: Path, table: SqliteTable) -> None:
    """After SIGKILL every write that had returned is there, and row and counter agree."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout]
    assert process.returncode == -signal.SIGKILL
    written = table.counts(["n"])["n"]
    assert written >= told[-1] >= 20
    assert len(table.get_many([f"a{number}" for number in range(1, 1000)])) == written


def test_what_is_over_is_purged_along_with_a_write(path: Path) -> None:
    """With a clock, items and counters past their `purge_at` go, at most every ten minutes; others stay."""
    clock = FakeClock(NOW)
    table = SqliteTable(path, clock=clock)
    at = int(NOW.timestamp())
    table.put(Item(key="tombstone", purge_at=at + 60))
    table.put(Item(key="living"))
    table.add(Add(key="rate", amount=1, purge_at=at + 60))
    clock.advance(timedelta(seconds=60))
    table.add(Add(key="n", amount=1))
    assert set(table.get_many(["tombstone", "living"])) == {"tombstone", "living"}
    clock.advance(timedelta(minutes=9))
    table.write([Add(key="n", amount=1)])
    assert set(table.get_many(["tombstone", "living"])) == {"living"}
    assert table.counts(["rate", "n"]) == {"rate": 0, "n": 2}
    table.close()


def test_a_file_that_is_no_database_is_told(path: Path) -> None:
    """A torn or foreign file is StoreUnavailable for reads and writes."""
    path.write_bytes(b"this is not a database, and it is long enough to be looked at" * 100)
    table = SqliteTable(path)
    with pytest.raises(StoreUnavailable):
        table.get("a")
    with pytest.raises(StoreUnavailable):
        table.put(Item(key="a"))


def test_a_path_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A folder that does not exist is StoreUnavailable."""
    with pytest.raises(StoreUnavailable):
        SqliteTable(tmp_path / "no" / "table.db").get("a")


def test_a_damaged_body_is_told(path: Path, table: SqliteTable) -> None:
    """A body that is no JSON is StoreUnavailable, and the table goes on."""
    table.put(Item(key="a"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE items SET body = '{'")
    connection.close()
    with pytest.raises(StoreUnavailable):
        table.get("a")
    table.put(Item(key="a", body={"n": 1}))
    assert table.get("a") == Item(key="a", body={"n": 1}, version=2)


def test_a_full_disk_is_told_and_loses_nothing(path: Path, table: SqliteTable) -> None:
    """A write for which there is no room is StoreUnavailable and leaves no trace; later ones work again."""
    table.put(Item(key="a", body={"n": 1}))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, limits[1]))
    try:
        with pytest.raises(StoreUnavailable):
            table.write([Put(item=Item(key="b", body={"x": "x" * 1_000_000}), expected=0), Add(key="n", amount=1)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (table.get("a"), table.get("b")) == (Item(key="a", body={"n": 1}, version=1), None)
    assert table.counts(["n"]) == {"n": 0}
    table.write([Put(item=Item(key="b"), expected=0)])


def test_a_file_in_other_hands_is_told(path: Path, table: SqliteTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that never finishes makes StoreUnavailable of the others' writes, while reads go on."""
    monkeypatch.setattr("chalicelib.adapters.sqlite_table.file._WAIT_S", 0.05)
    table.put(Item(key="a"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = SqliteTable(path)
    with pytest.raises(StoreUnavailable):
        waiting.put(Item(key="a"))
    assert waiting.get("a") == Item(key="a", version=1)
    other.execute("ROLLBACK")
    waiting.put(Item(key="a"))
    assert table.get("a") == Item(key="a", version=2)
    other.close()
    waiting.close()


def test_the_file_is_for_its_owner_alone(path: Path, table: SqliteTable) -> None:
    """Rows hold mail addresses: neither the file nor what SQLite puts beside it can be read by others."""
    table.put(Item(key="a"))
    assert {each.stat().st_mode & 0o077 for each in path.parent.iterdir()} == {0}


def test_threads_that_end_leave_no_file_open(path: Path, table: SqliteTable) -> None:
    """A thread's connection goes back to the table and is used by the next, instead of staying open."""
    for _ in range(5):
        thread = threading.Thread(target=table.put, args=(Item(key="a"),))
        thread.start()
        thread.join()
    opened = [each.resolve() for each in Path("/proc/self/fd").iterdir() if each.resolve() == path]
    assert len(opened) == 1


def test_a_transaction_shuts_out_other_writers_from_its_beginning(path: Path, table: SqliteTable) -> None:
    """Before it has read or written anything: what it reads cannot change until it writes."""
    table.put(Item(key="a"))
    other = sqlite3.connect(path, isolation_level=None, timeout=0)
    with table._file.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_what_is_purged_leaves_no_bytes_behind(path: Path) -> None:
    """Neither the file nor its write-ahead log holds a purged row's text while the table is in use."""
    clock = FakeClock()
    table = SqliteTable(path, clock=clock)
    table.put(Item(key="instance#1", body={"email": "canary@example.com"}, purge_at=int(clock.now().timestamp()) + 60))
    table.write([Put(item=Item(key="a"), expected=0)])
    assert any(b"canary" in each.read_bytes() for each in path.parent.iterdir())
    clock.advance(timedelta(hours=2))
    table.write([Put(item=Item(key="b"), expected=0)])
    assert not [each.name for each in path.parent.iterdir() if b"canary" in each.read_bytes()]
    table.close()
