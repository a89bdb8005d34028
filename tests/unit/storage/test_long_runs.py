"""Records of runs that are longer than an item: what is put away in parts, and what is cut."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.reasons import LEFT_OUT
from chalicelib.operations.ports import RunEntry
from chalicelib.storage.long_runs import MOST_SKIPPED, PART
from chalicelib.storage.runs import StoredRuns
from chalicelib.storage.table import Item
from tests.contract.test_runs import DONE, acts
from tests.fakes.memory_table import MemoryTable


class Watched(MemoryTable):
    """A table that remembers the keys of what is put into it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def put(self, item: Item) -> None:
        """Put it."""
        self.written.append(item.key)
        super().put(item)


@pytest.mark.parametrize("count", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1, 5000])
def test_of_any_length_all_is_there_and_no_item_is_large(count: int) -> None:
    """Nothing of what was done, and no error, is cut; no item comes near the 400 KB that DynamoDB takes."""
    table = MemoryTable()
    long = replace(DONE, did=acts(count), errors=tuple(f"server {number}: locked" for number in range(count)))
    StoredRuns(table).save(long)
    assert StoredRuns(table).get("r1") == long
    assert max(len(body) for _, body in table._items.values()) < 50_000


def test_a_run_that_grows_is_whole_at_every_step() -> None:
    """Each act is kept as begun and then as done: whoever looks meanwhile sees all of it, and no act twice."""
    table = MemoryTable()
    runs = StoredRuns(table)
    done = acts(2 * PART + 2)
    for number, act in enumerate(done):
        begun = replace(act, what="began to delete")
        runs.save(replace(DONE, did=(*done[:number], begun), finished_at=None))
        if number % PART in {0, 1, PART - 1}:
            seen = StoredRuns(table).get("r1")
            assert seen is not None
            assert seen.did == (*done[:number], begun)
    runs.save(replace(DONE, did=done))
    assert runs.get("r1") == replace(DONE, did=done)


def test_a_part_is_written_once() -> None:
    """However often a long run is kept, what lies in a part already is not written again."""
    table = Watched()
    runs = StoredRuns(table)
    for count in range(PART, 2 * PART + 5):
        runs.save(replace(DONE, did=acts(count), finished_at=None))
    assert [key for key in table.written if key != "run#r1"] == ["run#r1#did0", "run#r1#did1"]


def test_a_part_that_is_purged_first_hides_no_other() -> None:
    """The store throws items away one by one: what is left of an old run can still be read."""
    table = MemoryTable()
    StoredRuns(table).save(replace(DONE, did=acts(2 * PART + 1)))
    table.delete("run#r1#did0")
    kept = StoredRuns(table).get("r1")
    assert kept is not None
    assert kept.did == acts(2 * PART + 1)[PART:]


def test_of_what_was_left_alone_every_reason_stays_and_the_rest_is_counted() -> None:
    """Ten thousand owned servers push out no rare reason, and it is said how many of which were left out."""
    runs = StoredRuns(MemoryTable())
    owned = tuple(RunEntry(what="left alone", why=f"its row owns it ({n % 3})", server_id=n) for n in range(10_000))
    drifted = RunEntry(what="left alone", why="not ours to judge", server_id=-1)
    held = tuple(RunEntry(what="held back", why="too many at once", server_id=-2 - n) for n in range(300))
    runs.save(replace(DONE, skipped=(*owned, drifted, *held)))
    kept = runs.get("r1")
    assert kept is not None
    whole = [entry for entry in kept.skipped if entry.what != LEFT_OUT]
    assert MOST_SKIPPED - 3 <= len(whole) <= MOST_SKIPPED
    assert drifted in whole
    ours, theirs = (len([entry for entry in whole if entry.what == what]) for what in ("left alone", "held back"))
    assert [entry.why for entry in kept.skipped if entry.what == LEFT_OUT] == [
        f"{10_000 - (ours - 1)} more were left alone: its row owns it",
        f"{300 - theirs} more were held back: too many at once",
    ]
