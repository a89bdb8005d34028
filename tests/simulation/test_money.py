"""The provider's bill of days of accidents: hour by hour what people asked for, and to the cent what the ledger holds.

The expected hours come from what was asked (`asked.py`), never from what the service notes of its own deeds. Whatever
crashed, a machine is gone within the slack before its next paid hour; only while the provider itself is away may an
hour more be billed, and then it is called by that name. `MONEY_WEEKS` runs whole weeks of more seeds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain import budget, labels
from chalicelib.domain.instance import EndReason, Instance
from chalicelib.operations.list_orphans import list_orphans
from chalicelib.operations.ports import ServerOrder
from tests.simulation.asked import SLACK, Asked, Line, line
from tests.simulation.emulated import Provider, provider_in
from tests.simulation.week import Week
from tests.unit.domain.samples import HOUR, MINUTE

DAY = timedelta(days=1)
WEEKS = int(os.environ.get("MONEY_WEEKS", "0"))  # noqa: TID251 -- a switch of the tests, not a setting of the product
SPANS = {seed: 7 * DAY if WEEKS or seed == 1 else 2 * DAY for seed in range(1, (WEEKS or 4) + 1)}
"""How long each seed lives: one whole week and three times two days where nobody asks for more."""


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """A provider on a clock that the week moves."""
    with provider_in(tmp_path) as running:
        yield running


def account(week: Week) -> list[Line]:
    """Every server that was ever made, held against what was asked for it; one of nobody is an error."""
    owners = {row.name: row for row in week.rows()}
    lines = []
    for server in week.provider.servers(alive=False):
        assert server.name in owners, f"{server.name} was asked for by nobody"
        lines.append(line(server, week.asked[owners[server.name].id], week.outages))
    return lines


def unasked(lines: list[Line]) -> list[str]:
    """What is billed and has no good reason, and what was late by our own fault, in words."""
    hours = [f"{each.name}: {each.extra}" for each in lines if each.extra is not None and "WE WERE" in each.extra]
    late = [f"{each.name}: {each.ours} late, {each.away} of it the provider's" for each in lines if each.ours > SLACK]
    return hours + late


def lived(provider: Provider, seed: int, span: timedelta) -> Week:
    """So many days of a seed, and their healing."""
    week = Week(provider, seed)
    week.live(span)
    week.heal()
    return week


def check_money(week: Week) -> None:
    """Server by server the same started hours, and in sum the same net euros, in ledger and bill."""
    bill = {each["name"]: each for each in week.provider.bill()}
    rows = {row.name: row for row in week.rows()}
    assert len(bill) == len(week.provider.servers(alive=False))
    ledger = Decimal(0)
    for name, row in rows.items():
        hours, billed = ledger_hours(row), bill[name]["hours"] if name in bill else 0
        assert hours == billed, (name, row.end_reason, row.delete_sent_at)
        ledger += hours * net_hourly(week.provider, row) if billed else 0
    assert round(ledger, 2) == round(sum((Decimal(each["net"]) for each in bill.values()), Decimal(0)), 2)
    assert week.stack.spend == sum(hold.micro_eur for row in rows.values() for hold in row.holds)


@pytest.mark.parametrize(("seed", "span"), SPANS.items(), ids=map(str, SPANS))
def test_no_hour_is_billed_that_nobody_asked_for(provider: Provider, seed: int, span: timedelta) -> None:
    """Days of accidents: late only as long as the provider was away, billed what was asked, held to the cent (L31)."""
    week = lived(provider, seed, span)
    assert week.provider.servers() == []
    assert all(row.terminal for row in week.rows())
    lines = account(week)
    assert unasked(lines) == []
    check_money(week)
    days = span // DAY
    assert week.kills > 3 * days
    assert len(lines) >= 5 * days
    assert {row.end_reason for row in week.rows()} >= {EndReason.EXPIRED, EndReason.RELEASED}


def test_an_hour_of_an_outage_is_named_as_one(provider: Provider) -> None:
    """The provider is away over a machine's end, for two hours: those hours are billed, and nobody calls them ours."""
    week = Week(provider, seed=1)
    row = running(week)
    assert row.expires_at is not None
    week.stack.clock.advance(row.expires_at - week.stack.clock.now() - MINUTE)
    week.go_away(2 * HOUR)
    pass_minutes(week, 121)
    week.heal()
    (only,) = account(week)
    assert (only.billed - only.asked, only.away > HOUR) == (2, True)
    assert only.extra is not None
    assert only.extra.startswith("the provider was away for")
    assert unasked([only]) == []


class LateIndex:
    """A planted bug: what is due is found twenty minutes after it was.

    The last warning is due ten minutes before an end, so it is an end's tenth minute in which the end itself is found.
    """

    def __init__(self, instances: Any) -> None:
        self._instances = instances

    def __getattr__(self, name: str) -> Any:
        """The port's own method."""
        return getattr(self._instances, name)

    def due(self, queue: Any, until: datetime, limit: int) -> Any:
        """The ids of rows that were due by then."""
        return self._instances.due(queue, until - 20 * MINUTE, limit)


class TwoStarts:
    """A planted bug: each create is sent twice, the second time under a name of its own."""

    def __init__(self, servers: Any) -> None:
        self._servers = servers

    def __getattr__(self, name: str) -> Any:
        """The port's own method."""
        return getattr(self._servers, name)

    def create(self, order: ServerOrder) -> Any:
        """Two servers."""
        other = f"{int(order.instance_id, 16) ^ 1:012x}"
        self._servers.create(replace(order, instance_id=other, labels={**order.labels, labels.INSTANCE: other}))
        return self._servers.create(order)


def test_a_machine_that_is_deleted_ten_minutes_late_is_found(provider: Provider) -> None:
    """Planted: no outage, an hour too many and ten minutes of delay: both are called ours."""
    week = Week(provider, seed=1)
    plain = week.stack.services
    running(week)
    late: Any = LateIndex(plain.instances)
    week.stack.services = replace(plain, instances=late)
    pass_minutes(week, 4 * 60)
    (only,) = account(week)
    assert only.billed == only.asked + 1
    hours, delay = unasked([only])
    assert "WE WERE LATE" in hours
    assert "late, 0:00:00 of it the provider's" in delay


def test_a_machine_that_is_started_twice_is_found(provider: Provider) -> None:
    """Planted: the second server is swept an hour later, and still it was billed, and nobody asked for it."""
    week = Week(provider, seed=1)
    twice: Any = TwoStarts(week.stack.services.servers)
    week.stack.services = replace(week.stack.services, servers=twice)
    running(week)
    pass_minutes(week, 4 * 60)
    with pytest.raises(AssertionError, match="was asked for by nobody"):
        account(week)


def test_a_swept_server_costs_what_the_provider_bills(provider: Provider) -> None:
    """The second server of the same start is in no row's ledger; with what is kept of it the bill is whole."""
    week = Week(provider, seed=1)
    twice: Any = TwoStarts(week.stack.services.servers)
    week.stack.services = replace(week.stack.services, servers=twice)
    row = running(week)
    pass_minutes(week, 4 * 60)
    bill = {each["name"]: each["hours"] for each in provider.bill()}
    (cost,) = list_orphans(week.stack.services, limit=5).costs
    assert row.choice is not None
    swept = labels.server_name(cost.instance_id or "")
    assert bill == {row.name: ledger_hours(week.stack.row(row.id)), swept: cost.hours}
    assert cost.micro_eur == budget.micro(row.choice.hourly * cost.hours)


def running(week: Week) -> Instance:
    """A machine for one hour that was ordered and built without a mishap."""
    row = week.stack.running(1)
    week.asked[row.id] = Asked(hours=1)
    return row


def pass_minutes(week: Week, minutes: int) -> None:
    """A tick each minute, and whatever was said of an outage; no accident, no new order."""
    for _ in range(minutes):
        week.minute()


def ledger_hours(row: Instance) -> int:
    """The started hours that the ledger holds for an instance: what is set aside, at its own gross price."""
    micro_eur = sum(hold.micro_eur for hold in row.holds)
    if row.choice is None or not micro_eur:
        return 0
    hours = Decimal(micro_eur) / 1_000_000 / row.choice.hourly
    assert abs(hours - round(hours)) < Decimal("0.01")
    return round(hours)


def net_hourly(provider: Provider, row: Instance) -> Decimal:
    """What the provider bills for a started hour of such a server and its address, without VAT."""
    assert row.choice is not None
    market = provider.emulator.market
    hourly, _ = market.prices(row.choice.server_type, row.choice.location)
    address, _ = market.ipv4_prices()
    return hourly + address
