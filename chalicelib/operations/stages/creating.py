"""An instance whose builder is started: create its server, once, and know it again whatever the answer was.

The server's name is the idempotency key (rule R2): a lost reply shows up as `NameTaken` and the server is adopted if
every label is ours. A stranger's server is never touched.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import labels, lifecycle, tokens
from chalicelib.domain.build import Cause
from chalicelib.domain.catalogue import REFUSAL_MEMORY
from chalicelib.domain.cloud_config import cloud_config
from chalicelib.domain.errors import (
    CounterFull,
    NameTaken,
    OutOfStock,
    ProviderError,
    ProviderLimit,
    ProviderUnknown,
    RateLimited,
    TokenRejected,
)
from chalicelib.domain.instance import Choice, Instance, Machine, Status
from chalicelib.domain.limits import CREATES
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations import clocks, marker, ration, secrets_of
from chalicelib.operations.give_up import give_up
from chalicelib.operations.ports import ServerOrder, StackState
from chalicelib.operations.seldom import raise_seldom
from chalicelib.operations.services import Services
from chalicelib.operations.stages import requested
from chalicelib.operations.step import Step, wait

SOON = timedelta(seconds=5)
LATER = timedelta(seconds=30)
POST_NEEDS = timedelta(seconds=70)
"""What must be left of the lease before a create is sent: one request's longest time, and a little (rule R23)."""


def step(services: Services, row: Instance, now: datetime) -> Step:
    """Send the create and record the machine."""
    late = lifecycle.deadline(row)
    if late is not None and now >= late:
        return _adopt_or_fail(services, row, now)
    if row.lease_until is None or row.lease_until - now < POST_NEEDS:
        return Step(again=True)
    stack = services.stack.get()
    if row.choice is None or stack is None or stack.marker_id is None:
        return give_up(services, row, Cause.PROVIDER, now)
    try:
        ration.take(services.instances, services.clock, CREATES, cap=services.limits.max_creates_per_hour)
    except CounterFull:
        cap = services.limits.max_creates_per_hour
        raise_seldom(services.instances, services.alarms, now, "creates.limit", about=str(cap), limit=cap)
        return wait(now + LATER)
    return _post(services, row, row.choice, stack, stack.marker_id, now)


def _post(services: Services, row: Instance, choice: Choice, stack: StackState, marker_id: int, now: datetime) -> Step:
    try:
        machine = services.servers.create(_order(services, row, choice, stack, marker_id))
    except NameTaken:
        return _adopt_or_fail(services, row, now)
    except OutOfStock:
        return _next_choice(services, row, choice, now)
    except RateLimited as limited:
        return wait(now + timedelta(seconds=min(int(limited.data.get("retry_after") or 10), 60)))
    except TokenRejected:
        token = services.servers.token_fingerprint()
        raise_seldom(
            services.instances, services.alarms, now, "provider.token_rejected", about=token, instance_id=row.id
        )
        return wait(now + LATER)
    except ProviderLimit:
        services.alarms.raise_alarm("provider.limit", instance_id=row.id)
        return give_up(services, row, Cause.PROVIDER_LIMIT, now)
    except ProviderError as refusal:
        services.alarms.raise_alarm("provider.refused_create", instance_id=row.id, code=refusal.code)
        return give_up(services, row, Cause.PROVIDER, now)
    except ProviderUnknown:
        return wait(now + SOON)
    return _created(machine, now)


def _order(services: Services, row: Instance, choice: Choice, stack: StackState, marker_id: int) -> ServerOrder:
    bootstrap = secrets_of.key_pair(services, row, tokens.KeyUse.BOOTSTRAP_HOST)
    install = secrets_of.key_pair(services, row, tokens.KeyUse.INSTALL)
    return ServerOrder(
        instance_id=row.id,
        server_type=choice.server_type,
        location=choice.location,
        labels=labels.server_labels(stack=stack.uuid, instance_id=row.id),
        user_data=cloud_config(host_key=bootstrap, install_key=install.public),
        marker_id=marker_id,
    )


def _created(machine: Machine, now: datetime) -> Step:
    return Step(
        change=lambda it: replace(lifecycle.move(it, Status.INSTALLING, now), machine=machine, create_until=None),
        late=lambda it: replace(it, machine=machine, create_until=None),
    )


def _next_choice(services: Services, row: Instance, refused: Choice, now: datetime) -> Step:
    services.catalogue.refuse(refused.key, now + REFUSAL_MEMORY)
    known = replace(row, refused=(*row.refused, refused.key))
    choice = requested.choose(services, known, now)
    if choice is None:
        return give_up(services, row, Cause.STOCK, now)
    return Step(change=lambda it: replace(it, choice=choice, refused=known.refused), again=True)


def _adopt_or_fail(services: Services, row: Instance, now: datetime) -> Step:
    """Look the server up by its name: ours is adopted, a stranger's ends the instance, none is tried again or late.

    That there is none, or another's, is believed of our own project only: the token may have been changed just now.
    """
    try:
        # one look for however many rows wait: while the provider is silent none of them asks by itself (rule R21)
        marker.doubt(services, now)
        found = services.servers.find(row.name)
        if found is not None and ours(services, row, found):
            machine = machine_of(found)
            return wait(now + SOON) if machine is None else _created(machine, now)
        if marker.doubt(services, services.clock.now()) is not None:  # every sweep tells why
            return wait(now + LATER)
    except (ProviderError, ProviderUnknown):
        return wait(now + SOON)
    if found is not None:
        services.alarms.raise_alarm("provider.stranger", instance_id=row.id, server_id=found.server_id)
        return give_up(services, row, Cause.STRANGER, now)
    late = lifecycle.deadline(row)
    if late is not None and clocks.over(services, late, now, unheard=False):
        return give_up(services, row, _why_none(services, now), now)
    return wait(now + SOON)


def _why_none(services: Services, now: datetime) -> Cause:
    """Why there is no server at the deadline: the operator's own cap on creates, while it holds them back."""
    made = ration.used(services.instances, CREATES, now)
    return Cause.LIMIT if made >= services.limits.max_creates_per_hour else Cause.PROVIDER


def was_never_sent(row: Instance) -> bool:
    """Whether no create of this row can ever have left: each is preceded by the write that sets these fields."""
    return row.machine is None and row.host_key is None and row.create_until is None


def ours(services: Services, row: Instance, fact: ServerFact) -> bool:
    """Whether a server that was found is this row's, by its name and every label."""
    stack = marker.require_stack(services)
    return labels.is_ours(fact.labels, name=fact.name, stack=stack.uuid, instance_id=row.id)


def machine_of(fact: ServerFact) -> Machine | None:
    """The machine a server is, or None while it has no address."""
    if fact.ip is None:
        return None
    return Machine(server_id=fact.server_id, ip=fact.ip, ipv6_network=fact.ipv6_network, created_at=fact.created_at)
