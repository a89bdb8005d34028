"""The limits that are ours and not the operator's."""

from __future__ import annotations

from chalicelib.domain.limits import PROVIDER_REQUESTS_FOR_CREATES, PROVIDER_REQUESTS_PER_HOUR, Rounding
from tests.unit.domain.samples import LIMITS, MINUTE


def test_i19_our_budget_of_requests_is_below_the_providers() -> None:
    """At most 3,000 requests an hour, a tenth of them for creates alone (invariant 19)."""
    assert (PROVIDER_REQUESTS_PER_HOUR, PROVIDER_REQUESTS_FOR_CREATES) == (3000, 300)


def test_a_claim_may_take_seven_minutes() -> None:
    """Where nothing else is set, an attempt that nobody claims for 7 minutes is given up (rule R14)."""
    assert LIMITS.claim_within == 7 * MINUTE


def test_roundings_are_spelled_as_the_setting_is() -> None:
    """The values of the enum are those of CCC_LEASE_ROUNDING."""
    assert set(Rounding) == {"up", "down"}
