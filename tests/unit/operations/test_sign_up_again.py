"""The same signup again: one wish, one mail and one answer, whatever has become of it meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import InvalidInput, KeyReused, Refused
from chalicelib.domain.instance import Status
from chalicelib.domain.signup import SignupKind, SignupPolicy
from chalicelib.operations.suppression import suppress
from tests.unit.domain.samples import HOUR
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.guests import ANNA, said_yes, signed_up
from tests.unit.operations.world import World


def test_p6_the_same_key_and_body_is_one_row_one_mail_and_one_answer() -> None:
    """A repeat gives what the first was given, and owes no second mail (row P6)."""
    world = World()
    first = signed_up(world, key="k")
    world.follow_nudges()
    world.clock.advance(HOUR)
    again = signed_up(world, key="k")
    world.follow_nudges()
    assert (again.id, again.status, again.created_at) == (first.id, first.status, first.created_at)
    assert world.mails() == ["confirm"]


def test_i9_the_answer_is_the_same_when_the_machine_runs_and_when_it_is_gone() -> None:
    """Who holds the key alone learns nothing of what has become of the wish (invariants 9 and 13)."""
    world = World()
    first = signed_up(world, key="k")
    world.follow_nudges()
    early = signed_up(world, key="k")
    said_yes(world, first.id)
    world.follow_nudges()
    world.build(first.id)
    world.follow_nudges()
    assert world.row(first.id).status is Status.RUNNING
    late = signed_up(world, key="k")
    world.settle(first.id, Status.DELETED)
    assert signed_up(world, key="k") == late == early
    assert (late.status, late.machine, late.host_key, late.expires_at) == (Status.UNCONFIRMED, None, None, None)


TROUBLES: dict[str, dict[str, Any]] = {
    "closed": {"signup": SignupPolicy(kind=SignupKind.CLOSED)},
    "full": {"max_live": 0},
    "asked too often": {"per_source": 0},
    "suppressed": {},
    "paused": {},
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_i9_a_repeat_is_answered_whatever_stands_in_the_way_of_a_new_wish(trouble: str) -> None:
    """One key and one caller have one answer; another key is refused for each of these reasons (invariant 9)."""
    world = World()
    first = signed_up(world, key="k")
    world.services = replace(world.services, limits=replace(world.services.limits, **TROUBLES[trouble]))
    if trouble == "paused":
        world.services.stack.write(replace(world.stack, paused=True), world.stack)
    if trouble == "suppressed":
        suppress(world.services, EmailAddress(value=ANNA))
    assert signed_up(world, key="k").id == first.id
    with pytest.raises((Refused, InvalidInput)):
        signed_up(world, key="l")


def test_the_same_key_with_another_body_is_refused() -> None:
    """An Idempotency-Key stands for one request, also after it was confirmed."""
    world = World()
    first = signed_up(world, key="k")
    with pytest.raises(KeyReused):
        signed_up(world, key="k", body="another")
    said_yes(world, first.id)
    with pytest.raises(KeyReused):
        signed_up(world, key="k", body="another")


def test_an_operators_key_and_a_strangers_never_meet() -> None:
    """The same key, address and body lead an operator and a stranger to two rows, whoever is first."""
    world = World()
    ordered = world.order(key="k").instance
    wished = signed_up(world, ordered.email, key="k")
    again = world.order(key="k")
    assert wished.id != ordered.id
    assert (again.instance, again.replayed) == (world.row(ordered.id), True)
    other = World()
    assert signed_up(other, ordered.email, key="k").id == wished.id
    assert other.order(key="k").instance.id == ordered.id


def test_the_same_key_of_two_strangers_is_two_wishes() -> None:
    """A key that somebody else guessed leads nowhere: the address counts too."""
    world = World()
    assert signed_up(world, key="k").id != signed_up(world, "berta@example.com", key="k").id


def test_without_a_key_every_signup_is_its_own() -> None:
    """Two wishes without a key are two rows."""
    world = World()
    assert signed_up(world).id != signed_up(world).id


def test_i9_two_at_once_with_one_key_are_one_wish() -> None:
    """Whoever is second at the table gets the first one's answer, and one mail leaves (invariant 9)."""
    world = World()
    with meeting(world, instances=Between(world.services.instances, "write", lambda: signed_up(world, key="k"))):
        second = signed_up(world, key="k")
    world.follow_nudges()
    assert second == signed_up(world, key="k")
    assert world.mails() == ["confirm"]


def test_i9_two_at_once_with_one_key_and_two_bodies_are_one_wish() -> None:
    """The second body is refused, since the key stands for the first."""
    world = World()
    first = Between(world.services.instances, "write", lambda: signed_up(world, key="k", body="first"))
    with meeting(world, instances=first), pytest.raises(KeyReused):
        signed_up(world, key="k")


def test_i10_a_lost_reply_to_our_own_write_is_a_success() -> None:
    """The row was written and the reply was lost: it is recognised, counted once and mailed once (invariant 10)."""
    world = World()
    with meeting(world, instances=Between(world.services.instances, "write", world.table.lose_next_reply)):
        wished = signed_up(world, key="k")
    world.follow_nudges()
    assert world.row(wished.id).status is Status.UNCONFIRMED
    assert world.mails() == ["confirm"]


def test_i10_a_write_that_met_its_own_repeat_is_a_success() -> None:
    """A library that sends a write twice meets its own effect: one wish, one mail (invariant 10)."""
    world = World()
    with meeting(world, instances=Between(world.services.instances, "write", world.table.repeat_next_write)):
        signed_up(world)
    world.follow_nudges()
    assert world.mails() == ["confirm"]
