"""What a manage token is, and the page it opens.

The token travels in the link's fragment, which no browser sends to a server. Whether a token still opens its machine is
the service's judgement.
"""

from __future__ import annotations

import re

MANAGE = "ccc_manage_"
TOKEN = re.compile(rf"{MANAGE}[A-Za-z0-9_-]{{1,256}}")


def is_manage_token(token: str | None) -> bool:
    """Tell whether the token is of the kind that opens one machine (an operator's opens all, and has no page)."""
    return token is not None and token.startswith(MANAGE)


def checked_manage_token(said: object) -> str | None:
    """Return a manage token as the service told it, None for none; raises ValueError, which never quotes it."""
    if said is None:
        return None
    if not (isinstance(said, str) and TOKEN.fullmatch(said)):
        raise ValueError("manage_token")
    return said


def page_link(url: str, instance_id: str, token: str) -> str:
    """Return the link of a machine's page at the service's address, which has no slash at its end."""
    return f"{url}/i/{instance_id}#{token}"
