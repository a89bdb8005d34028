"""On whose behalf a verb is carried out: the services with the actor that the token of a call has proved.

Whether the token opens anything is `auth.py`'s question, asked before; nothing here decides what anybody may do.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.api.auth import bearer, require_operator
from chalicelib.api.call import Call
from chalicelib.domain import audit, tokens
from chalicelib.domain.audit import Actor, Who
from chalicelib.domain.tokens import Purpose
from chalicelib.operations.services import Services

OWNER = Actor(who=Who.OWNER, token=Purpose.MANAGE)
CONFIRMING = Actor(who=Who.OWNER, token=Purpose.CONFIRM)
BOX = Actor(who=Who.BOX, token=Purpose.BOX)
CLAIMING = Actor(who=Who.BUILDER, token=Purpose.CLAIM)
BUILDING = Actor(who=Who.BUILDER, token=Purpose.BUILD)


def acting(services: Services, actor: Actor) -> Services:
    """The same services, on behalf of somebody."""
    return replace(services, actor=actor)


def as_operator(services: Services, call: Call) -> Services:
    """The services of the operator who calls; NotAllowed unless the token is an operator's."""
    require_operator(services, call)
    return acting(services, audit.operator(tokens.digest(bearer(call))))


def as_manager(services: Services, call: Call, *, operator: bool) -> Services:
    """The services of whoever manages an instance: the owner, or an operator (`auth.may_manage` has told which)."""
    return acting(services, audit.operator(tokens.digest(bearer(call))) if operator else OWNER)
