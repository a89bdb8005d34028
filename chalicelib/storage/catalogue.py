"""The port Catalogue over a table: the kept market in one item, every refusal in an item of its own.

Refusals are items and not one list, so that two functions that are refused at once do not overwrite each other; a
listing shows them all without a scan. The market is a cache: one that this release cannot read is as good as none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.catalogue import Market
from chalicelib.domain.errors import UnknownSchema
from chalicelib.storage.codec import from_document, to_document
from chalicelib.storage.readable import readable
from chalicelib.storage.rows import seconds
from chalicelib.storage.table import Item, Table

MARKET_KEY = "catalogue"
REFUSALS = "refusal"
"""The listing of refusals; `listed_at` is the moment until which one is remembered."""

_MOST_REFUSALS = 1000
"""Far more than the provider has types times locations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    choice_key: str
    until: datetime


def _refusal_of(item: Item) -> _Refusal:
    return from_document(_Refusal, item.body)


class StoredCatalogue:
    """The market and the refusals in a table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def market(self) -> Market | None:
        """The market as it was last read, or None before the first time."""
        item = self._table.get(MARKET_KEY)
        try:
            return None if item is None else from_document(Market, item.body)
        except UnknownSchema:
            return None

    def keep(self, market: Market) -> None:
        """Keep a market that was read just now."""
        self._table.put(Item(key=MARKET_KEY, body=to_document(market)))

    def refused(self, now: datetime) -> frozenset[str]:
        """`type@location` keys that were refused a short while ago (an index: may lag)."""
        # newest first, so those that are still remembered come before those that wait for their purge
        items = self._table.listed(REFUSALS, None, _MOST_REFUSALS)
        valid = [item for item in items if item.listed_at is not None and item.listed_at > seconds(now)]
        return frozenset(refusal.choice_key for refusal in readable(valid, _refusal_of))

    def refuse(self, choice_key: str, until: datetime) -> None:
        """Remember a refusal until then."""
        server_type, _, location = choice_key.partition("@")
        item = Item(
            key=f"refusal#{server_type}#{location}",
            body=to_document(_Refusal(choice_key=choice_key, until=until)),
            listing=REFUSALS,
            listed_at=seconds(until),
            purge_at=seconds(until),
        )
        self._table.put(item)
