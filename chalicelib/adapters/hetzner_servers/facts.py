"""Hetzner's JSON of servers and keys, read into our values; what is absent is None, what is nonsense raises.

Nothing here believes a shape: an answer is input (`ProviderUnknown` names the part that cannot be). An unknown
status and a creation in the future are facts like others and are passed on. It knows nothing of requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Network
from typing import Any

from chalicelib.adapters.hetzner_servers.errors import nonsense
from chalicelib.domain import labels
from chalicelib.domain.instance import Machine
from chalicelib.domain.orphans import ServerFact
from chalicelib.operations.ports import Marker, MarkerState

_LARGEST_ID = 2**63 - 1
"""Hetzner documents ids as int64; they pass 2^53, beyond which a float would round them."""

_EPOCH = re.compile(r"[0-9]{1,15}")


def server_fact(raw: Any) -> ServerFact:
    """One entry of `servers`."""
    server = mapping(raw, "server")
    public_net = server.get("public_net")
    status = server.get("status")
    return ServerFact(
        server_id=identifier(server.get("id"), "server.id"),
        name=text(server.get("name"), "server.name"),
        labels=labels_of(server.get("labels"), "server.labels"),
        created_at=moment(server.get("created"), "server.created"),
        status=status if isinstance(status, str) else "unknown",
        ip=_ipv4(_address(public_net, "ipv4")),
        ipv6_network=_ipv6(_address(public_net, "ipv6")),
        server_type=_name_of(server.get("server_type")),
        location=_name_of(server.get("location")),
        locked=server.get("locked") is True,
        attached=tuple(_attached(server, public_net)),
    )


def machine(raw: Any, name: str) -> Machine:
    """The server of a create's answer; without an address it is found by its name later, so this raises."""
    fact = server_fact(raw)
    if fact.name != name:
        raise nonsense("server.name is another one than was ordered")
    if fact.ip is None:
        raise nonsense("server.public_net.ipv4 is absent")
    return Machine(server_id=fact.server_id, ip=fact.ip, ipv6_network=fact.ipv6_network, created_at=fact.created_at)


def marker(raw: Any, stack: str) -> Marker:
    """An SSH-key object as a marker: ours only if its labels carry our uuid; `epoch` None where none is readable."""
    key = mapping(raw, "ssh_key")
    marker_id = identifier(key.get("id"), "ssh_key.id")
    shown = labels_of(key.get("labels"), "ssh_key.labels")
    if shown.get(labels.MANAGED_BY) != labels.OURS or shown.get(labels.STACK) != stack:
        return Marker(state=MarkerState.FOREIGN, marker_id=marker_id)
    epoch = shown.get(labels.EPOCH, "")
    return Marker(state=MarkerState.OURS, marker_id=marker_id, epoch=int(epoch) if _EPOCH.fullmatch(epoch) else None)


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise nonsense(f"{what} is not an object")
    return value


def identifier(value: Any, what: str) -> int:
    """A numeric id, exact."""
    if type(value) is not int or not 0 < value <= _LARGEST_ID:
        raise nonsense(f"{what} is not an id")
    return value


def text(value: Any, what: str) -> str:
    """A string with something in it."""
    if not isinstance(value, str) or not value:
        raise nonsense(f"{what} is not a text")
    return value


def moment(value: Any, what: str) -> datetime:
    """A moment with its offset from UTC, as aware UTC in whole seconds."""
    try:
        parsed = datetime.fromisoformat(text(value, what))
        if parsed.tzinfo is None:
            raise nonsense(f"{what} has no time zone")
        return parsed.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise nonsense(f"{what} is not a moment") from error


def labels_of(value: Any, what: str) -> dict[str, str]:
    """Labels; none where they are missing."""
    if value is None:
        return {}
    shown = mapping(value, what)
    if not all(isinstance(each, str) for each in shown.values()):
        raise nonsense(f"{what} has values that are not texts")
    return dict(shown)


def _address(public_net: Any, family: str) -> str | None:
    if public_net is None:
        return None
    entry = mapping(public_net, "server.public_net").get(family)
    if entry is None:
        return None
    ip = mapping(entry, f"server.public_net.{family}").get("ip")
    return None if ip is None else text(ip, f"server.public_net.{family}.ip")


def _ipv4(ip: str | None) -> str | None:
    try:
        return None if ip is None else str(IPv4Address(ip))
    except ValueError as error:
        raise nonsense("server.public_net.ipv4.ip is not an address") from error


def _ipv6(network: str | None) -> str | None:
    try:
        return None if network is None else str(IPv6Network(network, strict=False))
    except ValueError as error:
        raise nonsense("server.public_net.ipv6.ip is not a network") from error


def _attached(server: Mapping[str, Any], public_net: Any) -> Iterator[str]:
    """What no create of ours asks for and somebody pays for: volumes, floating addresses, backups."""
    net = public_net if isinstance(public_net, dict) else {}
    for kind, found in (("volume", server.get("volumes")), ("floating address", net.get("floating_ips"))):
        yield from (f"{kind} {each}" for each in found or () if type(each) is int) if isinstance(found, list) else ()
    if isinstance(server.get("backup_window"), str):
        yield "backups"


def _name_of(value: Any) -> str | None:
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else None
