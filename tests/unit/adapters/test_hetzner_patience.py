"""No request outlasts the function that sends it."""

from __future__ import annotations

import threading
import time

import pytest

from chalicelib.adapters.hetzner_servers.patience import RECORDING, SHORTEST, Patience
from chalicelib.domain.errors import ProviderUnknown
from tests.unit.adapters.hetzner_stub import Say
from tests.unit.adapters.hetzner_world import QUICK, adapter, created, order


@pytest.mark.parametrize(
    ("left", "timeouts"),
    [
        (float("inf"), (5.0, 30.0)),
        (67.0, (5.0, 30.0)),
        (RECORDING + 45.0, (5.0, 20.0)),
        (RECORDING + 9.0, (3.0, 3.0)),
        (0.0, (SHORTEST / 3, SHORTEST / 3)),
        (-3.0, (SHORTEST / 3, SHORTEST / 3)),
    ],
)
def test_a_request_has_the_time_that_is_left(left: float, timeouts: tuple[float, float]) -> None:
    """What such requests need at most; less near the end of the function, whose last seconds are for writing."""
    assert Patience(5.0, 30.0, lambda: left).now() == timeouts


@pytest.mark.parametrize("left", [RECORDING + SHORTEST, 11.0, 20.0, 55.0, 66.0, 110.0])
def test_all_that_one_request_may_wait_for_fits_into_what_is_left(left: float) -> None:
    """Connecting, silence before the headers and within the body; and time to write down that nothing came."""
    connect, silence = Patience(5.0, 30.0, lambda: left).now()
    assert connect + 2 * silence <= left - RECORDING + 1e-9


def test_a_create_that_hangs_ends_before_the_function_does() -> None:
    """It is an answer that did not come, in time to be written down; and the time is looked at before each request."""
    given_up, left = threading.Event(), [3600.0, RECORDING + 0.5]
    with adapter(timeouts=(10.0, 300.0), seconds_left=lambda: left.pop(0)) as (servers, stub):
        stub.says(created())
        assert servers.create(order()).server_id == 4711
        stub.says(Say(body=b"", before=lambda: given_up.wait(60)))
        began = time.monotonic()
        with pytest.raises(ProviderUnknown):
            servers.create(order())
        assert time.monotonic() - began < 30
        given_up.set()
    assert left == []


def test_a_request_with_time_to_spare_is_answered() -> None:
    """The shortest time is no refusal: who asks late is answered by a provider that answers at once."""
    with adapter(timeouts=QUICK, seconds_left=lambda: 0.0) as (servers, stub):
        stub.says(created())
        assert servers.create(order()).server_id == 4711
