"""What a server cost that no row accounts for: whole started hours, at the price of its type where it stood."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import budget
from chalicelib.domain.instance import Status
from chalicelib.domain.orphan_cost import cost_of
from chalicelib.domain.orphans import ServerFact
from tests.fakes.market import market_at
from tests.unit.domain.samples import HOUR, MACHINE, MINUTE, TEN, an_instance

MARKET = market_at(TEN)
KIND = MARKET.types[0]
OFFER = KIND.offers[0]
SERVER = ServerFact(
    server_id=MACHINE.server_id,
    name="cc-0123456789ab",
    labels={},
    created_at=TEN,
    status="running",
    ip=MACHINE.ip,
    server_type=KIND.name,
    location=OFFER.location,
)
OWNED = an_instance(machine=replace(MACHINE, created_at=TEN))


@pytest.mark.parametrize(("passed", "hours"), [(0 * HOUR, 1), (HOUR, 1), (HOUR + MINUTE, 2), (47 * HOUR + MINUTE, 48)])
def test_a_server_of_nobody_costs_its_started_hours(passed: timedelta, hours: int) -> None:
    """From its creation until now, at the hourly price with the address."""
    cost = cost_of(SERVER, named="0123456789ab", row=None, market=MARKET, now=TEN + passed)
    assert (cost.hours, cost.micro_eur) == (hours, budget.micro(OFFER.hourly * hours))
    assert (cost.server_type, cost.location, cost.instance_id) == (KIND.name, OFFER.location, "0123456789ab")
    assert (cost.created_at, cost.until) == (TEN, TEN + passed)


def test_hours_that_a_row_has_paid_for_are_not_counted_twice() -> None:
    """A server that outlived its row's end is nobody's from then on."""
    row = replace(OWNED, status=Status.DELETED, ended_at=TEN + 90 * MINUTE)
    cost = cost_of(SERVER, named=row.id, row=row, market=MARKET, now=TEN + 5 * HOUR)
    assert cost.hours == 5 - 2


def test_a_row_that_lives_on_pays_for_all_of_it() -> None:
    """A machine beyond the hard cap on life is swept, and its row counts it to its own end."""
    assert cost_of(SERVER, named=OWNED.id, row=OWNED, market=MARKET, now=TEN + 5 * HOUR).hours == 0


def test_another_machines_row_pays_for_nothing() -> None:
    """The second server of a name is nobody's, whatever its label says."""
    other = replace(OWNED, machine=replace(MACHINE, server_id=MACHINE.server_id + 1))
    for row in (other, replace(OWNED, machine=None)):
        assert cost_of(SERVER, named=row.id, row=row, market=MARKET, now=TEN + 5 * HOUR).hours == 5


@pytest.mark.parametrize("changes", [{"server_type": "cx999"}, {"server_type": None}, {"location": "moon"}])
def test_a_price_that_nobody_knows_is_not_guessed(changes: dict[str, str | None]) -> None:
    """The hours are told all the same."""
    cost = cost_of(replace(SERVER, **changes), named=None, row=None, market=MARKET, now=TEN + HOUR)  # type: ignore[arg-type]  # a dict of fields
    assert (cost.hours, cost.micro_eur) == (1, None)
    assert cost_of(SERVER, named=None, row=None, market=None, now=TEN + HOUR).micro_eur is None
