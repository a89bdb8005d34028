"""Whether a run against the real provider is wanted, and what its box is told: the caps on what it may spend."""

from __future__ import annotations

from collections.abc import Mapping

SERVER_TYPE = "cpx11"
CREATES = 3
CAPS = {
    "CCC_MAX_MONTHLY_EUR": "1",
    "CCC_MAX_LIVE": "1",
    "CCC_MAX_CREATES_PER_HOUR": str(CREATES),
    "CCC_TYPES": SERVER_TYPE,
}
"""One machine of one type at a time, and one euro a month: money is reserved before a server is bought."""

_PASSED_ON = ("HCLOUD_TOKEN", "CCC_STORE_PATHS", "CCC_KEXEC", "CCC_KEXEC_SHA256", "CCC_PUBLIC_URL")


def refusal(variables: Mapping[str, str]) -> str | None:
    """Why nothing real is bought; None where `E2E_REAL=1` and a token say that it is wanted."""
    if variables.get("E2E_REAL") != "1":
        return "E2E_REAL is not 1: nothing real is bought (make e2e-real)"
    if not variables.get("HCLOUD_TOKEN"):
        return "HCLOUD_TOKEN is not set"
    if variables.get("HCLOUD_ENDPOINT"):
        return "HCLOUD_ENDPOINT is set: that is not the real provider"
    return None


def settings(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a box that buys; the caps cannot be lifted from outside."""
    return {**{name: variables[name] for name in _PASSED_ON if variables.get(name)}, **CAPS}
