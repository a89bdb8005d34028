"""Services whose ports kill the process at one call, just before its effect or just after it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from chalicelib.operations.services import Services

PURE = frozenset({"letters", "identities", "alarms", "clock", "ids", "limits", "find_url", "ssh_port", "actor"})
"""Fields with no effect outside the process: dying there is dying before the next call of the others."""


class Killed(BaseException):
    """The process is gone; nothing in the product may catch this."""


class Fate:
    """Counts the calls of all wrapped ports and kills at the n-th; `struck` names the call it was."""

    def __init__(self, nth: int, *, after: bool) -> None:
        self.calls = 0
        self.struck: str | None = None
        self._nth = nth
        self._after = after

    def wrapped(self, services: Services) -> Services:
        """The services with every port in the hands of this fate."""
        names = [field.name for field in fields(services) if field.name not in PURE]
        mortal: dict[str, Any] = {name: _Mortal(getattr(services, name), name, self) for name in names}
        return replace(services, **mortal)

    def call(self, name: str, method: Any, *args: Any, **kwargs: Any) -> Any:
        """Carry out one call, or die at it."""
        self.calls += 1
        now = self.calls == self._nth
        if now and not self._after:
            self._strike(name)
        try:
            return method(*args, **kwargs)
        finally:
            if now:
                self._strike(name)

    def _strike(self, name: str) -> None:
        self.struck = name
        raise Killed(name)


class _Mortal:
    """A port whose every call may be the process's last."""

    def __init__(self, port: object, name: str, fate: Fate) -> None:
        self._port = port
        self._name = name
        self._fate = fate

    def __getattr__(self, method: str) -> Any:
        """The port's method, through the hands of fate."""
        found = getattr(self._port, method)
        if not callable(found):
            return found
        return lambda *args, **kwargs: self._fate.call(f"{self._name}.{method}", found, *args, **kwargs)
