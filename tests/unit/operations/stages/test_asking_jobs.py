"""An ordered instance whose job runs: nothing is bought before its builder has asked for its order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import Superseded, TooEarly
from chalicelib.domain.instance import Instance, Status
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.attempts import attempt_of, code_of
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.stages.first_jobs import LOOK, Deaf, no_answer, queued, started
from tests.unit.operations.world import World


def test_a_job_that_runs_and_says_nothing_buys_nothing() -> None:
    """What a platform calls running is no builder: for want of its question the row waits, and looks again."""
    world, row = started()
    assert row.build is not None
    assert (row.status, row.build.running_at, row.build.asked_at) == (Status.REQUESTED, TEN, None)
    assert (row.due_at, world.requests()) == (TEN + LOOK, [])
    world.wait(LOOK)
    kept = world.row(row.id).build
    assert kept is not None
    assert (kept.running_at, world.requests()) == (TEN, [])
    world.builders_ask = True
    world.wait(LOOK)
    assert (world.row(row.id).status, world.requests()) == (Status.INSTALLING, ["create"])


def test_what_its_builder_said_is_kept_with_the_purchase() -> None:
    """The row tells when the job was first seen to run, and when its builder asked."""
    world, row = started()
    world.clock.advance(LOOK)
    world.builders_ask = True
    world.tick()
    bought = world.row(row.id)
    assert bought.build is not None
    assert bought.status is Status.INSTALLING
    assert (bought.build.running_at, bought.build.asked_at) == (TEN, TEN + LOOK)


def test_jobs_that_begin_and_end_for_want_of_a_part_cost_nothing() -> None:
    """Each runs and ends without a question: eleven jobs in the hour, no request of ours, and a cause that says so."""
    world, row = started()
    while world.row(row.id).status is Status.REQUESTED:
        world.installer.end(row.id, attempt_of(world, row))
        world.wait(MINUTE)
    failed = world.settle(row.id, Status.FAILED)
    assert (code_of(failed), len(world.installer.started)) == ("never_claimed", 11)
    assert ("create" in world.requests(), world.servers.project.servers, world.spend) == (False, {}, 0)
    told = [fields for event, fields in world.alarms.raised if event == "builder.never_ran"]
    assert told == [{"instance_id": row.id, "attempts": 3, "seen_running": True}]


def test_a_job_that_asked_and_ended_before_the_purchase_buys_nothing() -> None:
    """Its platform knows of its end when the row is looked at: another job is started, and nothing is bought for it."""
    world, row = started()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    world.installer.end(row.id, 1)
    world.follow_nudges()
    assert (world.row(row.id).status, world.requests()) == (Status.REQUESTED, [])
    world.wait(MINUTE)
    assert (attempt_of(world, row), world.requests()) == (2, [])


def test_a_job_that_does_not_ask_in_its_time_is_ended_and_followed_by_another() -> None:
    """The time to claim counts from when it was seen to run; then it is stopped like any attempt that never ran."""
    world, row = started()
    world.wait(7 * MINUTE - timedelta(seconds=1))
    assert (attempt_of(world, row), world.installer.running()) == (1, 1)
    assert world.row(row.id).due_at == TEN + 7 * MINUTE
    world.wait(timedelta(seconds=1))
    following = world.row(row.id).build
    assert following is not None
    assert (following.attempt, following.unrun, following.asked_at) == (2, 1, None)
    assert (world.installer.running(), world.requests()) == (1, [])
    with pytest.raises(Superseded):
        world.claim(row.id, 1)


def test_a_job_that_cannot_be_stopped_is_not_followed() -> None:
    """While its platform does not say that the silent job has ended, no other is started (rule R18)."""
    world, row = started()
    deaf: Any = Deaf(world.installer)
    with meeting(world, installer=deaf):
        world.wait(8 * MINUTE)
    waiting = world.row(row.id)
    assert deaf.asked
    assert (attempt_of(world, row), len(world.installer.started)) == (1, 1)
    assert waiting.due_at == world.clock.now() + LOOK
    world.wait(LOOK)
    assert attempt_of(world, row) == 2


def test_a_question_is_not_lost_to_a_worker_who_looks_meanwhile() -> None:
    """Asked while a worker waits for the platform's word: what the worker writes keeps it, and it goes on at once."""
    world, row = started()
    world.clock.advance(LOOK)
    state: Any = Between(world.installer, "state", lambda: _asks(world, row), after=True)
    with meeting(world, installer=state):
        world.tick()
    assert world.row(row.id).status is Status.INSTALLING


def _asks(world: World, row: Instance) -> None:
    with suppress(TooEarly):
        world.claim(row.id)


def test_a_builder_that_asks_is_believed_though_its_platform_lags() -> None:
    """A list that still calls the job queued is older than the job's own question."""
    world, row = queued()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    world.follow_nudges()
    bought = world.row(row.id)
    assert bought.build is not None
    assert (bought.status, bought.build.running_at) == (Status.INSTALLING, TEN)


def test_while_its_platform_is_silent_nothing_is_bought() -> None:
    """A builder has asked and the platform does not answer: less is done, not more, and soon looked at (rule R21)."""
    world, row = started()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    with meeting(world, installer=Between(world.installer, "state", no_answer)):
        world.follow_nudges()
    assert (world.row(row.id).status, world.requests()) == (Status.REQUESTED, [])
    assert world.row(row.id).due_at == TEN + LOOK
    world.wait(LOOK)
    assert world.row(row.id).status is Status.INSTALLING


def test_a_pause_sends_home_a_builder_that_has_asked() -> None:
    """What asked and is held back costs nothing: it is ended, and another one asks when the switch is on again."""
    world, row = started()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    world.follow_nudges()
    assert (world.row(row.id).status, world.installer.running(), world.requests()) == (Status.REQUESTED, 0, [])
    world.services.stack.write(replace(world.stack, paused=False), world.stack)
    world.builders_ask = True
    world.wait(MINUTE)
    assert (world.row(row.id).status, attempt_of(world, row)) == (Status.INSTALLING, 2)


def test_an_often_unrun_order_is_told_once_though_no_job_is_to_be_had_then() -> None:
    """The third silent job's successor is refused a slot for a while: the alarm comes with it, once."""
    world, row = started()
    for attempt in (1, 2, 3):
        world.installer.end(row.id, attempt)
        world.clock.advance(attempt * MINUTE)
        if attempt == 3:
            for _ in range(3):
                world.installer.refuse_starts = True
                world.wait(LOOK)
            assert "builder.never_ran" not in world.alarms.events()
            world.installer.refuse_starts = False
            world.clock.advance(LOOK)
        world.tick()
    assert (attempt_of(world, row), world.alarms.events().count("builder.never_ran")) == (4, 1)


def test_the_time_to_ask_counts_from_when_the_job_runs() -> None:
    """Four minutes in the queue are taken from nobody: the job has its seven minutes from its beginning on."""
    world, row = queued()
    world.builders_ask = False
    world.clock.advance(4 * MINUTE)
    world.installer.run(row.id, 1)
    world.tick()
    world.wait(7 * MINUTE - timedelta(seconds=5))
    assert attempt_of(world, row) == 1
    world.wait(timedelta(seconds=5))
    assert attempt_of(world, row) == 2
