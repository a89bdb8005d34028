"""The count that shows a restored table: raised by every tick, in the table first, and never lowered at the marker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import labels
from chalicelib.domain.errors import ProviderError, ProviderUnknown
from chalicelib.domain.reasons import Reason
from chalicelib.operations.marker import SILENCE, doubt
from chalicelib.operations.raise_epoch import keep_counting, raise_epoch
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.between import Between
from tests.unit.operations.world import World


def at_marker(world: World) -> int:
    """What the marker's label says."""
    assert world.stack.marker_id is not None
    return int(world.servers.project.keys[world.stack.marker_id].labels[labels.EPOCH])


def asked(world: World) -> list[str]:
    """The calls of the provider, in order."""
    return [method for method, _ in world.servers.calls]


def test_rule_11_every_tick_counts_whether_anything_lives_or_not() -> None:
    """Table and marker are both one further after each minute (rule R11)."""
    world = World()
    world.tick()
    before = world.stack.epoch
    for minute in range(1, 6):
        world.wait(MINUTE)
        assert world.stack.epoch == at_marker(world) == before + minute


def test_rule_11_the_table_counts_before_the_marker() -> None:
    """A marker that could not be written is behind the table, which is no reason to freeze (rule R11)."""
    world = World()
    epoch = world.stack.epoch
    world.servers.lose_next("read_marker")
    keep_counting(world.services)
    assert (world.stack.epoch, at_marker(world)) == (epoch, epoch)
    world.clock.advance(MINUTE)
    world.servers.fail_next(ProviderUnknown("timed out"), "raise_epoch")
    keep_counting(world.services)
    assert (world.stack.epoch, at_marker(world)) == (epoch + 1, epoch)
    assert doubt(world.services, world.clock.now(), afresh=True) is None


def test_r18_a_table_that_is_behind_never_writes_its_count_over_the_markers() -> None:
    """A copy that has counted less far freezes instead, and the marker says what it said (row R18)."""
    world = World()
    assert world.stack.marker_id is not None
    doubt(world.services, world.clock.now())
    world.servers.raise_epoch(world.stack.marker_id, world.stack.uuid, 40)
    keep_counting(world.services)
    assert (world.stack.frozen, at_marker(world)) == (Reason.RESTORED, 40)
    world.servers.calls.clear()
    for _ in range(5):
        world.clock.advance(MINUTE)
        keep_counting(world.services)
    assert (world.servers.calls, at_marker(world)) == ([], 40)
    assert world.alarms.events() == ["stack.frozen"]


def test_rule_21_while_the_provider_is_silent_it_is_asked_once_in_a_while() -> None:
    """One look in fifteen seconds, however many ticks come, no alarm and no error; then it counts again (rule R21)."""
    world = World()
    epoch = world.stack.epoch
    for _ in range(2):
        world.servers.fail_next(ProviderUnknown("timed out"), "read_marker")
    for _ in range(int(SILENCE.total_seconds()) + 1):
        keep_counting(world.services)
        world.clock.advance(timedelta(seconds=1))
    assert asked(world) == ["read_marker"] * 2
    assert (world.stack.epoch, world.alarms.events()) == (epoch, [])
    world.clock.advance(MINUTE)
    keep_counting(world.services)
    assert world.stack.epoch == at_marker(world) == epoch + 1


@pytest.mark.parametrize("error", [ProviderUnknown("timed out"), ProviderError("refused")])
def test_a_tick_goes_on_without_it(error: ProviderError) -> None:
    """What is due is served all the same."""
    world = World()
    row = world.running()
    assert row.expires_at is not None
    world.clock.advance(row.expires_at - world.clock.now())
    world.servers.fail_next(error, "raise_epoch")
    world.tick()
    assert world.servers.project.servers == {}


def test_o12_another_project_is_not_counted_in() -> None:
    """Without our marker neither count moves (row O12)."""
    world = World()
    epoch = world.stack.epoch
    world.servers.use_token("another project's")
    keep_counting(world.services)
    assert (world.stack.epoch, asked(world)) == (epoch, ["read_marker"])


def test_before_a_stack_is_founded_nothing_is_counted() -> None:
    """No item is written in passing, and nobody is asked."""
    world = World()
    world.table.delete("stack")
    keep_counting(world.services)
    assert (world.services.stack.get(), world.servers.calls) == (None, [])


def test_two_who_count_at_once_both_count() -> None:
    """The second write meets a conflict and is tried again on what the first has written."""
    world = World()
    epoch = world.stack.epoch
    stack: Any = Between(world.services.stack, "write", lambda: raise_epoch(world.services))
    assert raise_epoch(replace(world.services, stack=stack)).epoch == epoch + 2
    assert at_marker(world) == epoch + 2


def test_ticks_of_every_two_seconds_count_once_a_minute() -> None:
    """On one box a tick comes every two seconds: the count still costs two requests a minute."""
    world = World()
    for _ in range(90):
        keep_counting(world.services)
        world.clock.advance(timedelta(seconds=2))
    raised = [method for method, _ in world.servers.calls if method == "raise_epoch"]
    assert 3 <= len(raised) <= 4
