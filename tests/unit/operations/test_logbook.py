"""The record of a run while it is made: every act is kept before it is done, and again after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.operations.logbook import Logbook
from chalicelib.operations.ports import Run, RunEntry
from chalicelib.operations.request_reap import new_run
from tests.unit.operations.world import World

DELETED = RunEntry(what="deleted", why="no row owns it", server_id=42)
BEGUN = replace(DELETED, what="began to delete")


def book_of(world: World, **changes: bool) -> Logbook:
    """A logbook of a run that nobody has begun."""
    return Logbook(world.services.runs, replace(new_run(world.services), **changes))  # type: ignore[arg-type]  # a flag


def kept(world: World, book: Logbook) -> Run | None:
    """What another process would read."""
    return world.services.runs.get(book.run.id)


def test_an_act_is_kept_as_begun_and_then_as_done() -> None:
    """Whoever looks in between sees that it was begun; in the end it is there once."""
    world = World()
    book = book_of(world)
    for number in range(3):
        book.begin(replace(BEGUN, server_id=number))
        assert kept(world, book) == book.run
        assert book.run.did[-1] == replace(BEGUN, server_id=number)
        book.done(replace(DELETED, server_id=number))
    assert kept(world, book) == book.run
    assert book.run.did == tuple(replace(DELETED, server_id=number) for number in range(3))


def test_what_had_no_effect_is_not_told_and_what_nobody_knows_stays_begun() -> None:
    """A refusal takes the line back; after an error without an outcome the next act leaves the line as it is."""
    world = World()
    book = book_of(world)
    book.begin(BEGUN)
    book.drop()
    assert list(book.run.did) == []
    book.begin(BEGUN)
    book.fail("server 42: provider_unknown")
    book.begin(replace(BEGUN, server_id=43))
    book.done(replace(DELETED, server_id=43))
    assert list(book.run.did) == [BEGUN, replace(DELETED, server_id=43)]
    assert kept(world, book) == book.run


def test_what_cannot_be_kept_is_not_begun() -> None:
    """With the store away the caller hears so before it does anything, and the record claims nothing."""
    world = World()
    book = book_of(world)
    world.table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        book.begin(BEGUN)
    assert book.run.did == ()


def test_what_was_done_is_told_also_when_it_could_not_be_kept_at_once() -> None:
    """The store goes away just after the act: the run still has it, for the record that is kept at the end."""
    world = World()
    book = book_of(world)
    book.begin(BEGUN)
    world.table.fail_next(StoreUnavailable("away"))
    with pytest.raises(StoreUnavailable):
        book.done(DELETED)
    assert book.run.did == (DELETED,)


def test_a_dry_run_keeps_nothing_before_its_end() -> None:
    """It does nothing, so nothing is written; what it would do is in its run all the same."""
    world = World()
    book = book_of(world, dry_run=True)
    book.begin(BEGUN)
    book.done(replace(DELETED, what="would delete"))
    assert (kept(world, book), [entry.what for entry in book.run.did]) == (None, ["would delete"])
