"""Random programs over `Table` must give the same answers on every table (the differential test).

A program is a list of calls drawn from a seeded source over few keys, so that calls meet. Every answer and every error
is compared with the dictionary's. Keys due at the same second have no order in DynamoDB and are compared as sets.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.errors import CounterFull, WriteConflict
from chalicelib.storage.table import Add, Change, Item, Put, Table
from tests.fakes.memory_table import MemoryTable

ITEMS = ["instance#a", "instance#b", "run#c", "orphan#d"]
COUNTERS = ["live", "spend#1", "spend#2"]
CALLS = 60

Call = Callable[[Table], Any]


def random_item(source: random.Random) -> Item:
    """An item with any of its attributes."""
    return Item(
        key=source.choice(ITEMS),
        body={"n": source.randrange(100), "text": source.choice(["", "é", "x" * 50]), "list": [None, {"a": True}]},
        op_id=source.choice(["", "op"]),
        due_queue=source.choice([None, "work", "delete"]),
        due_at=source.choice([None, *range(5)]),
        owner=source.choice([None, "me", "you"]),
        listing=source.choice([None, "live", "ended"]),
        listed_at=source.choice([None, *range(9, 12)]),
        purge_at=source.choice([None, 4_000_000_000]),
    )


def random_add(source: random.Random) -> Add:
    """An add with a cap or without."""
    return Add(key=source.choice(COUNTERS), amount=source.randrange(-2, 4), cap=source.choice([None, None, 0, 3, 5]))


def random_changes(source: random.Random) -> list[Change]:
    """Changes of one to four keys; the expected versions are small, so that some fit."""
    puts = [Put(item=random_item(source), expected=source.randrange(4)) for _ in range(source.randrange(3))]
    adds = [random_add(source) for _ in range(source.randrange(3))]
    by_key: dict[str, Change] = {put.item.key: put for put in puts} | {add.key: add for add in adds}
    return list(by_key.values()) or [random_add(source)]


def random_call(source: random.Random) -> tuple[str, Call]:
    """One call of the interface, with a description for whoever reads a failure."""
    item, add, changes = random_item(source), random_add(source), random_changes(source)
    at, limit = source.randrange(12), source.randrange(1, 5)
    before = source.choice([None, (at, item.key)])
    queue, listing = source.choice(["work", "delete"]), source.choice(["live", "ended"])
    calls: list[tuple[str, Call]] = [
        (f"write({changes})", lambda table: table.write(changes)),
        (f"write({changes}) again", lambda table: table.write(changes)),
        (f"put({item})", lambda table: table.put(item)),
        (f"add({add})", lambda table: table.add(add)),
        (f"delete({item.key})", lambda table: table.delete(item.key)),
        (f"delay({item.key}, {at})", lambda table: table.delay(item.key, at)),
        (f"get({item.key})", lambda table: table.get(item.key)),
        ("get_many", lambda table: table.get_many([*ITEMS, *COUNTERS, "never"])),
        ("counts", lambda table: table.counts([*ITEMS, *COUNTERS, "never"])),
        (f"due({queue}, {at})", lambda table: set(table.due(queue, at, 10))),
        (f"listed({listing}, {before}, {limit})", lambda table: table.listed(listing, before, limit)),
        ("owned", lambda table: (table.owned("me"), table.owned("you"))),
    ]
    return source.choice(calls)


def answer(table: Table, call: Call) -> Any:
    """What a call returned, or the error it raised."""
    try:
        return call(table)
    except (WriteConflict, CounterFull) as error:
        return f"{type(error).__name__} {error.data['key']}"


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_agree(table: Table, seed: int) -> None:
    """A table answers a random program as the dictionary does, call by call, and is the same at the end."""
    source = random.Random(seed)
    model = MemoryTable()
    for number in range(CALLS):
        words, call = random_call(source)
        assert answer(table, call) == answer(model, call), f"seed {seed}, call {number}: {words}"
    for listing in ("live", "ended"):
        assert table.listed(listing, None, 10) == model.listed(listing, None, 10)
    assert table.get_many(ITEMS) == model.get_many(ITEMS)
    assert table.counts(COUNTERS) == model.counts(COUNTERS)


def test_the_programs_meet_every_kind_of_answer() -> None:
    """The programs are not idle: conflicts, full counters and successful writes all come up."""
    seen: set[str] = set()
    for seed in range(8):
        source, model = random.Random(seed), MemoryTable()
        for _ in range(CALLS):
            words, call = random_call(source)
            result = answer(model, call)
            seen.add(result.split()[0] if isinstance(result, str) else words.split("(")[0])
    assert seen >= {"WriteConflict", "CounterFull", "write", "put", "add", "delay", "delete", "due", "listed"}
