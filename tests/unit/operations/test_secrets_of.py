"""The secrets of a row: those of the stack secret it was made with, for as long as it lives."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import NotFound
from chalicelib.domain.instance import Status
from chalicelib.domain.tokens import KeyUse, Purpose
from chalicelib.operations import secrets_of
from tests.unit.operations.world import World


def test_o13_a_rotation_does_not_touch_living_rows() -> None:
    """A row keeps its tokens and keys when a newer secret is made; a new row gets the new one (row O13)."""
    world = World()
    row = world.order().instance
    before = [secrets_of.token(world.services, row, purpose) for purpose in Purpose]
    keys = [secrets_of.key_pair(world.services, row, use) for use in KeyUse]
    world.keyring.rotate()
    assert [secrets_of.token(world.services, row, purpose) for purpose in Purpose] == before
    assert [secrets_of.key_pair(world.services, row, use) for use in KeyUse] == keys
    assert world.order().instance.secret_id != row.secret_id


def test_o13_a_life_goes_on_across_a_rotation() -> None:
    """An instance whose secret has been followed by a newer one is built with the keys it was created with."""
    world = World()
    row = world.installing()
    world.keyring.rotate()
    world.build(row.id)
    world.follow_nudges()
    assert world.row(row.id).status is Status.RUNNING


def test_a_secret_that_was_thrown_away_gives_nothing() -> None:
    """Without its secret a row has no tokens: nothing is made up."""
    world = World()
    row = world.order().instance
    world.keyring.rotate()
    world.keyring.throw_away(row.secret_id)
    with pytest.raises(NotFound):
        secrets_of.manage_token(world.services, row)
