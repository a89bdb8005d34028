"""One fault: which requests it meets, how often, and what it does.

`do` is one of the words below; its parameters stand beside it in the JSON and are read where it is acted out.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from hetzner_emulator import doom

Json = dict[str, Any]

# Instead of the answer, before anything is done.
INSTEAD = frozenset(
    {
        "error", "resource_unavailable", "limits", "locked", "conflict", "rate_limited", "html_502", "html_200",
        "timeout_before_commit", "reset_before_commit",
    }
)  # fmt: skip
# To the answer, after everything is done.
AFTER = frozenset(
    {
        "timeout_after_commit", "reset_after_commit", "kill_after_commit", "truncated", "slow_body", "mutate",
        "clock_off",
    }
)  # fmt: skip
# Inside the route: what it makes is not as it should be.
WITHIN = frozenset(
    {
        "action_error", "stuck", "delete_lost", "list_lag", "ssh_never", "ssh_slow", "reused_ip", "wrong_host_key",
        "kexec_lost", "dies",
    }
)  # fmt: skip
_KEYS = frozenset({"id", "do", "method", "path", "server_type", "location", "times", "skip"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An order; `left` is None for one that lasts for ever, `skip` requests pass before it begins."""

    key: str
    do: str
    method: str
    path: re.Pattern[str]
    server_type: str | None
    location: str | None
    left: int | None
    skip: int
    source: Json
    more: Json = field(default_factory=dict)

    def meets(self, method: str, path: str, body: Json) -> bool:
        """Tell whether a request is one of those meant; `path` is without `/v1`."""
        if self.left == 0 or self.method not in ("*", method) or not self.path.search(path):
            return False
        wishes = ((self.server_type, body.get("server_type")), (self.location, body.get("location")))
        return all(wish is None or wish == value for wish, value in wishes)

    def seconds(self, default: float) -> float:
        """Return the parameter of most of them."""
        return float(self.more.get("seconds", default))


def parse(key: str, source: Any) -> Fault:
    """Read one order; a ValueError says what is wrong with it."""
    if not isinstance(source, dict) or source.get("do") not in INSTEAD | AFTER | WITHIN:
        words = ", ".join(sorted(INSTEAD | AFTER | WITHIN))
        raise ValueError(f"a fault is an object whose 'do' is one of: {words}")
    times = int(source.get("times", 1))
    try:
        path = re.compile(str(source.get("path", "")))
    except re.error as error:
        raise ValueError(f"the fault's path is not a regular expression: {error}") from error
    more = {name: value for name, value in source.items() if name not in _KEYS}
    if source["do"] == "dies":
        doom.check(more)
    return Fault(
        key=key,
        do=source["do"],
        method=str(source.get("method", "*")).upper(),
        path=path,
        server_type=source.get("server_type"),
        location=source.get("location"),
        left=None if times == 0 else times,
        skip=int(source.get("skip", 0)),
        source=source,
        more=more,
    )
