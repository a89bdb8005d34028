"""What a run can cost at the worst, by the provider's prices of today, and whether that is within what somebody allows.

The worst: every creation that the caps let through becomes a machine with an address, each is paid to the end of the
last hour that the script can ask for, and all of it at the dearest place that sells the type.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from tests.e2e.permission import CREATES, SERVER_TYPE
from tests.e2e.project import AWAY, Project

VARIABLE = "E2E_MAX_EUR"
ALLOWED = Decimal("0.50")
STARTED_HOURS = 3
"""The hour of the order, the one it is extended by, and the one that either may have begun."""


def spend_refusal(project: Project, variables: Mapping[str, str]) -> str | None:
    """Why the run would not be within `E2E_MAX_EUR` (0.50 where it is not set); None when it is."""
    said = variables.get(VARIABLE)
    try:
        allowed = Decimal(said) if said else ALLOWED
    except InvalidOperation:
        return f"{VARIABLE} is no amount of euros: {said!r}"
    try:
        worst = worst_case(project)
    except (*AWAY, LookupError) as error:
        return f"the provider does not tell what a {SERVER_TYPE} costs ({type(error).__name__})"
    if not allowed.is_finite() or worst > allowed:
        return f"the run may cost {worst:.2f} EUR, and {VARIABLE} allows {allowed}"
    return None


def worst_case(project: Project) -> Decimal:
    """Euros, gross; LookupError where the type is not sold, and whatever the provider's absence raises."""
    hourly = max(Decimal(price["price_hourly"]["gross"]) for price in _sold(project)) + _address(project)
    return CREATES * STARTED_HOURS * hourly


def _sold(project: Project) -> list[dict[str, dict[str, str]]]:
    (found,) = project.call("GET", f"/server_types?name={SERVER_TYPE}")["server_types"] or [{"prices": []}]
    if not found["prices"]:
        raise LookupError(SERVER_TYPE)
    return list(found["prices"])


def _address(project: Project) -> Decimal:
    """An IPv4 address, an hour, where it costs most."""
    kinds = project.call("GET", "/pricing")["pricing"]["primary_ips"]
    (prices,) = [kind["prices"] for kind in kinds if kind["type"] == "ipv4"]
    return max(Decimal(price["price_hourly"]["gross"]) for price in prices)
