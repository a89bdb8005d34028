"""Several threads at one table: nothing is lost, no cap is passed.

moto and the dictionary are for one thread and stay away.
"""

from __future__ import annotations

import threading

import pytest

from chalicelib.domain.errors import CounterFull, WriteConflict
from chalicelib.storage.table import Add, Item, Put, Table

THREADS = 4
ROUNDS = 6
CAP = 15


@pytest.fixture(scope="module", params=["sqlite", "dynamodb-local"])
def kind(request: pytest.FixtureRequest) -> str:
    """The tables that are made for several threads."""
    return str(request.param)


def raise_row(table: Table) -> bool:
    """One try to raise a number in a row together with a capped counter; whether the cap stood in the way."""
    item = table.get("a")
    assert item is not None
    raised = Item(key="a", body={"n": item.body["n"] + 1})
    try:
        table.write([Put(item=raised, expected=item.version), Add(key="n", amount=1, cap=CAP)])
    except WriteConflict:
        return False
    except CounterFull:
        return True
    return False


def test_row_and_counter_move_together_in_a_crowd(table: Table) -> None:
    """However the threads meet, the row counts as far as the counter, and both end at the cap."""
    table.put(Item(key="a", body={"n": 0}))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while not raise_row(table):
                pass
        except BaseException as error:  # noqa: BLE001 -- handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert table.counts(["n"]) == {"n": CAP}
    assert table.get("a") == Item(key="a", body={"n": CAP}, version=CAP + 1)


def test_counters_lose_nothing_in_a_crowd(table: Table) -> None:
    """Each add counts once, and each thread sees its own."""
    seen: list[int] = []

    def work() -> None:
        seen.extend(table.add(Add(key="n", amount=1)) for _ in range(ROUNDS))

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, THREADS * ROUNDS + 1))
