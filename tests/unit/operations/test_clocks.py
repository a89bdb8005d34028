"""Whether our clock is believed: against the provider's, and the store's where it has one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import ProviderUnknown
from chalicelib.operations.clocks import ClockDoubted, contradicted, doubt, over
from chalicelib.operations.ports import Marker, MarkerState
from tests.unit.domain.samples import HOUR, MINUTE, TEN
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


class Others(Clocks):
    """The clocks of others, and a marker that is asked for the sake of a Date."""

    def __init__(self, at: datetime | None, answer: datetime | None = None) -> None:
        super().__init__(at)
        self.answer = answer
        self.asked = 0

    def read_marker(self, stack: str, marker_id: int | None) -> Marker:
        """An answer with a Date, or none."""
        assert stack
        self.asked += 1
        if self.answer is None:
            raise ProviderUnknown("timed out")
        self.at = self.answer
        return Marker(state=MarkerState.OURS, marker_id=marker_id, epoch=1)

    def token_fingerprint(self) -> str:
        """Of some token."""
        return "f" * 16


NOON = TEN + 2 * HOUR
"""What our clock says; the moment in question is an hour before."""

MOMENT = TEN + HOUR


@pytest.mark.parametrize(
    ("store", "provider", "answer", "come", "asked"),
    [
        (NOON, None, None, True, 0),
        (None, NOON, None, True, 0),
        (TEN, NOON, None, True, 0),
        (NOON, TEN, None, True, 0),
        (TEN, None, NOON, True, 1),
        (None, None, NOON, True, 1),
        (TEN, TEN, None, False, 0),
        (None, TEN, None, False, 0),
        (TEN, None, TEN, False, 1),
        (TEN, None, None, False, 1),
        (None, None, TEN, False, 1),
        (MOMENT, MOMENT, None, True, 0),
        (MOMENT, TEN, None, False, 0),
        (NOON + HOUR, NOON + HOUR, None, True, 0),
    ],
)
def test_x9_a_moment_has_come_when_one_other_confirms_our_clock_or_all_agree_that_it_has(
    store: datetime | None, provider: datetime | None, answer: datetime | None, come: bool, asked: int
) -> None:
    """The provider is asked only where nobody at hand confirms us, and not twice (row X9)."""
    world = World()
    instances: Any = Clocks(store)
    servers: Any = Others(provider, answer)
    services = replace(world.services, instances=instances, servers=servers)
    for _ in range(3):
        if come:
            assert over(services, MOMENT, NOON, unheard=False)
        else:
            with pytest.raises(ClockDoubted):
                over(services, MOMENT, NOON, unheard=True)
    assert servers.asked == asked
    assert ("clock.disagrees" in world.alarms.events()) is not come


def test_before_its_time_nobody_is_asked() -> None:
    """A moment that has not come by our own clock is not held against others'."""
    world = World()
    servers: Any = Others(None, TEN)
    assert not over(replace(world.services, servers=servers), NOON + HOUR, NOON, unheard=True)
    assert servers.asked == 0


@pytest.mark.parametrize("unheard", [True, False])
def test_where_nobody_can_be_asked_the_caller_has_said_what_then(unheard: bool) -> None:
    """One question in a quarter of a minute is all that a silent provider is asked, and no alarm is raised."""
    world = World()
    servers: Any = Others(None)
    services = replace(world.services, servers=servers)
    for _ in range(5):
        if unheard:
            assert over(services, MOMENT, NOON, unheard=True)
        else:
            with pytest.raises(ClockDoubted):
                over(services, MOMENT, NOON, unheard=False)
    assert servers.asked == 1
    assert world.alarms.events() == []


@pytest.mark.parametrize(
    ("store", "provider", "answer", "against"),
    [
        (None, TEN, None, False),
        (NOON, TEN, None, False),
        (TEN, NOON, None, False),
        (TEN, None, NOON, False),
        (TEN, None, None, False),
        (TEN, TEN, None, True),
        (TEN, None, TEN, True),
        (NOON + 2 * MINUTE, NOON + 2 * MINUTE, None, True),
    ],
)
def test_a_worker_is_contradicted_by_store_and_provider_together(
    store: datetime | None, provider: datetime | None, answer: datetime | None, against: bool
) -> None:
    """A store without a clock belongs to one machine with one clock for all, and one of two may be wrong itself."""
    world = World()
    instances: Any = Clocks(store)
    servers: Any = Others(provider, answer)
    assert contradicted(replace(world.services, instances=instances, servers=servers), NOON) is against
    assert ("clock.disagrees" in world.alarms.events()) is against
