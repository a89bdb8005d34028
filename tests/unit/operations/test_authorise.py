"""Who may do what, and that a refusal tells nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.errors import NotFound
from chalicelib.operations import authorise, secrets_of
from tests.unit.operations.world import OPERATOR, World


@pytest.mark.parametrize(
    ("token", "is_one"), [(OPERATOR, True), ("", False), (OPERATOR + " ", False), ("é\ud800", False)]
)
def test_an_operator_is_known_by_the_digest_of_the_token(token: str, is_one: bool) -> None:
    """Exactly the token whose digest is kept makes an operator."""
    assert authorise.is_operator(World().services, token=token) is is_one


def test_the_digest_itself_opens_nothing() -> None:
    """Whoever reads the keyring's digests cannot act with them."""
    world = World()
    assert not authorise.is_operator(world.services, token=tokens.digest(OPERATOR))


def test_the_owner_opens_the_own_instance() -> None:
    """A manage token gives the row it belongs to."""
    world = World()
    ordered = world.order()
    assert authorise.owner(world.services, ordered.instance.id, token=ordered.manage_token) == ordered.instance


def test_d5_a_foreign_id_an_unknown_id_and_a_wrong_token_are_one_answer() -> None:
    """The three refusals do not differ in kind, code or words (row D5, invariant 13)."""
    world = World()
    mine, foreign = world.order(), world.order()
    said = set()
    for instance_id, token in (
        (foreign.instance.id, mine.manage_token),
        ("ffffffffffff", mine.manage_token),
        ("no id", mine.manage_token),
        (mine.instance.id, ""),
        (mine.instance.id, OPERATOR),
    ):
        with pytest.raises(NotFound) as caught:
            authorise.owner(world.services, instance_id, token=token)
        said.add((type(caught.value), str(caught.value), str(caught.value.data)))
    assert len(said) == 1


@pytest.mark.parametrize("purpose", [purpose for purpose in tokens.Purpose if purpose is not tokens.Purpose.MANAGE])
def test_only_the_manage_token_manages(purpose: tokens.Purpose) -> None:
    """The instance's other tokens open what they are for, and nothing here."""
    world = World()
    row = world.order().instance
    with pytest.raises(NotFound):
        authorise.owner(world.services, row.id, token=secrets_of.token(world.services, row, purpose))


def test_a_raised_serial_kills_the_earlier_token() -> None:
    """After a rotation the old token opens nothing, the new one everything."""
    world = World()
    ordered = world.order()
    row = world.services.instances.write(replace(ordered.instance, manage_serial=1), before=ordered.instance)
    with pytest.raises(NotFound):
        authorise.owner(world.services, row.id, token=ordered.manage_token)
    assert authorise.owner(world.services, row.id, token=secrets_of.manage_token(world.services, row)) == row


@pytest.mark.parametrize("instance_id", ["", "stack", "0123456789AB", "0123456789ab\n", "../../stack", "0" * 200])
def test_what_cannot_be_an_id_does_not_reach_the_table(instance_id: str) -> None:
    """A text that is no id is not found, without a look at the table."""
    world = World()
    world.table.fail_next(AssertionError("the table was asked"))  # type: ignore[arg-type]  # it must not be raised
    with pytest.raises(NotFound):
        authorise.existing(world.services, instance_id)
