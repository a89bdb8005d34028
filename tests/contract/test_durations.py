"""The contract of the port Durations, as it is stored in every table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.build import Phase
from chalicelib.domain.durations import KEPT, BuildTimes, PhaseTimes
from chalicelib.domain.errors import StoreUnavailable, WriteConflict
from chalicelib.storage.durations import PHASES_KEY, StoredDurations
from chalicelib.storage.table import Item, Table
from tests.fakes.memory_table import MemoryTable

FULL = BuildTimes(phases=tuple(PhaseTimes(phase=phase, seconds=tuple(range(KEPT))) for phase in Phase))


@pytest.fixture
def durations(table: Table) -> StoredDurations:
    """The place of the measures in an empty table."""
    return StoredDurations(table)


def test_before_the_first_build_there_are_no_measures(durations: StoredDurations) -> None:
    """Nobody has to make the item before it is asked."""
    assert durations.get() == BuildTimes()


def test_the_measures_come_back_as_they_were_written(durations: StoredDurations) -> None:
    """A full item survives, phases and order included; the version is the table's."""
    written = durations.write(FULL, BuildTimes())
    assert written == replace(FULL, version=1)
    assert durations.get() == written


def test_only_the_first_of_two_writers_wins(durations: StoredDurations) -> None:
    """The second of two that read the same measures gets WriteConflict and changes nothing."""
    first = durations.write(FULL, BuildTimes())
    second = durations.write(replace(first, phases=first.phases[:1]), first)
    with pytest.raises(WriteConflict):
        durations.write(replace(first, phases=()), first)
    assert durations.get() == second


def test_measures_of_another_release_are_as_good_as_none_and_are_replaced(
    durations: StoredDurations, table: Table
) -> None:
    """What cannot be read is shown to nobody and does not stay in the way of the next write."""
    table.put(Item(key=PHASES_KEY, body={"phases": [{"phase": "party", "seconds": [1]}]}))
    seen = durations.get()
    assert seen.phases == ()
    durations.write(FULL, seen)
    assert durations.get().phases == FULL.phases


def test_a_write_without_a_reply_is_recognised() -> None:
    """A lost reply, and a conflict with one's own write, are successes (rule R5)."""
    table = MemoryTable()
    durations = StoredDurations(table)
    table.lose_next_reply()
    seen = durations.write(FULL, BuildTimes())
    table.repeat_next_write()
    again = durations.write(replace(seen, phases=()), seen)
    assert (again.version, durations.get()) == (2, again)


def test_a_store_that_is_away_is_told() -> None:
    """A look that was not answered is not taken for an empty item."""
    table = MemoryTable()
    table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        StoredDurations(table).get()
