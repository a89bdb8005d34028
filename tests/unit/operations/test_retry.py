"""What has failed is tried again: once, with the same wishes, as an instance of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import (
    InvalidInput,
    LimitReached,
    NotFailed,
    NotFound,
    Paused,
    ProviderError,
    SignupClosed,
)
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.signup import NOBODY
from chalicelib.operations import authorise
from chalicelib.operations.deprovision import deprovision
from chalicelib.operations.retry import retry
from chalicelib.operations.rotate_token import rotate_token
from tests.unit.domain.samples import MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.guests import asked, confirmed, guests_machine, quota, said_yes
from tests.unit.operations.world import World


def failed(world: World, **wish: Any) -> Instance:
    """A guest's instance that the provider refused to make."""
    row = confirmed(world, **wish)
    world.servers.fail_next(ProviderError("no"), "create")
    return world.settle(row.id, Status.FAILED)


def operators_failed(world: World) -> Instance:
    """An operator's."""
    row = world.order(2).instance
    world.servers.fail_next(ProviderError("no"), "create")
    return world.settle(row.id, Status.FAILED)


def test_a_retry_is_a_new_instance_with_the_same_wishes_for_the_same_owner() -> None:
    """Wish, address, owner and key are those of the failed one; the id, the key's comment and the token are new."""
    world = World()
    first = failed(world, hours=3, server_type="cpx22", location="hel1")
    world.clock.advance(MINUTE)
    made = retry(world.services, first.id)
    again = world.row(made.instance.id)
    assert (again.wish, again.email, again.owner, again.by_operator) == (
        first.wish,
        first.email,
        first.owner,
        first.by_operator,
    )
    assert again.id != first.id
    assert again.ssh_public_key == first.ssh_public_key.replace(first.name, again.name)
    assert (again.status, again.created_at, again.machine) == (Status.REQUESTED, world.clock.now(), None)
    assert authorise.owner(world.services, again.id, token=made.manage_token) == again
    with pytest.raises(NotFound):
        authorise.owner(world.services, first.id, token=made.manage_token)
    assert world.row(first.id) == first


def test_a_retry_reserves_like_an_order_and_is_worked_on() -> None:
    """Money, live count and the guest's quota are taken, and the machine is built without another confirmation."""
    world = World()
    first = failed(world)
    assert (world.live, world.spend, quota(world, first)) == (0, 0, 0)
    again = retry(world.services, first.id).instance
    assert (world.live, world.spend, quota(world, first)) == (1, 3 * 68_600, 1)
    world.follow_nudges()
    world.build(again.id)
    world.follow_nudges()
    assert world.row(again.id).status is Status.RUNNING
    assert world.mails() == ["confirm", "failed", "ready"]


def test_asking_twice_makes_one() -> None:
    """The second answer is the first one's instance and token, also while it runs, and reserves nothing more."""
    world = World()
    first = failed(world)
    made = retry(world.services, first.id)
    world.follow_nudges()
    world.build(made.instance.id)
    world.follow_nudges()
    again = retry(world.services, first.id)
    assert (again.instance.id, again.manage_token, again.replayed) == (made.instance.id, made.manage_token, True)
    assert (made.replayed, world.live, quota(world, first)) == (False, 1, 1)


def test_two_at_once_make_one() -> None:
    """Whoever is second at the table gets the first one's instance."""
    world = World()
    first = failed(world)
    inner: list[Any] = []
    racing = Between(world.services.instances, "write", lambda: inner.append(retry(world.services, first.id)))
    with meeting(world, instances=racing):
        outer = retry(world.services, first.id)
    assert (outer.instance.id, outer.replayed) == (inner[0].instance.id, True)
    assert (world.live, quota(world, first)) == (1, 1)


def test_i10_a_lost_reply_to_our_own_write_is_a_success() -> None:
    """The row was written and the reply was lost: it is recognised, and reserved once (invariant 10)."""
    world = World()
    first = failed(world)
    with meeting(world, instances=Between(world.services.instances, "write", world.table.lose_next_reply)):
        made = retry(world.services, first.id)
    assert (made.replayed, world.live, quota(world, first)) == (False, 1, 1)


def test_a_retry_that_fails_can_be_tried_again() -> None:
    """Each failed instance has one in its place, so a chain of failures goes on."""
    world = World()
    first = failed(world)
    second = retry(world.services, first.id).instance
    world.servers.fail_next(ProviderError("no"), "create")
    world.settle(second.id, Status.FAILED)
    third = retry(world.services, second.id).instance
    assert len({first.id, second.id, third.id}) == 3
    assert retry(world.services, first.id).instance.id == second.id


def test_an_operators_stays_an_operators() -> None:
    """An operator's instance is tried again outside the quota; the guest of that address still has their own."""
    world = World()
    first = operators_failed(world)
    again = retry(world.services, first.id).instance
    assert (again.by_operator, again.wish.hours, quota(world, again)) == (True, 2, 0)
    assert confirmed(world, first.email).status is Status.REQUESTED


def test_a_guest_who_has_another_machine_meanwhile_is_refused() -> None:
    """The quota counts a retry like a first machine: nothing is reserved."""
    world = World()
    first = failed(world)
    guests_machine(world)
    before = world.table.contents()
    with pytest.raises(LimitReached) as caught:
        retry(world.services, first.id)
    assert caught.value.data["limit"] == "owner"
    assert world.table.contents() == before


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.REQUESTED, Status.RUNNING, Status.DELETED])
def test_only_what_has_failed_is_tried_again(status: Status) -> None:
    """In any other status the retry is refused in words, and nothing changes."""
    world = World()
    row = asked(world)
    if status is not Status.UNCONFIRMED:
        said_yes(world, row.id)
    if status in {Status.RUNNING, Status.DELETED}:
        world.follow_nudges()
        world.build(row.id)
        world.follow_nudges()
    if status is Status.DELETED:
        deprovision(world.services, row.id)
        world.follow_nudges()
    assert world.row(row.id).status is status
    before = world.table.contents()
    with pytest.raises(NotFailed, match="has not failed"):
        retry(world.services, row.id)
    assert world.table.contents() == before


def test_while_the_failed_machine_is_being_removed_a_retry_comes_too_early() -> None:
    """Until its server is gone the guest is told to wait a minute."""
    world = World()
    row = confirmed(world)
    world.follow_nudges()
    (server_id,) = world.servers.project.servers
    for attempt in (1, 2, 3):
        world.claim(row.id, attempt)
        world.fail_build(row.id, attempt=attempt)
        if attempt == 3:
            world.servers.lock(server_id, times=100)
        world.wait(MINUTE)
    assert world.row(row.id).status is Status.DELETING
    with pytest.raises(NotFailed, match="Try again in a minute"):
        retry(world.services, row.id)


def test_an_unknown_instance_is_not_found() -> None:
    """An id that leads nowhere, and one that cannot be one."""
    world = World()
    for given in ("0" * 12, "no id"):
        with pytest.raises(NotFound):
            retry(world.services, given)


def test_what_stands_against_an_order_stands_against_a_retry() -> None:
    """A pause, a full service and hours beyond a cap that was lowered refuse it, and reserve nothing."""
    world = World()
    first = failed(world, hours=3)
    before = world.table.contents()
    plain = world.services
    tighter: list[tuple[dict[str, Any], Any]] = [({"max_live": 0}, LimitReached), ({"max_hours": 2}, InvalidInput)]
    for limits, error in tighter:
        world.services = replace(plain, limits=replace(plain.limits, **limits))
        with pytest.raises(error):
            retry(world.services, first.id)
    assert world.table.contents() == before
    world.services = plain
    world.services.stack.write(replace(world.stack, paused=True), world.stack)
    with pytest.raises(Paused):
        retry(world.services, first.id)


def test_a_repeat_does_not_hand_out_a_token_that_was_made_since() -> None:
    """Once the new instance has another token, who holds the failed one's link is not told it."""
    world = World()
    first = failed(world)
    again = retry(world.services, first.id).instance
    rotate_token(world.services, again.id)
    with pytest.raises(NotFailed, match=again.name):
        retry(world.services, first.id)


def test_a_service_that_was_closed_since_tries_no_guests_machine_again() -> None:
    """A guest's retry is a new machine, which the policy forbids by now; an operator's own is not concerned."""
    world = World()
    guests, operators = failed(world), operators_failed(world)
    world.services = replace(world.services, limits=replace(world.services.limits, signup=NOBODY))
    with pytest.raises(SignupClosed):
        retry(world.services, guests.id)
    assert retry(world.services, operators.id).instance.status is Status.REQUESTED
