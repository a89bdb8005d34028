"""All ports at once, in memory: what a verb or a route is given in tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chalicelib.domain.limits import Limits, Rounding
from chalicelib.domain.signup import SignupKind, SignupPolicy
from chalicelib.operations.ports import StackState
from chalicelib.operations.services import Services
from chalicelib.storage.audit import StoredAudit
from chalicelib.storage.breaker import StoredBreaker
from chalicelib.storage.catalogue import StoredCatalogue
from chalicelib.storage.durations import StoredDurations
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.runs import StoredRuns
from chalicelib.storage.stack import StoredStack
from chalicelib.web.letters import TemplateLetters
from tests.fakes.alarms import FakeAlarms
from tests.fakes.clock import FakeClock
from tests.fakes.identities import HashedIdentities
from tests.fakes.ids import CountedIds
from tests.fakes.installer import FakeInstaller
from tests.fakes.keyring import FakeKeyring
from tests.fakes.mailer import FakeMailer
from tests.fakes.market import market_at
from tests.fakes.memory_table import MemoryTable
from tests.fakes.nudge import FakeNudge
from tests.fakes.probe import ScriptedProbe
from tests.fakes.servers import FakeServers

PUBLIC_URL = "https://ccc.example.org/api"
LIMITS = Limits(
    types=("cx23", "cpx22", "cpx32", "cpx11"),
    locations=("nbg1", "hel1", "ash"),
    default_hours=24,
    max_hours=72,
    max_life_hours=168,
    max_live=50,
    max_creates_per_hour=200,
    max_monthly_eur=Decimal(500),
    per_owner=1,
    rounding=Rounding.UP,
    signup=SignupPolicy(kind=SignupKind.OPEN),
)


def fake_services(**overrides: Any) -> Services:
    """One of each port, founded and with a market, so that an order can be placed at once.

    `overrides` replace fields of `Services`; `table` replaces what the stored ports share. Nobody holds an operator's
    token unless a keyring is given. Letters are the real ones: they only render.
    """
    table = overrides.pop("table", None) or MemoryTable()
    clock = overrides.get("clock") or FakeClock()
    founded = overrides.pop("founded", True)
    services = Services(**{**_ports(table, clock), **overrides})
    if founded:
        services.catalogue.keep(market_at(clock.now()))
        services.stack.write(StackState(uuid="11111111-2222-3333-4444-555555555555", epoch=1), None)
    return services


def _ports(table: MemoryTable, clock: FakeClock) -> dict[str, Any]:
    return {
        "instances": StoredInstances(table),
        "servers": FakeServers(clock),
        "installer": FakeInstaller(),
        "mailer": FakeMailer(),
        "letters": TemplateLetters(find_url=lambda: PUBLIC_URL, ssh_port=22, sender="Cloud <cloud@ccc.example.org>"),
        "probe": ScriptedProbe(),
        "nudge": FakeNudge(),
        "keyring": FakeKeyring(),
        "identities": HashedIdentities(),
        "catalogue": StoredCatalogue(table),
        "stack": StoredStack(table),
        "runs": StoredRuns(table),
        "breaker": StoredBreaker(table),
        "durations": StoredDurations(table),
        "alarms": FakeAlarms(),
        "audit": StoredAudit(table),
        "clock": clock,
        "ids": CountedIds(),
        "limits": LIMITS,
        "find_url": lambda: PUBLIC_URL,
        "ssh_port": 22,
    }
