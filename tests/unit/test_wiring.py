"""The wiring: every scheme that the settings accept has an adapter, and the provider's budget is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib import wiring
from chalicelib.config import SCHEMES, settings
from chalicelib.domain.errors import RateLimited
from chalicelib.domain.limits import PROVIDER_REQUESTS_FOR_CREATES, PROVIDER_REQUESTS_PER_HOUR
from tests.fakes.clock import FakeClock
from tests.fakes.services import fake_services
from tests.unit.test_config import COMPLETE

PLACES = {
    "sqlite": "sqlite://{home}/ccc.db",
    "dynamodb": "dynamodb://ccc-test",
    "maildir": "maildir://{home}/mail",
    "process": "process://{home}/s.sock",
    "file": "file://{home}/x",
    "system": "system:",
    "thread": "thread:",
}


@pytest.mark.parametrize(("name", "scheme"), [(name, scheme) for name, known in SCHEMES.items() for scheme in known])
def test_every_scheme_has_an_adapter(name: str, scheme: str, tmp_path: Path) -> None:
    """What the settings accept can be wired, without asking anything over a network."""
    place = PLACES[scheme].format(home=tmp_path)
    made = wiring.services(settings({**COMPLETE, "CCC_STORE": f"sqlite://{tmp_path}/a.db", name: place}))
    assert made.public_url == "http://localhost:8000"
    assert made.limits.types == ("cx23", "cpx22")


def test_letters_are_sent_from_the_senders_domain(tmp_path: Path) -> None:
    """A Message-ID ends in the domain of the configured sender."""
    made = wiring.services(settings({**COMPLETE, "CCC_STORE": f"sqlite://{tmp_path}/a.db"}))
    assert made.letters._domain == "example.org"  # type: ignore[attr-defined]  # the adapter's own


def test_the_last_tenth_of_the_budget_is_for_creates() -> None:
    """Looks stop before the hour's requests are used up; creates may use them all; the next hour begins anew."""
    clock = FakeClock()
    instances = fake_services(clock=clock).instances
    key = f"rate#provider#{clock.now():%Y%m%d%H}"
    spent = PROVIDER_REQUESTS_PER_HOUR - PROVIDER_REQUESTS_FOR_CREATES - 1
    instances.add(key, spent, cap=None, expires_at=None)
    wiring.spend_provider_request(instances, clock, creates_server=False)
    with pytest.raises(RateLimited) as caught:
        wiring.spend_provider_request(instances, clock, creates_server=False)
    assert caught.value.data["retry_after"] == 3600
    for _ in range(PROVIDER_REQUESTS_FOR_CREATES):
        wiring.spend_provider_request(instances, clock, creates_server=True)
    with pytest.raises(RateLimited):
        wiring.spend_provider_request(instances, clock, creates_server=True)
    clock.advance(timedelta(hours=1))
    wiring.spend_provider_request(instances, clock, creates_server=False)
