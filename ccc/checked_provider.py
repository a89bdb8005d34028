"""Which provider `make up` would work with, and whether machines elsewhere could reach this service."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ccc.finding import Finding, good, missing, note

ONLY_HERE = frozenset({"localhost", "ip6-localhost"})
SET_URL = "export CCC_PUBLIC_URL=https://NAME.example.org"


def provider(*, token_set: bool, endpoint: str | None) -> list[Finding]:
    """Return what the provider's two variables say; the token itself is never looked at."""
    if not token_set:
        said = "it is not set: the emulator is used, and nothing else is needed"
        return [note("HCLOUD_TOKEN", said, "export HCLOUD_TOKEN=…    (for real machines)")]
    found = [good("HCLOUD_TOKEN", "set, and not shown")]
    if endpoint is None:
        return [*found, good("HCLOUD_ENDPOINT", "not set, so real machines are bought")]
    said = "it is set, so the emulator would be used, and the token may be an emulator's"
    return [
        *found,
        missing("HCLOUD_ENDPOINT", said, "unset HCLOUD_ENDPOINT    (and set HCLOUD_TOKEN to the project's)"),
    ]


def public_url(said: str | None) -> Finding:
    """Return whether links in mails and the machines' questions lead here from elsewhere."""
    name = "CCC_PUBLIC_URL"
    if said is None:
        return note(name, f"it is not set: {_ALONE}", SET_URL)
    try:
        parts = urlsplit(said)
        host = parts.hostname if parts.scheme in {"http", "https"} else None
    except ValueError:
        host = None
    if not host:
        return missing(name, "it is no http or https address", SET_URL)
    return note(name, f"{said}: {_ALONE}", SET_URL) if _only_here(host) else good(name, said)


_ALONE = "links in mails open on this machine alone, and a guest's machine cannot ask for its end"


def _only_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ONLY_HERE or host.endswith(".localhost")
