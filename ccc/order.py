"""What the arguments of `ccc provision` ask for, as the body that the service takes.

Whether type, location and hours can be had is the service's judgement; that nothing but a public key is sent is
`ssh_key_argument.py`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccc.errors import WrongUse
from ccc.hours import hours_from
from ccc.ssh_key_argument import looks_like_key, private_half, public_key

SLOTS = ("ssh_key", "hours", "server_type")  # the order of what may follow EMAIL
QUOTES = "(A key with spaces in it needs quotes.)"
ADDRESS = re.compile(r"[^@\s/]+@[^@\s/]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was typed: the body for the service, and the path of the private key that fits, where there is one."""

    wishes: dict[str, Any]
    identity: str | None


def order_from(email: str, rest: tuple[str, ...], typed: dict[str, str | None]) -> Order:
    """Return the order; what was typed as an option leaves its place to the next argument.

    `typed` holds ssh_key, hours, server_type and location, None where not typed. Raises WrongUse for too many
    arguments, EMAIL and SSH_KEY in the wrong order, no key, an unusable key or hours.
    """
    if _swapped(email, rest[0] if rest else typed.get("ssh_key")):
        raise WrongUse("EMAIL comes first, then SSH_KEY.", next_command="ccc provision EMAIL SSH_KEY")
    free = [slot for slot in SLOTS if typed.get(slot) is None]
    if len(rest) > len(free):
        raise WrongUse("There are more arguments than EMAIL SSH_KEY HOURS TYPE. A key with spaces in it needs quotes.")
    said = {**typed, **dict(zip(free, rest, strict=False))}
    if not said["ssh_key"]:
        raise WrongUse("SSH_KEY is missing: a public key, the path of a .pub file, or - for stdin.")
    key = str(said["ssh_key"])
    return Order(wishes=_wishes(email, public_key(key), said), identity=private_half(key))


def _swapped(email: str, second: str | None) -> bool:
    """Tell whether the key stands where the address belongs; no file of that name makes an address a path."""
    if looks_like_key(email) or email.endswith(".pub"):
        return True
    return "@" not in email and bool(second and ADDRESS.fullmatch(second)) and not Path(str(second)).exists()


def _wishes(email: str, key: str, said: dict[str, str | None]) -> dict[str, Any]:
    hours, kind = said["hours"], said["server_type"]
    wishes = {
        "email": email,
        "ssh_public_key": key,
        "hours": None if hours is None else hours_from(hours, hint=QUOTES),
        "server_type": kind and kind.lower(),
        "location": said["location"],
    }
    return {name: wish for name, wish in wishes.items() if wish is not None}
