"""The first form of a row: a stranger's wish, and an order."""

from __future__ import annotations

import pytest

from chalicelib.domain import lifecycle
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.instance import Hold, Status, Wish
from chalicelib.operations.new_row import ordered, owner_of, wished
from chalicelib.operations.save import counter_changes
from tests.unit.domain.samples import LIMITS, TEN
from tests.unit.operations.world import GUEST, SSH_KEY, World

ID = "0123456789ab"
HOLD = Hold(month="202611", micro_eur=7)


def test_a_wish_counts_nowhere_and_is_looked_at_at_once() -> None:
    """An unconfirmed row changes no counter, is nobody's order, and is due now so that its mail leaves (rule R24)."""
    row = wished(World().services, ID, address=GUEST, ssh_key=SSH_KEY, wish=Wish(hours=2), request_hash="hash", now=TEN)
    assert counter_changes(None, row, LIMITS) == ()
    assert (row.status, row.due_at, row.by_operator, row.requested_at) == (Status.UNCONFIRMED, TEN, False, None)
    assert lifecycle.deadline(row) == TEN + lifecycle.CONFIRM_WITHIN


@pytest.mark.parametrize("by_operator", [False, True])
def test_an_order_counts_and_is_looked_at_at_once(by_operator: bool) -> None:
    """Its hold and its life are counted, and its owner's quota unless an operator ordered it."""
    row = ordered(
        World().services,
        ID,
        address=GUEST,
        ssh_key=SSH_KEY,
        wish=Wish(hours=2),
        request_hash="hash",
        hold=HOLD,
        by_operator=by_operator,
        now=TEN,
    )
    keys = {change.key for change in counter_changes(None, row, LIMITS)}
    own = set() if by_operator else {f"quota#{row.owner}"}
    assert keys == {"live", "spend#202611"} | own
    assert (row.status, row.due_at, row.requested_at, row.holds) == (Status.REQUESTED, TEN, TEN, (HOLD,))


def test_a_row_is_made_with_the_newest_secret() -> None:
    """After a rotation of the stack's secrets new rows use the new one."""
    world = World()
    newest = world.keyring.rotate()
    row = wished(world.services, ID, address=GUEST, ssh_key=SSH_KEY, wish=Wish(hours=2), request_hash="h", now=TEN)
    assert row.secret_id == newest


@pytest.mark.parametrize("other", ["NAME@example.com", "name+work@example.com"])
def test_line_53_all_spellings_of_a_mailbox_are_one_owner(other: str) -> None:
    """Case and plus-tags make no other owner (lines 49 and 53), and the key holds nothing of the address."""
    services = World().services
    made = owner_of(services, GUEST)
    assert made == owner_of(services, EmailAddress(value=other))
    assert made != owner_of(services, EmailAddress(value="other@example.com"))
    assert "name" not in made
