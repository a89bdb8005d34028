"""The environment that the product gets on one machine, composed from the folder, the ports and the provider.

A value that the person has set wins. Secrets are in the keyring: the provider's token is taken out of the environment.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from onebox.failpoints import VARIABLE as KILL_AFTER
from onebox.home import Home
from onebox.settings import BoxSettings

BUILDER_SLOTS = 20

_TAKEN_OUT = frozenset({"HCLOUD_TOKEN", "HCLOUD_ENDPOINT", KILL_AFTER})


def product_environment(settings: BoxSettings, home: Home, ssh_port: int) -> dict[str, str]:
    """All variables of the gateway's process but those of a single life (see `stack`)."""
    passed = {name: value for name, value in settings.variables.items() if name not in _TAKEN_OUT}
    given = {name: value for name, value in passed.items() if not (name.startswith("CCC_") and not value)}
    return {**_composed(settings, home, ssh_port), **given, "CCC_HOME": str(home.path), "CCC_PORT": str(settings.port)}


def public_url(settings: BoxSettings) -> str:
    """Where people reach the service, without a trailing slash."""
    below = "/api" if settings.stack == "aws" else ""  # where API Gateway puts a stage of that name
    return (settings.variables.get("CCC_PUBLIC_URL") or f"http://localhost:{settings.port}{below}").rstrip("/")


def clock_file(settings: BoxSettings, home: Home) -> Path | None:
    """The file of the shared clock; None where the setting says that time is real."""
    parts = urlsplit(settings.variables.get("CCC_CLOCK") or f"file://{quote(str(home.clock))}")
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _composed(settings: BoxSettings, home: Home, ssh_port: int) -> dict[str, str]:
    return {
        "CCC_STORE": f"sqlite:///{_below_root(home.path / 'ccc.db')}",
        "CCC_MAIL": f"maildir:///{_below_root(home.path / 'mail')}",
        "CCC_MAIL_FROM": "cloud@localhost",
        "CCC_BUILDER": f"process:///{_below_root(home.socket)}?slots={BUILDER_SLOTS}",
        "CCC_KEYRING": f"file:///{_below_root(home.keyring)}",
        "CCC_HETZNER_ENDPOINT": settings.endpoint,
        "CCC_PUBLIC_URL": public_url(settings),
        "CCC_SIGNUP": "open",
        "CCC_CLOCK": f"file:///{_below_root(home.clock)}",
        "CCC_NUDGE": "thread:",
        "CCC_LONG_POLL_SECONDS": "25",
        "CCC_TYPES": "cx23,cpx22,cx33,cpx32,cpx11",
        "CCC_LOCATIONS": "nbg1,hel1,fsn1,ash,hil",
        "CCC_DEFAULT_HOURS": "24",
        "CCC_LEASE_ROUNDING": "up",
        "CCC_MAX_LIVE": "50",
        "CCC_MAX_MONTHLY_EUR": "500",
        "CCC_MAX_CREATES_PER_HOUR": "200",
        "CCC_MAX_HOURS": "72",
        "CCC_MAX_LIFE_HOURS": "168",
        "CCC_PER_OWNER": "1",
        "CCC_BOX_EXTEND": "false",
        "CCC_SSH_PORT": str(ssh_port),
    }


def _below_root(path: Path) -> str:
    return quote(str(path)).removeprefix("/")
