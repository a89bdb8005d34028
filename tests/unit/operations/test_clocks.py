"""Whether our clock is believed: against the provider's, and the store's where it has one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.operations.clocks import doubt
from tests.unit.domain.samples import MINUTE, TEN
from tests.unit.operations.world import World


@dataclass
class Clocks:
    """A port that only tells the time of its last answer."""

    at: datetime | None

    def store_time(self) -> datetime | None:
        """The store's."""
        return self.at

    def provider_time(self) -> datetime | None:
        """The provider's."""
        return self.at


@pytest.mark.parametrize(
    ("store", "provider", "believed", "alarm"),
    [
        (None, None, True, False),
        (None, 0, True, False),
        (None, 60, True, False),
        (None, 61, False, True),
        (None, -61, False, True),
        (0, 0, True, False),
        (61, 0, True, True),
        (0, 61, True, True),
        (61, 61, False, True),
        (-3600, 61, False, True),
        (61, None, False, True),
    ],
)
def test_both_must_disagree_and_one_alone_is_an_alarm(
    store: int | None, provider: int | None, believed: bool, alarm: bool
) -> None:
    """More than a minute off by all who have a clock: not believed; by one of two: an alarm only (rule R9)."""
    world = World()
    instances: Any = Clocks(None if store is None else TEN + timedelta(seconds=store))
    servers: Any = Clocks(None if provider is None else TEN + timedelta(seconds=provider))
    found = doubt(replace(world.services, instances=instances, servers=servers), TEN)
    assert (found is None) is believed
    assert ("clock.disagrees" in world.alarms.events()) is alarm


def test_the_alarm_says_by_how_much() -> None:
    """Seconds, with their sign, so that somebody can tell which clock is wrong."""
    world = World()
    servers: Any = Clocks(TEN + 2 * MINUTE)
    doubt(replace(world.services, servers=servers), TEN)
    assert world.alarms.raised == [("clock.disagrees", {"seconds": 120})]
