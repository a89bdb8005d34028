"""Sudden death on request: the process kills itself right after the n-th return of a named side effect.

That is how it is proved that another attempt can pick up from any point. It knows nothing of what the names stand for.
"""

from __future__ import annotations

import os
import re
import signal

_SPEC = re.compile(r"(?P<name>[A-Za-z]+\.[a-z_]+):(?P<count>[1-9][0-9]*)\Z")


class Failpoint:
    """Counts the returns of one side effect, `name`, and dies at the `count`-th; without a name it never does."""

    def __init__(self, name: str = "", count: int = 0) -> None:
        self._name = name
        self._left = count

    @classmethod
    def parse(cls, spec: str) -> Failpoint:
        """The failpoint of `<Port.method>:<n>`, or one that never fires for an empty text; ValueError otherwise."""
        if not spec:
            return cls()
        found = _SPEC.match(spec)
        if found is None:
            raise ValueError(spec)
        return cls(found["name"], int(found["count"]))

    def returned(self, name: str) -> None:
        """Say that a side effect of this name has returned; the process may end here by SIGKILL."""
        if name != self._name:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
