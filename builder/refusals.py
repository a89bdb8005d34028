"""When a refused install key counts as rejected, be it a program's output that told of it or a look of our own.

One refusal proves nothing: a system that is going down or coming up may refuse a good key for a moment, and its file
of keys may be written a little after its host key. So it takes several, over a time that no such moment lasts, and no
login between them. An address where nobody listens begins the count anew, since the machine was away meanwhile. A
connection that was dropped after it was accepted does not: OpenSSH (from 9.8, `PerSourcePenalties` in sshd_config(5))
drops those who were refused too often.
"""

from __future__ import annotations

import re
import time

from builder.errors import BuildFailed
from chalicelib.domain.build import Cause

FEWEST = 3
"""One before a restart and one after it are two."""

_REFUSED = "Permission denied ("
_ALSO_REFUSED = "Too many authentication failures"
_AWAY = re.compile(r"ssh: connect to host .+ port \d+: ")
"""OpenSSH's words (sshconnect.c, sshconnect2.c); what is refused is in brackets behind the first."""


class Refusals:
    """Counts the refusals since the last login, or since the machine was last away.

    `over_seconds` is how long the first must be past before they are a rejection.
    """

    def __init__(self, over_seconds: float) -> None:
        self._over = over_seconds
        self._since = 0.0
        self._count = 0

    def refused(self, where: str) -> None:
        """Note one more; BuildFailed with KEY_REJECTED once they are a rejection. `where` goes into its words."""
        now = time.monotonic()
        if self._count == 0:
            self._since = now
        self._count += 1
        if self._count >= FEWEST and now - self._since >= self._over:
            raise BuildFailed(Cause.KEY_REJECTED, f"the install key was refused {self._count} times in a row {where}")

    def forget(self) -> None:
        """Begin anew: somebody was let in, or nobody was there to refuse anything."""
        self._count = 0


def is_refusal(line: str, login: str) -> bool:
    """Whether a line of output says that ssh was refused as `login` (`user@address`), not something behind it."""
    return f"{login}: {_REFUSED}" in line or _ALSO_REFUSED in line


def is_absence(line: str) -> bool:
    """Whether a line of output says that nobody listened there."""
    return _AWAY.search(line) is not None
