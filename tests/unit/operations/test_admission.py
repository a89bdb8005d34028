"""Who may have a machine without an operator: the policy in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import SignupClosed
from chalicelib.domain.signup import SignupKind, SignupPolicy
from chalicelib.operations.admission import require_admission
from tests.unit.operations.world import World

ANNA = EmailAddress(value="anna@example.com")


def _with(policy: SignupPolicy) -> World:
    world = World()
    world.services = replace(world.services, limits=replace(world.services.limits, signup=policy))
    return world


def test_everybody_may_where_it_is_open() -> None:
    """Nothing is said."""
    require_admission(_with(SignupPolicy(kind=SignupKind.OPEN)).services, ANNA)


def test_a_list_names_its_domains() -> None:
    """Who is not on it learns which addresses are taken."""
    world = _with(SignupPolicy(kind=SignupKind.ALLOWLIST, domains=("example.org",)))
    with pytest.raises(SignupClosed, match=r"example\.org"):
        require_admission(world.services, ANNA)
    require_admission(world.services, EmailAddress(value="anna@example.org"))


def test_closed_is_closed() -> None:
    """Who asks is sent to the operator."""
    with pytest.raises(SignupClosed, match="operator"):
        require_admission(_with(SignupPolicy(kind=SignupKind.CLOSED)).services, ANNA)
