"""How an instance that cannot be had ends: the breaker knows before the row does."""

from __future__ import annotations

import pytest

from chalicelib.domain.breaker import NOT_OURS
from chalicelib.domain.build import SUSPICIOUS_CAUSES, Cause
from chalicelib.domain.explanations import EXPLANATIONS
from chalicelib.domain.instance import EndReason, Status
from chalicelib.operations.give_up import give_up
from tests.unit.domain.samples import TEN
from tests.unit.operations.world import World


@pytest.mark.parametrize("cause", list(Cause))
def test_the_row_is_deleted_for_its_cause_and_the_breaker_told(cause: Cause) -> None:
    """The step deletes with the cause in words; what can be the service's fault is counted."""
    world = World()
    row = world.installing()
    ended = give_up(world.services, row, cause, TEN).change(row)
    assert (ended.status, ended.end_reason) == (Status.DELETING, EndReason.FAILED)
    assert ended.failure is not None
    assert ended.failure.code == cause
    assert world.services.breaker.get().count == (0 if cause in NOT_OURS else 1)


@pytest.mark.parametrize("cause", list(Cause))
def test_b13_a_person_is_told_of_a_strangers_key_and_of_nothing_ordinary(cause: Cause) -> None:
    """Another key than ours is an alarm that names the instance; a guest is told so only where it is true (row B13)."""
    world = World()
    row = world.installing()
    give_up(world.services, row, cause, TEN)
    expected = [("build.suspicious", {"instance_id": row.id, "cause": cause})] if cause in SUSPICIOUS_CAUSES else []
    assert world.alarms.raised == expected
    assert ("noted for the operator" in EXPLANATIONS[cause].hint) is (cause in {*SUSPICIOUS_CAUSES, Cause.STRANGER})
