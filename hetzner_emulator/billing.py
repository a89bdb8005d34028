"""What everything would have cost: started hours at the hourly price, capped by the month.

A server is billed from its creation until its deletion, on or off, and its IPv4 address with it.
"""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hetzner_emulator.clock import iso
from hetzner_emulator.market import Market
from hetzner_emulator.records import Server
from hetzner_emulator.world import World

Json = dict[str, Any]
_HOUR = 3600


def started_hours(server: Server, now: float) -> int:
    """Return how many hours have been started; a new server has started one."""
    end = now if server.deleted_at is None else server.deleted_at
    return max(1, int(-(-(end - server.created) // _HOUR)))


def cost(created: float, hours: int, prices: tuple[Decimal, Decimal]) -> Decimal:
    """Return EUR net of `hours` from `created`, each calendar month (UTC) capped at the monthly price."""
    hourly, monthly = prices
    months = Counter(datetime.fromtimestamp(created + number * _HOUR, UTC).strftime("%Y-%m") for number in range(hours))
    return sum((min(count * hourly, monthly) for count in months.values()), Decimal(0))


def bill(world: World, market: Market, now: float) -> Json:
    """Return the bill of every project, server by server."""
    projects: dict[str, Json] = {}
    for server in world.servers.values():
        line = _line(server, market, now)
        project = projects.setdefault(server.project, {"total": "0", "servers": []})
        project["servers"].append(line)
        project["total"] = str(Decimal(project["total"]) + Decimal(line["net"]))
    return {"time": iso(now), "currency": "EUR", "projects": projects}


def _line(server: Server, market: Market, now: float) -> Json:
    hours = started_hours(server, now)
    machine = cost(server.created, hours, market.prices(server.server_type, server.location))
    address = cost(server.created, hours, market.ipv4_prices()) if server.ipv4 else Decimal(0)
    return {
        "id": server.id,
        "name": server.name,
        "server_type": server.server_type,
        "location": server.location,
        "labels": server.labels,
        "created": iso(server.created),
        "deleted": None if server.deleted_at is None else iso(server.deleted_at),
        "hours": hours,
        "server": str(machine),
        "ipv4": str(address),
        "net": str(machine + address),
    }
