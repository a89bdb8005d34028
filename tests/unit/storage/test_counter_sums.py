"""What several changes of one counter become: one amount, the lowest cap, the last moment that was named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import CounterFull
from chalicelib.operations.ports import CounterChange
from chalicelib.storage.instances import StoredInstances
from tests.unit.domain.samples import HOUR, TEN, an_instance
from tests.unit.operations.whole_table import WholeTable

QUOTA = CounterChange(key="quota#a", amount=1, cap=2, expires_at=TEN + HOUR)


def written(*changes: CounterChange) -> tuple[WholeTable, StoredInstances]:
    """A table in which a row was written with these changes."""
    table = WholeTable()
    instances = StoredInstances(table)
    instances.write(an_instance(), before=None, counters=changes)
    return table, instances


def left_at(table: WholeTable, after: timedelta) -> bool:
    """Whether the counter is still there so long after ten."""
    table.purge(int((TEN + after).timestamp()))
    return "quota#a" in table.contents()


def test_a_counter_stays_until_its_moment() -> None:
    """A second before it is there, at the moment it may go."""
    table, _ = written(QUOTA)
    assert left_at(table, HOUR - timedelta(seconds=1))
    assert not left_at(table, HOUR)


def test_without_a_moment_it_stays_for_ever() -> None:
    """Counters of the service itself never go."""
    table, _ = written(replace(QUOTA, expires_at=None))
    assert left_at(table, 10_000 * HOUR)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_changes_of_one_write_are_one_with_the_moment_of_the_last_that_has_one(order: tuple[int, int]) -> None:
    """An amount without a moment beside one with it does not take it away, whichever comes first."""
    changes = (QUOTA, replace(QUOTA, expires_at=None))
    table, instances = written(*(changes[place] for place in order))
    assert instances.counters(["quota#a"]) == {"quota#a": 2}
    assert left_at(table, HOUR - timedelta(seconds=1))
    assert not left_at(table, HOUR)


def test_the_lowest_cap_counts() -> None:
    """Of two caps the tighter one stands against the sum, and nothing is written when it is passed."""
    table = WholeTable()
    with pytest.raises(CounterFull):
        StoredInstances(table).write(an_instance(), before=None, counters=(QUOTA, replace(QUOTA, cap=1)))
    assert table.contents() == {}
