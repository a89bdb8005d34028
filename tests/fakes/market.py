"""A small made-up market with everything a choice can meet: in stock, sold out, dearer elsewhere, for another CPU."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from chalicelib.domain.catalogue import Market, Offer, ServerType


def market_at(now: datetime) -> Market:
    """The market, read at `now`."""
    return Market(
        read_at=now,
        types=(
            _type("cx23", cores=2, memory=4, disk=40, offers=[("nbg1", "0.0105", "6.53", False)]),
            _type(
                "cpx22",
                cores=2,
                memory=4,
                disk=80,
                offers=[("nbg1", "0.0381", "23.79", True), ("hel1", "0.0381", "23.79", True)],
            ),
            _type("cpx32", cores=4, memory=8, disk=160, offers=[("nbg1", "0.0686", "42.83", True)]),
            _type("cpx11", cores=2, memory=2, disk=40, offers=[("ash", "0.0120", "7.49", True)]),
            _type("cax11", cores=2, memory=4, disk=40, arm=True, offers=[("nbg1", "0.0112", "7.13", False)]),
        ),
    )


def _type(
    name: str, *, cores: int, memory: int, disk: int, offers: list[tuple[str, str, str, bool]], arm: bool = False
) -> ServerType:
    return ServerType(
        name=name,
        cores=cores,
        memory_gb=Decimal(memory),
        disk_gb=disk,
        architecture="arm" if arm else "x86",
        deprecated=False,
        offers=tuple(
            Offer(location=place, hourly=Decimal(hourly), monthly=Decimal(monthly), available=available)
            for place, hourly, monthly, available in offers
        ),
    )
