"""On the way out: what is looked at before a delete, what holds one back, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain import budget, labels
from chalicelib.domain.errors import (
    BuilderUnknown,
    CccError,
    ProviderError,
    ProviderUnknown,
    RateLimited,
    TokenRejected,
)
from chalicelib.domain.instance import EndReason, Instance, Status
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.advance import advance
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.stages.creating import was_never_sent
from tests.unit.domain.samples import HOUR, MINUTE, TEN, an_instance
from tests.unit.operations.between import Between
from tests.unit.operations.world import World

SECONDS_3 = timedelta(seconds=3)


def server_of(row: Instance) -> int:
    """The id of an instance's server."""
    assert row.machine is not None
    return row.machine.server_id


def released(world: World, row: Instance) -> Instance:
    """The row after its owner's wish and all that follows from it at once."""
    deprovision(world.services, row.id)
    world.follow_nudges()
    return world.row(row.id)


def test_r7_a_server_is_looked_at_deleted_and_looked_at_again() -> None:
    """GET by id, labels, DELETE, GET 404, and only then the tombstone (rule R7)."""
    world = World()
    row = world.running()
    world.servers.calls.clear()
    ended = released(world, row)
    assert ended.status is Status.DELETED
    assert [method for method, _ in world.servers.calls] == ["read_marker", "get", "delete", "get"]


def test_r6_a_delete_whose_answer_was_lost_is_found_done() -> None:
    """The server is gone and nobody said so: the next look sees a 404, and that is success (rows R6, R8)."""
    world = World()
    row = world.running()
    world.servers.lose_next("delete")
    assert released(world, row).status is Status.DELETING
    world.wait(SECONDS_3)
    assert world.row(row.id).status is Status.DELETED
    assert world.requests()[-3:] == ["get", "delete", "get"]


def test_a_delete_that_did_nothing_is_sent_again() -> None:
    """The provider took the delete and the server still stands: it is not called gone, and deleted again."""
    world = World()
    row = world.running()
    kept = world.servers.project.servers[server_of(row)]
    deprovision(world.services, row.id)
    deleting = world.row(row.id)
    world.services.instances.write(replace(deleting, delete_accepted=True), before=deleting)
    world.follow_nudges()
    assert world.row(row.id).status is Status.DELETING
    assert world.servers.project.servers == {kept.server_id: kept}
    world.wait(SECONDS_3)
    assert world.row(row.id).status is Status.DELETED
    assert world.servers.project.servers == {}


@pytest.mark.parametrize(
    ("error", "wait", "alarm"),
    [
        (ProviderUnknown("timed out"), 3, None),
        (RateLimited("slow down", retry_after=20), 20, None),
        (RateLimited("slow down", retry_after=999), 60, None),
        (ProviderError("conflict"), 60, "instance.delete_refused"),
        (TokenRejected("revoked"), 60, "instance.delete_refused"),
    ],
)
@pytest.mark.parametrize("method", ["get", "delete"])
def test_r9_a_refused_delete_is_tried_again(method: str, error: CccError, wait: int, alarm: str | None) -> None:
    """Throttled, refused or without an answer: the row stays `deleting` and goes on after a while (row R9)."""
    world = World()
    row = world.running()
    world.servers.fail_next(error, method)
    waiting = released(world, row)
    assert (waiting.status, waiting.due_at) == (Status.DELETING, TEN + 4 * MINUTE + timedelta(seconds=wait))
    assert (alarm in world.alarms.events()) is (alarm is not None)
    world.wait(timedelta(seconds=wait))
    assert world.row(row.id).status is Status.DELETED
    assert world.servers.project.servers == {}


def test_r9_a_locked_server_is_waited_for() -> None:
    """Another action runs on the server: three seconds later it is tried again (row R9)."""
    world = World()
    row = world.running()
    world.servers.lock(server_of(row), times=2)
    assert released(world, row).status is Status.DELETING
    world.wait(SECONDS_3)
    assert world.row(row.id).status is Status.DELETING
    world.wait(SECONDS_3)
    assert world.row(row.id).status is Status.DELETED


def test_r10_protection_is_the_operators_and_is_not_lifted() -> None:
    """A protected server stays, somebody is told, and it goes when the protection is taken off (row R10)."""
    world = World()
    row = world.running()
    world.servers.protect(server_of(row))
    assert released(world, row).status is Status.DELETING
    world.wait(HOUR)
    assert server_of(row) in world.servers.project.servers
    assert world.alarms.events().count("instance.delete_protected") >= 2
    world.servers.project.protected.clear()
    world.wait(5 * MINUTE)
    assert world.row(row.id).status is Status.DELETED


@pytest.mark.parametrize("change", [{"labels": {}}, {"name": "somebodys"}, {"labels": {labels.STACK: "x"}}])
def test_r14_a_server_that_is_not_ours_is_never_deleted(change: dict[str, object]) -> None:
    """Labels or name do not agree with the row: no delete, an alarm, and another look later (rows R14, R15)."""
    world = World()
    row = world.running()
    world.servers.alter(server_of(row), **change)
    assert released(world, row).status is Status.DELETING
    world.wait(HOUR)
    assert "delete" not in world.requests()
    assert "delete.not_ours" in world.alarms.events()


def lose_marker(world: World) -> None:
    """Take the marker away."""
    assert world.stack.marker_id is not None
    world.servers.remove_key(world.stack.marker_id)


def make_marker_foreign(world: World) -> None:
    """Let the marker carry another stack's uuid."""
    marker_id = world.stack.marker_id
    assert marker_id is not None
    key = world.servers.project.keys[marker_id]
    world.servers.project.keys[marker_id] = replace(key, labels=labels.marker_labels(stack="another", epoch=1))


def raise_markers_epoch(world: World) -> None:
    """Let the marker have counted further than the table, as after a restore of the table."""
    assert world.stack.marker_id is not None
    world.servers.raise_epoch(world.stack.marker_id, world.stack.uuid, world.stack.epoch + 1)


def use_another_project(world: World) -> None:
    """Switch to a token of an empty project, which answers 404 to everything."""
    world.servers.use_token("another project's")


@pytest.mark.parametrize("happen", [lose_marker, make_marker_foreign, raise_markers_epoch, use_another_project])
def test_r11_without_the_stacks_own_marker_nothing_is_deleted_or_believed(happen: object) -> None:
    """Missing, foreign, ahead of the table, or another project: no delete, and no 404 counts (rows O12, R18)."""
    world = World()
    row = world.running()
    world.clock.advance(2 * MINUTE)
    assert callable(happen)
    happen(world)
    waiting = released(world, row)
    world.wait(5 * MINUTE)
    assert waiting.status is world.row(row.id).status is Status.DELETING
    assert "delete" not in world.requests()
    assert "delete.refused" in world.alarms.events()


def test_r18_a_restored_table_stays_frozen_until_somebody_accepts_it() -> None:
    """The marker is ahead once: the freeze is kept in the table, with the reason (row R18)."""
    world = World()
    row = world.running()
    world.clock.advance(2 * MINUTE)
    raise_markers_epoch(world)
    released(world, row)
    assert world.stack.frozen is not None
    assert "restored" in world.stack.frozen
    assert "stack.frozen" in world.alarms.events()
    world.wait(10 * MINUTE)
    assert "delete" not in world.requests()


def test_the_markers_answer_is_shared_for_a_minute() -> None:
    """Two deletions in one minute read the marker once."""
    world = World()
    rows = [world.running() for _ in range(2)]
    world.clock.advance(2 * MINUTE)
    world.servers.calls.clear()
    for row in rows:
        released(world, row)
    assert [method for method, _ in world.servers.calls].count("read_marker") == 1


@pytest.mark.parametrize("skew", [timedelta(seconds=61), timedelta(hours=-1)])
def test_x9_on_a_clock_that_the_provider_contradicts_nothing_expires(skew: timedelta) -> None:
    """More than a minute off: the machine is not deleted because of the time, and somebody is told (row X9)."""
    world = World()
    row = world.running()
    assert row.expires_at is not None
    world.servers.skew = skew
    world.wait(row.expires_at - world.clock.now())
    world.wait(5 * MINUTE)
    # by a clock that is behind the end has not come, so it is not even claimed
    assert world.row(row.id).status is (Status.RUNNING if skew < timedelta(0) else Status.DELETING)
    assert "delete" not in world.requests()
    assert "clock.disagrees" in world.alarms.events()
    world.servers.skew = timedelta(0)
    world.wait(MINUTE)
    assert world.row(row.id).status is Status.DELETED


def test_x9_a_wish_does_not_depend_on_the_time() -> None:
    """What its owner ends is deleted whatever the clocks say."""
    world = World()
    row = world.running()
    world.servers.skew = timedelta(hours=3)
    assert released(world, row).status is Status.DELETED


def test_r17_without_a_machine_the_server_is_looked_for_by_its_name() -> None:
    """A row whose create was never answered finds its server, and deletes it (row R17)."""
    world = World()
    world.servers.lose_next("create")
    row = world.order().instance
    world.follow_nudges()
    world.clock.advance(timedelta(seconds=1))
    released(world, row)
    ended = world.settle(row.id, Status.DELETED, within=5 * MINUTE)
    assert world.servers.project.servers == {}
    assert world.requests() == ["create", "find", "get", "delete", "get"]
    assert ended.machine is not None
    assert world.spend == 38_100


def test_p10_a_strangers_server_of_our_name_does_not_hold_up_the_end() -> None:
    """What bears the name and not the labels is left alone, and the row ends."""
    world = World()
    row = world.put(an_instance(Status.DELETING, machine=None, end_reason=EndReason.RELEASED, due_at=TEN, holds=()))
    world.servers.add(
        ServerFact(server_id=9, name=row.name, labels={}, created_at=TEN, status="running", ip="198.18.9.9")
    )
    world.tick()
    assert world.row(row.id).status is Status.DELETED
    assert list(world.servers.project.servers) == [9]


def test_the_money_shrinks_to_what_was_billed() -> None:
    """Ended after 2 h 20 min of five: three started hours stay in the ledger, the rest comes back."""
    world = World()
    row = world.running(5)
    world.clock.advance(136 * MINUTE)
    released(world, row)
    assert world.spend == 3 * 38_100


def test_money_goes_back_to_the_month_it_came_from() -> None:
    """Reserved in November, ended in December: November's counter is what shrinks."""
    world = World()
    world.clock.advance(datetime(2026, 11, 30, 23, 50, tzinfo=TEN.tzinfo) - TEN)
    world.services.catalogue.keep(world.servers.market(world.clock.now()))
    row = world.running(5)
    world.clock.advance(20 * MINUTE)
    released(world, row)
    assert world.spend == 0
    assert world.services.instances.counters(["spend#202611", "spend#202612"]) == {
        "spend#202611": 38_100,
        "spend#202612": 0,
    }


def test_r19_a_deletion_does_not_wait_for_mail_or_builder() -> None:
    """Neither a mailer nor a build platform that fails holds the server back (row R19)."""
    world = World()
    row = world.installing()
    for _ in range(20):
        world.mailer.fail_next(CccError("down"))
    world.installer.fail_next(BuilderUnknown("no answer"))
    deprovision(world.services, row.id)
    with pytest.raises(CccError):
        world.follow_nudges()
    assert world.row(row.id).status is Status.DELETED
    assert world.servers.project.servers == {}


def test_what_takes_too_long_raises_an_alarm_and_goes_on() -> None:
    """After a quarter of an hour somebody is told, and the deletion is still tried (rule R14)."""
    world = World()
    row = world.running()
    world.servers.protect(server_of(row))
    released(world, row)
    assert "instance.deleting_late" not in world.alarms.events()
    world.wait(16 * MINUTE)
    assert "instance.deleting_late" in world.alarms.events()
    assert world.row(row.id).due_at is not None


def test_r11_two_workers_delete_once() -> None:
    """The second worker finds the row held and does nothing (row R11)."""
    world = World()
    row = world.running()
    deprovision(world.services, row.id)
    world.held(row.id)
    advance(world.services, row.id)
    assert "delete" not in world.requests()


def test_what_an_end_that_came_late_has_cost_is_in_the_ledger() -> None:
    """The provider refuses the delete for two hours: they are billed, so they are set aside, whatever the cap says."""
    world = World(max_monthly_eur=Decimal("0.21"))
    row = world.running()
    assert row.expires_at is not None
    world.clock.advance(row.expires_at - world.clock.now())
    world.servers.protect(server_of(row))
    world.tick()
    world.clock.advance(2 * HOUR)
    world.servers.project.protected.clear()
    world.settle(row.id, Status.DELETED)
    assert world.spend == 4 * 38_100
    assert budget.held(world.row(row.id).holds) == world.spend


def test_the_ledger_knows_when_the_last_delete_was_sent() -> None:
    """The answer is lost and the next look comes two hours later: billed to the delete, not to the look."""
    world = World()
    row = world.running()
    sent = world.clock.now()
    world.servers.lose_next("delete")
    assert released(world, row).delete_sent_at == sent
    world.clock.advance(2 * HOUR)
    world.tick()
    assert world.row(row.id).status is Status.DELETED
    assert world.spend == 38_100


def test_a_machine_that_was_claimed_too_early_is_kept_to_its_end() -> None:
    """A worker whose clock was fast wrote `deleting`: whoever comes with a right one waits for the end (rule R9)."""
    world = World()
    row = world.running()
    early = replace(row, status=Status.DELETING, status_since=world.clock.now(), end_reason=EndReason.EXPIRED)
    world.services.instances.write(replace(early, due_at=world.clock.now()), before=row)
    world.tick()
    assert row.expires_at is not None
    assert (world.row(row.id).due_at, "delete" in world.requests()) == (row.expires_at, False)
    world.clock.advance(row.expires_at - world.clock.now())
    world.tick()
    assert world.row(row.id).status is Status.DELETED


def test_an_order_that_ended_in_the_queue_costs_no_request() -> None:
    """No create can have left, so nothing is looked for and the marker is not asked for either."""
    world = World()
    world.installer.queueing = True
    row = world.order().instance
    world.follow_nudges()
    assert world.row(row.id).build is not None
    world.servers.calls.clear()
    assert released(world, row).status is Status.DELETED
    assert world.servers.calls == []
    assert world.installer.running() == 0


def test_r17_before_any_create_leaves_the_row_says_that_it_may_have() -> None:
    """In the moment of the POST the host key and the create's time are written: such a row is looked for (row R17)."""
    world = World()
    row = world.with_builder()
    seen: list[bool] = []
    servers: Any = Between(world.servers, "create", lambda: seen.append(was_never_sent(world.row(row.id))))
    advance(replace(world.services, servers=servers), row.id)
    assert seen == [False]


@pytest.mark.parametrize("known", [{"host_key": "ssh-ed25519 AAAA"}, {"create_until": TEN}], ids=str)
def test_r17_a_row_with_any_trace_of_a_create_is_looked_for(known: dict[str, Any]) -> None:
    """One of the two is enough: the server is found by its name and deleted (row R17)."""
    world = World()
    row = an_instance(Status.DELETING, machine=None, end_reason=EndReason.RELEASED, due_at=TEN, holds=())
    row = world.put(replace(row, **{"host_key": None, "create_until": None, **known}))
    shown = labels.server_labels(stack=world.stack.uuid, instance_id=row.id)
    world.servers.add(
        ServerFact(server_id=9, name=row.name, labels=shown, created_at=TEN, status="running", ip="198.18.9.9")
    )
    world.tick()
    assert world.row(row.id).status is Status.DELETED
    assert world.servers.project.servers == {}
