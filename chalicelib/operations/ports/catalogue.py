"""The kept market and the memory of refusals."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chalicelib.domain.catalogue import Market


class Catalogue(Protocol):
    """The kept market and the memory of refusals. StoreUnavailable as everywhere."""

    def market(self) -> Market | None:
        """The market as it was last read, or None before the first time."""

    def keep(self, market: Market) -> None:
        """Keep a market that was read just now."""

    def refused(self, now: datetime) -> frozenset[str]:
        """`type@location` keys that were refused a short while ago."""

    def refuse(self, choice_key: str, until: datetime) -> None:
        """Remember a refusal until then."""
