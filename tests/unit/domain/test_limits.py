"""The limits that are ours and not the operator's."""

from __future__ import annotations

from dataclasses import fields

from chalicelib.domain.limits import PROVIDER_REQUESTS_FOR_CREATES, PROVIDER_REQUESTS_PER_HOUR, Limits, Rounding
from chalicelib.domain.signup import SignupKind, SignupPolicy
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


def test_without_a_word_of_the_operator_nobody_signs_up() -> None:
    """Where no policy is set it is `closed`, and one source may ask ten times (lines 86 and 89 of the bad inputs)."""
    defaults = {field.name: field.default for field in fields(Limits)}
    assert defaults["signup"] == SignupPolicy(kind=SignupKind.CLOSED)
    assert defaults["per_source"] == 10
