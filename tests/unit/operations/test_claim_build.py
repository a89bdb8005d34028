"""Hand out a build's order: to the holder of the one-time code, once, and only while the attempt counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.build import INSTALL_WITHIN, Cause
from chalicelib.domain.errors import BuildOver, BuildRefused, NotFound, Superseded, TooEarly
from chalicelib.domain.instance import Build, Instance, Status
from chalicelib.operations import secrets_of
from chalicelib.operations.claim_build import claim_build
from chalicelib.operations.deprovision import deprovision
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.world import World


def test_an_order_holds_all_that_a_builder_needs() -> None:
    """Address, port, the pinned keys, the guest's line, the deadline and a token of its own."""
    world = World()
    row = world.installing()
    order = world.claim(row.id)
    assert row.machine is not None
    assert (order.address, order.ssh_port, order.attempt) == (row.machine.ip, 22, 1)
    assert order.authorized_key == row.ssh_public_key
    assert order.final_host_key.public == row.host_key
    assert order.deadline == TEN + INSTALL_WITHIN
    assert order.build_token == secrets_of.token(world.services, row, tokens.Purpose.BUILD, 1)
    assert len({order.bootstrap_host_key, order.install_key.public, order.final_host_key.public}) == 3


def test_the_machine_gets_no_token_but_its_own() -> None:
    """`instance.json` has the box token, and neither the manage token nor the address of the guest."""
    world = World()
    row = world.installing()
    record = world.claim(row.id).record
    assert record["box_token"] == secrets_of.token(world.services, row, tokens.Purpose.BOX)
    shown = str(record)
    assert secrets_of.manage_token(world.services, row) not in shown
    assert row.email not in shown


def test_the_server_was_created_with_the_key_that_is_pinned() -> None:
    """K1 of the order is what the user_data planted, and the install key is the one that opens root."""
    world = World()
    row = world.installing()
    order = world.claim(row.id)
    assert row.machine is not None
    planted = world.servers.project.user_data[row.machine.server_id]
    assert order.bootstrap_host_key in planted
    assert order.install_key.public in planted
    assert order.final_host_key.public not in planted


def test_a_lost_reply_may_be_asked_for_again() -> None:
    """The same nonce gets the same order, and the first claim stays the first."""
    world = World()
    row = world.installing()
    first = world.claim(row.id)
    world.clock.advance(MINUTE)
    assert world.claim(row.id) == first
    assert world.row(row.id).first_claimed_at == TEN


def test_b4_a_second_builder_is_refused() -> None:
    """The code is bound to the first nonce: a copy of the job does not get the order (row B4)."""
    world = World()
    row = world.installing()
    world.claim(row.id, nonce="first")
    with pytest.raises(Superseded):
        world.claim(row.id, nonce="second")


def test_b4_of_two_builders_at_once_one_gets_the_order() -> None:
    """Whoever is second at the table is refused."""
    world = World()
    row = world.installing()
    plain = world.services
    instances: Any = Between(plain.instances, "write", lambda: _claim_with(world, plain, row.id))
    world.services = replace(plain, instances=instances)
    with pytest.raises(Superseded):
        world.claim(row.id, nonce="second")
    world.services = plain
    record = plain.instances.get_build(row.id, 1)
    assert record is not None
    assert record.nonce == "first"


def _claim_with(world: World, services: Any, instance_id: str) -> None:
    racing, world.services = world.services, services
    world.claim(instance_id, nonce="first")
    world.services = racing


@pytest.mark.parametrize("code", ["", "ccc_claim_x", "é", "attempt 2", "build"])
def test_c6_a_wrong_code_is_answered_as_an_unknown_instance(code: str) -> None:
    """A guess, the code of another attempt, and another purpose's token are all `not_found` (row C6)."""
    world = World()
    row = world.installing()
    made = {
        "attempt 2": secrets_of.token(world.services, row, tokens.Purpose.CLAIM, 2),
        "build": secrets_of.token(world.services, row, tokens.Purpose.BUILD, 1),
    }
    with pytest.raises(NotFound):
        claim_build(world.services, row.id, attempt=1, claim_code=made.get(code, code), nonce="n")
    assert world.services.instances.get_build(row.id, 1) is None


def test_c6_a_code_opens_its_own_instance_only() -> None:
    """The code of one instance is nothing to another, and nothing to an id that is none."""
    world = World()
    one, two = world.installing(), world.installing()
    code = secrets_of.token(world.services, one, tokens.Purpose.CLAIM, 1)
    for instance_id in (two.id, "ffffffffffff", "../stack"):
        with pytest.raises(NotFound):
            claim_build(world.services, instance_id, attempt=1, claim_code=code, nonce="n")


def test_before_the_address_is_known_a_builder_comes_too_early() -> None:
    """A builder that is faster than the provider is told when to ask again."""
    world = World()
    row = world.order().instance
    with pytest.raises(TooEarly) as caught:
        world.claim(row.id)
    assert caught.value.data["retry_after"] >= 1


def test_a_builder_that_asks_while_its_row_waits_in_the_queue_is_bought_for_at_once() -> None:
    """Its question shows that the job runs: the row need not wait for its next look at the platform."""
    world = World()
    world.installer.queueing = True
    row = world.order().instance
    world.follow_nudges()
    world.installer.run(row.id, 1)
    with pytest.raises(TooEarly):
        world.claim(row.id)
    world.follow_nudges()
    assert world.row(row.id).status is Status.INSTALLING


def waiting() -> tuple[World, Instance]:
    """A world with an order whose first job runs, and whose builder has not asked yet."""
    world = World()
    world.builders_ask = False
    row = world.order().instance
    world.follow_nudges()
    return world, world.row(row.id)


def test_the_first_question_is_written_and_makes_the_row_due() -> None:
    """When the builder asked is in the row, which is due in the same write; everything else is as it was."""
    world, row = waiting()
    world.clock.advance(timedelta(seconds=2))
    with pytest.raises(TooEarly):
        world.claim(row.id)
    asked, now = world.row(row.id), world.clock.now()
    assert row.build is not None
    assert asked.build == replace(row.build, asked_at=now)
    assert replace(asked, build=row.build, due_at=row.due_at, version=row.version, op_id=row.op_id) == row
    assert asked.due_at == now
    assert [what for what, _ in world.nudge.take()] == ["advance"]


def test_a_builder_that_asks_every_second_writes_once() -> None:
    """Its further questions write nothing, and ask nobody to look while somebody does or the row has to wait."""
    world, row = waiting()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    world.nudge.take()
    held = world.held(row.id)
    for _ in range(3):
        world.clock.advance(timedelta(seconds=1))
        with pytest.raises(TooEarly):
            world.claim(row.id)
    assert (world.row(row.id), world.nudge.take()) == (held, [])
    assert world.services.instances.get_build(row.id, 1) is None


def test_a_lost_word_to_look_is_said_again_by_the_next_question() -> None:
    """The first question was written and nobody heard of it: a second later the row is looked at all the same."""
    world, row = waiting()
    for _ in range(2):
        assert world.row(row.id).status is Status.REQUESTED
        world.nudge.take()
        with pytest.raises(TooEarly):
            world.claim(row.id)
        world.clock.advance(timedelta(seconds=1))
    world.follow_nudges()
    assert world.row(row.id).status is Status.INSTALLING


def test_without_any_word_the_next_tick_buys() -> None:
    """The word to look was lost and the builder fell silent: the row is due, and the tick sees it within a minute."""
    world, row = waiting()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    world.nudge.take()
    world.tick()
    assert world.row(row.id).status is Status.INSTALLING


def test_a_question_whose_reply_was_lost_is_one_question() -> None:
    """The write happened and its answer did not come: it is recognised, and the row has the question once."""
    world, row = waiting()
    world.table.lose_next_reply()
    with pytest.raises(TooEarly):
        world.claim(row.id)
    assert world.row(row.id).version == row.version + 1


def test_a_question_meets_a_worker_at_the_table() -> None:
    """Somebody writes the row between its read and the question's write: it is read again, and the question kept."""
    world, row = waiting()
    instances: Any = Between(world.services.instances, "write", lambda: world.held(row.id))
    with meeting(world, instances=instances), pytest.raises(TooEarly):
        world.claim(row.id)
    asked = world.row(row.id)
    assert asked.build is not None
    assert (asked.lease_id, asked.build.asked_at) == ("somebody", world.clock.now())


@pytest.mark.parametrize("attempt", [1, 3])
def test_only_the_newest_attempt_is_asked_for(attempt: int) -> None:
    """An older job's question is refused, one of a job that is not written down yet is too early; neither counts."""
    world, row = waiting()
    world.installer.end(row.id, 1)
    world.wait(MINUTE)
    with pytest.raises(BuildRefused):
        world.claim(row.id, attempt)
    build = world.row(row.id).build
    assert build is not None
    assert (build.attempt, build.asked_at) == (2, None)


def test_b3_a_builder_of_an_attempt_that_is_not_written_down_yet_is_too_early() -> None:
    """The job of attempt 2 may run before the row says so: it asks again (row B3)."""
    world = World()
    row = world.installing()
    with pytest.raises(TooEarly):
        world.claim(row.id, attempt=2)


def test_c4_an_older_attempt_is_superseded() -> None:
    """Once attempt 2 is started, attempt 1 gets nothing any more (row C4)."""
    world = World()
    row = world.installing()
    world.claim(row.id)
    world.fail_build(row.id, Cause.COPY_FAILED)
    world.follow_nudges()
    build = world.row(row.id).build
    assert build is not None
    assert build.attempt == 2
    with pytest.raises(Superseded):
        world.claim(row.id, attempt=1)
    assert world.claim(row.id, attempt=2).attempt == 2


def test_an_attempt_that_was_given_up_cannot_be_claimed() -> None:
    """A job that the platform has ended is not let in by its latecomer."""
    world = World()
    row = world.installing()
    stopped = replace(row, build=Build(attempt=1, started_at=TEN, reference="r", stopped=True))
    world.services.instances.write(stopped, before=row)
    with pytest.raises(Superseded):
        world.claim(row.id)


def test_c5_an_ending_instance_sends_its_builder_home() -> None:
    """In `deleting` and after it the answer is that the build is over (row C5)."""
    world = World()
    row = world.installing()
    deprovision(world.services, row.id)
    with pytest.raises(BuildOver):
        world.claim(row.id)
    world.follow_nudges()
    assert world.row(row.id).status is Status.DELETED
    with pytest.raises(BuildOver):
        world.claim(row.id)


def test_a_running_machine_is_not_built_again() -> None:
    """After `running` nobody gets the keys of the machine any more."""
    world = World()
    row = world.running()
    with pytest.raises(Superseded):
        world.claim(row.id)


def test_the_claim_does_not_take_the_row_from_its_holder() -> None:
    """A worker who holds the row records its step after the claim all the same."""
    world = World()
    row = world.installing()
    world.held(row.id)
    world.claim(row.id)
    assert world.row(row.id).lease_id == "somebody"
    assert world.row(row.id).first_claimed_at == TEN
