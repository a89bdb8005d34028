"""Many machines at once, made at the provider and written as running rows without building each of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain import budget, labels, lease
from chalicelib.domain.instance import Choice, Instance, Status
from chalicelib.operations.ports import ServerOrder
from chalicelib.operations.save import save
from tests.simulation.emulated import EmulatedWorld
from tests.unit.domain.samples import an_instance


def machine(stack: EmulatedWorld, number: int, expires_at: datetime) -> Instance:
    """One machine that runs until then: a server made through the adapter, and its row with its money."""
    instance_id = f"{number:012x}"
    market = stack.services.catalogue.market()
    assert market is not None
    offer = next(
        offer for kind in market.types if kind.name == "cpx22" for offer in kind.offers if offer.location == "nbg1"
    )
    choice = Choice(server_type="cpx22", location="nbg1", hourly=offer.hourly)
    made = stack.services.servers.create(_order(stack, instance_id, choice))
    hours = lease.paid_hours(created_at=made.created_at, ended_at=expires_at)
    row = replace(
        an_instance(Status.RUNNING),
        id=instance_id,
        machine=made,
        choice=choice,
        running_at=made.created_at,
        expires_at=expires_at,
        due_at=expires_at,
        status_since=made.created_at,
        created_at=made.created_at,
        holds=(budget.hold(made.created_at, choice.hourly, hours),),
    )
    return save(stack.services, row, before=None)


def _order(stack: EmulatedWorld, instance_id: str, choice: Choice) -> ServerOrder:
    marker_id = stack.stack.marker_id
    assert marker_id is not None
    return ServerOrder(
        instance_id=instance_id,
        server_type=choice.server_type,
        location=choice.location,
        labels=labels.server_labels(stack=stack.stack.uuid, instance_id=instance_id),
        user_data="#cloud-config\n{}\n",
        marker_id=marker_id,
    )
