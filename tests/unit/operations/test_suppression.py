"""Addresses that take no mail are remembered for a while, by themselves, and without being readable."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.instance import Status
from chalicelib.operations.suppression import KEPT, is_suppressed, suppress
from tests.unit.operations.world import GUEST, World

ANNA = EmailAddress(value="Anna@example.com")


def test_an_address_is_suppressed_from_its_refusal_on() -> None:
    """Before nobody is, then it is, also in another case, and however often it is refused."""
    world = World()
    assert not is_suppressed(world.services, ANNA)
    for _ in range(2):
        suppress(world.services, ANNA)
        assert is_suppressed(world.services, ANNA)
        assert is_suppressed(world.services, EmailAddress(value="anna@EXAMPLE.com".lower()))


@pytest.mark.parametrize("other", ["anna+nonsense@example.com", "an.na@example.com", "anna@example.org"])
def test_nobody_can_shut_out_somebody_else(other: str) -> None:
    """A made-up variant that bounces leaves the mailbox it looks like alone, and the other way round."""
    world = World()
    suppress(world.services, EmailAddress(value=other))
    assert not is_suppressed(world.services, ANNA)
    assert is_suppressed(world.services, EmailAddress(value=other))


def test_i26_no_address_can_be_read_back() -> None:
    """The table holds a digest (invariant 26)."""
    world = World()
    suppress(world.services, ANNA)
    assert "anna" not in str(world.table.contents()).lower()


def test_mailboxes_come_back() -> None:
    """A second before 30 days it is suppressed; then the store may forget it."""
    world = World()
    suppress(world.services, ANNA)
    end = world.clock.now() + KEPT
    world.table.purge(int((end - timedelta(seconds=1)).timestamp()))
    assert is_suppressed(world.services, ANNA)
    world.table.purge(int(end.timestamp()))
    assert not is_suppressed(world.services, ANNA)


def test_an_operators_order_lifts_it() -> None:
    """Who orders a machine for somebody says that the address is good: its mails leave again."""
    world = World()
    suppress(world.services, GUEST)
    row = world.running()
    assert not is_suppressed(world.services, GUEST)
    assert world.mails() == ["ready"]
    assert row.status is Status.RUNNING
