"""Instances and markets that the tests of the domain and the operations begin with; every field can be another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.domain.catalogue import Market, Offer, ServerType
from chalicelib.domain.instance import Build, Choice, Hold, Instance, Machine, Status, Wish
from chalicelib.domain.limits import Limits, Rounding
from chalicelib.domain.signup import SignupKind, SignupPolicy

TEN = datetime(2026, 11, 2, 10, 0, 0, tzinfo=UTC)
"""Ten o'clock, when the worked example of the architecture creates its server."""

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

LIMITS = Limits(
    types=("cx23", "cpx22", "cpx32", "cpx11"),
    locations=("nbg1", "hel1", "ash"),
    default_hours=24,
    max_hours=72,
    max_life_hours=168,
    max_live=10,
    max_creates_per_hour=30,
    max_monthly_eur=Decimal(100),
    per_owner=1,
    rounding=Rounding.UP,
    signup=SignupPolicy(kind=SignupKind.OPEN),
)

MACHINE = Machine(server_id=4712, ip="198.18.0.1", ipv6_network="2001:db8:0:1268::/64", created_at=TEN)
CHOICE = Choice(server_type="cpx22", location="nbg1", hourly=Decimal("0.0381"))


def an_instance(status: Status = Status.REQUESTED, **changes: Any) -> Instance:
    """An instance of an operator in this status since ten o'clock, with what such a row has by then."""
    row = Instance(
        id="0123456789ab",
        status=status,
        status_since=TEN,
        created_at=TEN,
        email="name@example.com",
        owner="f" * 32,
        ssh_public_key="ssh-ed25519 AAAA cc-0123456789ab",
        wish=Wish(hours=1),
        by_operator=True,
        request_hash="hash",
        secret_id="k1",
        holds=(Hold(month="202611", micro_eur=114_300),),
    )
    return replace(row, **{**_grown(status), **changes})


def _grown(status: Status) -> dict[str, Any]:
    """What a row has gained by the time it is in this status."""
    if status in {Status.UNCONFIRMED, Status.REQUESTED}:
        return {}
    started: dict[str, Any] = {
        "choice": CHOICE,
        "build": Build(attempt=1, started_at=TEN, reference="job-1"),
        "host_key": "ssh-ed25519 K2",
    }
    if status is Status.CREATING:
        return started
    created = {**started, "machine": MACHINE}
    if status is Status.INSTALLING:
        return created
    return {**created, "running_at": TEN + 4 * MINUTE, "expires_at": TEN + timedelta(hours=1, minutes=55)}


def an_offer(location: str, hourly: str = "0.0381", *, available: bool = True) -> Offer:
    """A type's offer in one location."""
    return Offer(location=location, hourly=Decimal(hourly), monthly=Decimal(20), available=available)


def a_type(name: str, *offers: Offer, **changes: Any) -> ServerType:
    """A type for our architecture with these offers."""
    kind = ServerType(
        name=name,
        cores=2,
        memory_gb=Decimal(4),
        disk_gb=40,
        architecture="x86",
        deprecated=False,
        offers=offers,
    )
    return replace(kind, **changes)


def a_market(*types: ServerType) -> Market:
    """A market that sells these types."""
    return Market(read_at=TEN, types=types)
