"""What a server that no row accounts for has cost its operator, up to the delete that a sweep sends.

A server can be an orphan for a part of its life only: hours that a row's ledger holds are the row's. The price is the
market's at that moment, IPv4 included, like every price here. It is not known for a type that is not sold any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import budget, lease
from chalicelib.domain.catalogue import Market
from chalicelib.domain.instance import Instance
from chalicelib.domain.orphans import ServerFact


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanCost:
    """So many started hours that no row has, up to `until`; `micro_eur` is None where the price is not known.

    `instance_id` is what the server's label says, whether or not there is such a row.
    """

    server_id: int
    instance_id: str | None
    server_type: str | None
    location: str | None
    created_at: datetime
    until: datetime
    hours: int
    micro_eur: int | None


def cost_of(
    server: ServerFact, *, named: str | None, row: Instance | None, market: Market | None, now: datetime
) -> OrphanCost:
    """What the server has cost until now beyond what is the row's; `named` is the instance that its label names."""
    hours = lease.paid_hours(created_at=server.created_at, ended_at=now) - _hours_of(row, server, now)
    return OrphanCost(
        server_id=server.server_id,
        instance_id=named,
        server_type=server.server_type,
        location=server.location,
        created_at=server.created_at,
        until=now,
        hours=hours,
        micro_eur=_price(server, market, hours),
    )


def _hours_of(row: Instance | None, server: ServerFact, now: datetime) -> int:
    """The hours that a row's ledger holds of this server; one that lives on pays for all of them at its own end."""
    if row is None or row.machine is None or row.machine.server_id != server.server_id:
        return 0
    return lease.paid_hours(created_at=server.created_at, ended_at=row.delete_sent_at or row.ended_at or now)


def _price(server: ServerFact, market: Market | None, hours: int) -> int | None:
    kind = None if market is None or server.server_type is None else market.named(server.server_type)
    offers = () if kind is None else kind.offers
    hourly = next((offer.hourly for offer in offers if offer.location == server.location), None)
    return None if hourly is None else budget.micro(hourly * hours)
