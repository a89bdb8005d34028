"""The contract of `Table`, on every table there is."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import CounterFull, WriteConflict
from chalicelib.storage.changes import MOST_CHANGES
from chalicelib.storage.table import Add, Item, Put, Table

BODY: dict[str, Any] = {
    "text": "Zoë, 東京 \N{SNOWMAN}",
    "empty": "",
    "number": -12_345_678_901,
    "yes": True,
    "no": False,
    "nothing": None,
    "list": [1, "a", None, [], ["", {}]],
    "map": {"in": {"out": [True, 1]}, "empty": {}},
}

FULL = Item(
    key="thing#1",
    body=BODY,
    op_id="op-1",
    due_queue="work",
    due_at=1000,
    owner="me",
    listing="live",
    listed_at=500,
    purge_at=4_000_000_000,
)


def new(key: str, **values: Any) -> Put:
    """The put of an item that must not exist yet."""
    return Put(item=Item(key=key, **values), expected=0)


def test_an_item_comes_back_as_it_was_put(table: Table) -> None:
    """Every attribute and every kind of JSON value survives; only the version is the table's own."""
    table.write([Put(item=FULL, expected=0)])
    stored = table.get("thing#1")
    assert stored is not None
    assert (stored.body, stored.version, stored.op_id) == (BODY, 1, "op-1")
    assert (stored.due_queue, stored.due_at, stored.owner) == ("work", 1000, "me")
    assert (stored.listing, stored.listed_at, stored.purge_at) == ("live", 500, 4_000_000_000)


def test_what_is_not_there_is_none(table: Table) -> None:
    """A key without an item gives None, and is left out of several."""
    table.write([new("a")])
    assert table.get("b") is None
    assert table.get_many(["a", "b", "a"]) == {"a": Item(key="a", version=1)}
    assert table.get_many([]) == {}


def test_an_item_is_created_once(table: Table) -> None:
    """A put that expects nothing conflicts with an item, names its key, and changes nothing."""
    table.write([new("a", body={"n": 1})])
    with pytest.raises(WriteConflict) as caught:
        table.write([new("a", body={"n": 2})])
    assert caught.value.data["key"] == "a"
    assert table.get("a") == Item(key="a", body={"n": 1}, version=1)


@pytest.mark.parametrize("expected", [1, 3])
def test_an_item_changes_from_the_version_that_was_read(table: Table, expected: int) -> None:
    """A put under another version than the stored one conflicts; under the stored one it replaces the whole item."""
    table.write([Put(item=FULL, expected=0)])
    table.write([Put(item=Item(key="thing#1", body={"n": 2}), expected=1)])
    with pytest.raises(WriteConflict):
        table.write([Put(item=FULL, expected=expected)])
    assert table.get("thing#1") == Item(key="thing#1", body={"n": 2}, version=2)


def test_a_missing_item_is_not_brought_back(table: Table) -> None:
    """A put that expects a version conflicts where nothing is stored."""
    with pytest.raises(WriteConflict):
        table.write([Put(item=Item(key="a"), expected=1)])
    assert table.get("a") is None


def test_a_transaction_writes_everything(table: Table) -> None:
    """Puts and adds of one transaction are all there."""
    table.write([new("a"), new("b"), Add(key="n", amount=3), Add(key="m", amount=-2)])
    assert set(table.get_many(["a", "b"])) == {"a", "b"}
    assert table.counts(["n", "m"]) == {"n": 3, "m": -2}


def test_a_transaction_with_a_conflict_writes_nothing(table: Table) -> None:
    """The conflict names the put that did not fit, and neither the other put nor the counter has moved."""
    table.write([new("b")])
    with pytest.raises(WriteConflict) as caught:
        table.write([Add(key="n", amount=3), new("a"), new("b")])
    assert caught.value.data["key"] == "b"
    assert table.get("a") is None
    assert table.counts(["n"]) == {"n": 0}


def test_a_transaction_with_a_full_counter_writes_nothing(table: Table) -> None:
    """CounterFull names the counter, and neither the put nor the other counter has moved."""
    table.add(Add(key="full", amount=5))
    with pytest.raises(CounterFull) as caught:
        table.write([new("a"), Add(key="n", amount=1), Add(key="full", amount=1, cap=5)])
    assert caught.value.data["key"] == "full"
    assert table.get("a") is None
    assert table.counts(["n", "full"]) == {"n": 0, "full": 5}


def test_a_conflict_is_told_before_a_full_counter(table: Table) -> None:
    """Where both fail the conflict is what is told: a repeated write must be able to recognise itself."""
    table.write([new("a"), Add(key="full", amount=5)])
    with pytest.raises(WriteConflict):
        table.write([Add(key="full", amount=1, cap=5), new("a")])


def test_a_transaction_names_no_key_twice(table: Table) -> None:
    """Two changes of one key are a mistake in the program, on every table."""
    with pytest.raises(ValueError, match="twice"):
        table.write([Add(key="n", amount=1), Add(key="n", amount=1)])


@pytest.mark.parametrize("count", [0, MOST_CHANGES + 1])
def test_a_transaction_has_its_size(table: Table, count: int) -> None:
    """No change at all, or more than 10, are a mistake in the program."""
    with pytest.raises(ValueError, match="1 to 10"):
        table.write([new(f"a{n}") for n in range(count)])


def test_the_largest_transaction_is_written(table: Table) -> None:
    """The largest transaction is written."""
    keys = [f"a{n}" for n in range(MOST_CHANGES)]
    table.write([new(key) for key in keys])
    assert set(table.get_many(keys)) == set(keys)


def test_put_replaces_whatever_was_there(table: Table) -> None:
    """Put makes an item, or replaces all of it and raises its version."""
    table.put(FULL)
    table.put(Item(key="thing#1", body={"n": 2}, listing="ended", listed_at=7))
    assert table.get("thing#1") == Item(key="thing#1", body={"n": 2}, version=2, listing="ended", listed_at=7)
    assert table.due("work", 2000, 10) == []
    assert table.owned("me") == []
    assert table.listed("live", None, 10) == []


def test_deleting_is_done_once_and_may_be_repeated(table: Table) -> None:
    """An item and a counter are thrown away; throwing away nothing is no error."""
    table.write([Put(item=FULL, expected=0), Add(key="n", amount=1)])
    for key in ("thing#1", "n", "thing#1", "never"):
        table.delete(key)
    assert table.get("thing#1") is None
    assert table.counts(["n"]) == {"n": 0}
    assert table.due("work", 2000, 10) == []


def test_a_counter_counts(table: Table) -> None:
    """Adding returns the new value; amounts may be negative, and so may the value."""
    assert table.add(Add(key="n", amount=2)) == 2
    assert table.add(Add(key="n", amount=3, purge_at=4_000_000_000)) == 5
    assert table.add(Add(key="n", amount=-7)) == -2
    assert table.counts(["n", "never", "n"]) == {"n": -2, "never": 0}
    assert table.counts([]) == {}


def test_a_counter_reaches_its_cap_and_no_more(table: Table) -> None:
    """The cap itself may be reached; one more is refused and changes nothing."""
    assert table.add(Add(key="n", amount=4, cap=5)) == 4
    assert table.add(Add(key="n", amount=1, cap=5)) == 5
    with pytest.raises(CounterFull) as caught:
        table.add(Add(key="n", amount=1, cap=5))
    assert caught.value.data["key"] == "n"
    assert table.counts(["n"]) == {"n": 5}


def test_a_first_amount_above_the_cap_is_refused(table: Table) -> None:
    """A counter that does not exist counts as 0 against the cap, alone and in a transaction."""
    with pytest.raises(CounterFull):
        table.add(Add(key="n", amount=6, cap=5))
    with pytest.raises(CounterFull):
        table.write([new("a"), Add(key="n", amount=6, cap=5)])
    assert table.counts(["n"]) == {"n": 0}


def test_a_debt_makes_room(table: Table) -> None:
    """The cap is on the sum: below zero there is room for more than the cap."""
    table.add(Add(key="n", amount=-3))
    assert table.add(Add(key="n", amount=8, cap=5)) == 5


def test_a_counter_above_a_lowered_cap_refuses_even_less(table: Table) -> None:
    """With a cap that was lowered below the value, a smaller amount does not help; without a cap it may shrink."""
    table.add(Add(key="n", amount=9))
    with pytest.raises(CounterFull):
        table.add(Add(key="n", amount=-1, cap=5))
    assert table.add(Add(key="n", amount=-1)) == 8


def test_counters_and_items_do_not_pass_for_each_other(table: Table) -> None:
    """A counter is no item, and an item counts nothing."""
    table.write([new("a"), Add(key="n", amount=1)])
    assert table.get("n") is None
    assert set(table.get_many(["a", "n"])) == {"a"}
    assert table.counts(["a"]) == {"a": 0}


def test_delaying_moves_nothing_else(table: Table) -> None:
    """`delay` sets `due_at`, in the item and its index, and leaves version and body alone."""
    table.write([Put(item=FULL, expected=0)])
    before = table.get("thing#1")
    table.delay("thing#1", 3000)
    after = table.get("thing#1")
    assert before is not None
    assert after is not None
    assert (after.due_at, after.version, after.op_id, after.body) == (3000, 1, "op-1", BODY)
    assert (table.due("work", 2999, 10), table.due("work", 3000, 10)) == ([], ["thing#1"])


def test_delaying_makes_nothing_due_that_was_not(table: Table) -> None:
    """Neither a missing item nor one outside the index nor a counter comes into it."""
    table.write([new("a"), Add(key="n", amount=1)])
    for key in ("a", "n", "never"):
        table.delay(key, 1)
    assert table.get("a") == Item(key="a", version=1)
    assert table.get("never") is None
    assert table.counts(["n"]) == {"n": 1}


def test_due_items_come_the_earliest_first(table: Table) -> None:
    """Only the queue that was asked for, only what is due by then, not more than the limit."""
    for key, queue, at in (("a", "work", 30), ("b", "work", 10), ("c", "work", 20), ("d", "delete", 5)):
        table.write([new(key, due_queue=queue, due_at=at)])
    assert table.due("work", 25, 10) == ["b", "c"]
    assert table.due("work", 30, 2) == ["b", "c"]
    assert table.due("work", 9, 10) == []
    assert table.due("delete", 9, 10) == ["d"]


def test_a_listing_is_newest_first_and_breaks_no_second_apart(table: Table) -> None:
    """Items are ordered by (listed_at, key), downwards, so that rows of one second have an order too."""
    for key, at in (("a", 9), ("b", 10), ("c", 10), ("d", 100)):
        table.write([new(key, listing="live", listed_at=at, body={"of": key})])
    table.write([new("z", listing="ended", listed_at=50)])
    listed = table.listed("live", None, 10)
    assert [item.key for item in listed] == ["d", "c", "b", "a"]
    assert [item.body for item in listed] == [{"of": "d"}, {"of": "c"}, {"of": "b"}, {"of": "a"}]


def test_a_listing_goes_on_from_any_place(table: Table) -> None:
    """What is strictly before the pair comes next, whether or not an item stands there."""
    for key, at in (("a", 9), ("b", 10), ("c", 10), ("d", 100)):
        table.write([new(key, listing="live", listed_at=at)])
    assert [item.key for item in table.listed("live", (100, "d"), 2)] == ["c", "b"]
    assert [item.key for item in table.listed("live", (10, "c"), 10)] == ["b", "a"]
    assert [item.key for item in table.listed("live", (10, "bb"), 1)] == ["b"]
    assert table.listed("live", (9, "a"), 10) == []


def test_an_owner_has_items(table: Table) -> None:
    """The keys of an owner, in order, listed or not."""
    table.write([new("b", owner="me", listing="live", listed_at=1), new("a", owner="me"), new("c", owner="you")])
    assert table.owned("me") == ["a", "b"]
    assert table.owned("nobody") == []


def test_an_item_can_be_large(table: Table) -> None:
    """An item of some 200 KB, as the record of a long run is, comes back whole."""
    body = {"lines": ["x" * 1000] * 200}
    table.put(Item(key="run#1", body=body))
    stored = table.get("run#1")
    assert stored is not None
    assert stored.body == body
