"""The contract of the port Catalogue, as it is stored in every table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chalicelib.domain.catalogue import Market, Offer, ServerType
from chalicelib.storage.catalogue import MARKET_KEY, StoredCatalogue
from chalicelib.storage.table import Item, Table

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=15)


def market(read_at: datetime, *names: str) -> Market:
    """A market of types of these names, each sold in two places."""
    offers = tuple(
        Offer(location=place, hourly=Decimal("0.0074"), monthly=Decimal("4.51"), available=place == "fsn1")
        for place in ("fsn1", "nbg1")
    )
    return Market(
        read_at=read_at,
        types=tuple(
            ServerType(
                name=name,
                cores=2,
                memory_gb=Decimal("4.0"),
                disk_gb=40,
                architecture="x86",
                deprecated=False,
                offers=offers,
            )
            for name in names
        ),
    )


@pytest.fixture
def catalogue(table: Table) -> StoredCatalogue:
    """A catalogue in an empty table."""
    return StoredCatalogue(table)


def test_there_is_no_market_before_the_first_reading(catalogue: StoredCatalogue) -> None:
    """An empty table has neither a market nor refusals."""
    assert catalogue.market() is None
    assert catalogue.refused(NOW) == frozenset()


def test_the_newest_market_is_kept(catalogue: StoredCatalogue) -> None:
    """A market comes back with exact prices, and the next one takes its place."""
    catalogue.keep(market(NOW, "cx22", "cx32"))
    assert catalogue.market() == market(NOW, "cx22", "cx32")
    catalogue.keep(market(SOON, "cx42"))
    assert catalogue.market() == market(SOON, "cx42")


def test_a_market_of_another_release_is_none(catalogue: StoredCatalogue, table: Table) -> None:
    """It is a cache: what this release cannot read is as good as never read, and is replaced."""
    table.put(Item(key=MARKET_KEY, body={"read_at": "2026-11-23T10:00:00Z", "kinds": []}))
    assert catalogue.market() is None
    catalogue.keep(market(NOW, "cx22"))
    assert catalogue.market() == market(NOW, "cx22")


def test_a_refusal_is_remembered_until_then(catalogue: StoredCatalogue) -> None:
    """It counts before its moment and not at it."""
    catalogue.refuse("cx22@fsn1", SOON)
    assert catalogue.refused(NOW) == {"cx22@fsn1"}
    assert catalogue.refused(SOON - timedelta(seconds=1)) == {"cx22@fsn1"}
    assert catalogue.refused(SOON) == frozenset()


def test_refusals_do_not_overwrite_each_other(catalogue: StoredCatalogue) -> None:
    """Each choice has a memory of its own; a repeated refusal is remembered longer."""
    catalogue.refuse("cx22@fsn1", NOW)
    catalogue.refuse("cx22@nbg1", SOON)
    catalogue.refuse("cx32@fsn1", SOON)
    catalogue.refuse("cx22@fsn1", SOON)
    assert catalogue.refused(NOW) == {"cx22@fsn1", "cx22@nbg1", "cx32@fsn1"}


def test_a_strange_refusal_holds_up_nothing(catalogue: StoredCatalogue, table: Table) -> None:
    """A refusal that this release cannot read is passed over."""
    catalogue.refuse("cx22@fsn1", SOON)
    table.put(Item(key="refusal#x#y", body={}, listing="refusal", listed_at=int(SOON.timestamp())))
    assert catalogue.refused(NOW) == {"cx22@fsn1"}


def test_a_refusal_may_be_purged_when_it_is_over(catalogue: StoredCatalogue, table: Table) -> None:
    """Nothing of it stays for ever."""
    catalogue.refuse("cx22@fsn1", SOON)
    stored = table.get("refusal#cx22#fsn1")
    assert stored is not None
    assert stored.purge_at == int(SOON.timestamp())
