"""What can happen at each call of a port, just before its effect and just after it.

A worker dies, stands still past its lease, is overtaken by another worker in the middle of the call, or does not hear
the answer; a dependency refuses, or serves an old list. Each seed enables a random half of the kinds. The work of the
others goes on *inside* the call that was interrupted, so that two workers overlap at every boundary there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Any

from chalicelib.domain.errors import (
    BuilderFull,
    BuilderUnknown,
    CccError,
    MailRefused,
    MailUnknown,
    OutOfStock,
    ProviderUnknown,
    RateLimited,
    ServerLocked,
    StoreUnavailable,
)
from chalicelib.operations.services import Services
from tests.simulation.crashing import PURE, Killed
from tests.simulation.turmoil.watch import Watch


class Kind(StrEnum):
    """What may go wrong."""

    DIE = "die"
    STAND_STILL = "stand still"
    OVERTAKE = "overtake"
    LOSE_ANSWER = "lose answer"
    REFUSE = "refuse"
    OLD_LIST = "old list"
    SKEW = "skew"
    FAST_CLOCK = "fast clock"
    OTHER_TOKEN = "other token"
    RESTORE = "restore"
    BY_HAND = "by hand"
    BAD_BUILD = "bad build"
    DEAF = "deaf"


STORED = frozenset({"instances", "catalogue", "stack", "runs", "breaker", "durations", "audit"})
STANDS_STILL = (timedelta(seconds=20), timedelta(seconds=50), timedelta(seconds=100))
MOST_NESTED = 3


class Accidents:
    """Decides at each call what happens; `others` is what another worker may do meanwhile."""

    def __init__(self, random: Random, kinds: frozenset[Kind], watch: Watch, others: Callable[[], None]) -> None:
        self.random = random
        self.often = 1
        """How many times as often as usual everything happens: for stories of few kinds."""
        self.kinds = kinds
        self.happening = True
        self.trace: list[str] = []
        self.unheard_stops: Counter[str] = Counter()
        self._watch = watch
        self._others = others
        self._depth = 0

    def wrapped(self, services: Services, clock: Any) -> Services:
        """The services of one worker, with a clock of its own."""
        names = [field.name for field in fields(services) if field.name not in PURE]
        ports: dict[str, Any] = {name: _Port(getattr(services, name), name, self) for name in names}
        return replace(services, **ports, clock=clock)

    def may(self, kind: Kind, chance: float) -> bool:
        """Whether this happens now."""
        if not self.happening or kind not in self.kinds or self.random.random() >= chance * self.often:
            return False
        self.trace.append(kind.value)
        return True

    def call(self, port: str, name: str, method: Any, *args: Any, **kwargs: Any) -> Any:
        """One call of a port and whatever happens around it."""
        what = f"{port}.{name}"
        self._meanwhile(what)
        if self.may(Kind.REFUSE, 0.01) and (refusal := self._refusal(port, name)) is not None:
            self.trace.append(f"{what} refused: {refusal.code}")
            if what == "installer.stop":
                self.unheard_stops[args[0]] += 1
            raise refusal
        self._watch.before(what, args, kwargs)
        answer = method(*args, **kwargs)
        self._watch.after(what, args, kwargs)
        self._meanwhile(what)
        if self.may(Kind.LOSE_ANSWER, 0.01) and (lost := _lost(port)) is not None:
            self.trace.append(f"{what} answer lost")
            raise lost
        return answer

    def _meanwhile(self, what: str) -> None:
        if self.may(Kind.DIE, 0.006):
            self.trace.append(f"died at {what}")
            raise Killed(what)
        if self.may(Kind.STAND_STILL, 0.006):
            self._watch.pass_time(self.random.choice(STANDS_STILL))
        if self._depth < MOST_NESTED and self.may(Kind.OVERTAKE, 0.03 if self._depth == 0 else 0.01):
            self._depth += 1
            try:
                self._others()
            finally:
                self._depth -= 1

    def _refusal(self, port: str, name: str) -> CccError | None:
        if port in STORED:
            return StoreUnavailable("throttled")
        later = RateLimited("later", retry_after=5)
        choices: dict[tuple[str, str], list[CccError]] = {
            ("servers", "create"): [OutOfStock("none left"), later],
            ("servers", "delete"): [ServerLocked("locked")],
            ("servers", "rebuild"): [ServerLocked("locked")],
            ("servers", "provider_time"): [],
            ("servers", "token_fingerprint"): [],
            ("installer", "start"): [BuilderFull("no slot")],
        }
        others: dict[str, list[CccError]] = {
            "servers": [ProviderUnknown("down"), later],
            "installer": [BuilderUnknown("no answer")],
            "mailer": [MailRefused("later")],
        }
        possible = choices.get((port, name), others.get(port, []))
        return self.random.choice(possible) if possible else None


class _Port:
    """A port in whose every call something may happen."""

    def __init__(self, port: object, name: str, accidents: Accidents) -> None:
        self._port = port
        self._name = name
        self._accidents = accidents

    def __getattr__(self, method: str) -> Any:
        """The port's method, with what happens around it."""
        found = getattr(self._port, method)
        if not callable(found):
            return found
        return lambda *args, **kwargs: self._accidents.call(self._name, method, found, *args, **kwargs)


def _lost(port: str) -> CccError | None:
    if port in STORED:
        return StoreUnavailable("the reply was lost")
    return {
        "servers": ProviderUnknown("the answer was lost"),
        "installer": BuilderUnknown("the answer was lost"),
        "mailer": MailUnknown("the answer was lost"),
    }.get(port)
