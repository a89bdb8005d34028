"""Following one instance: when to look again, how long, and through which troubles.

The service may hold a request until something changes; where it does not (or refuses to), the same loop asks every two
seconds with the ETag. It yields what is new and leaves it to the caller when to stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ccc.api import Api, Look
from ccc.errors import Unreachable, Unwell, WaitedTooLong, WrongUse
from ccc.instance import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between looks, seconds to be held, seconds the service may be away, and the hands of the clock."""

    interval: float = 2.0
    hold: float = 25.0
    patience: float = 30.0
    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


def follow(
    api: Api,
    instance_id: str,
    *,
    timeout: float | None,
    pace: Pace | None = None,
    answering: Callable[[bool], None] | None = None,
) -> Iterator[Instance]:
    """Yield the instance now and after every change; raises WaitedTooLong after `timeout` seconds (None: never).

    The service may be away or unwell for `patience` seconds between two looks; not at the first one. `answering` is
    told after every look whether the service answered.
    """
    return _Following(api, instance_id, timeout, pace or Pace(), answering).run()


class _Following:
    def __init__(
        self,
        api: Api,
        instance_id: str,
        timeout: float | None,
        pace: Pace,
        answering: Callable[[bool], None] | None,
    ) -> None:
        self.api, self.id, self.pace = api, instance_id, pace
        self.tell = answering or (lambda _: None)
        self.timeout = timeout
        self.deadline = None if timeout is None else pace.now() + timeout
        self.answered: float | None = None
        self.known = Look(instance=None, etag=None)

    def run(self) -> Iterator[Instance]:
        while True:
            began = self.pace.now()
            news = self._look()
            before, self.known = self.known.instance, news if news.instance else replace(self.known, etag=news.etag)
            if news.instance:
                yield news.instance
            self._rest(began, moved=news.instance is not None and _place(before) != _place(news.instance))

    def _look(self) -> Look:
        look = self._look_if_answered()
        self.tell(look is not None)
        return look or Look(instance=None, etag=self.known.etag)

    def _look_if_answered(self) -> Look | None:
        """Return None while the service is away; raises when that takes too long, or at the first look."""
        try:
            look = self._held_look()
        except (Unreachable, Unwell):
            if self.answered is None or self.pace.now() - self.answered > self.pace.patience:
                raise
            return None
        self.answered = self.pace.now()
        return look

    def _held_look(self) -> Look:
        hold = int(min(self.pace.hold, self._left()))
        try:
            return self.api.look(self.id, etag=self.known.etag, hold=hold)
        except WrongUse:  # this service does not hold requests
            if not hold:
                raise
            self.pace = replace(self.pace, hold=0.0)
            return self.api.look(self.id, etag=self.known.etag)

    def _rest(self, began: float, *, moved: bool) -> None:
        """Wait until the next look is due; at once after a change or after a request that was held."""
        left = self._left()
        if left <= 0:
            raise WaitedTooLong(f"It is not done after {self.timeout:g} s; it goes on without us.")
        due = began + self.pace.interval - self.pace.now()
        if due > 0 and not moved:
            self.pace.pause(min(due, left))

    def _left(self) -> float:
        return float("inf") if self.deadline is None else self.deadline - self.pace.now()


def _place(instance: Instance | None) -> tuple[str, str | None] | None:
    return (instance.status, instance.stage) if instance else None
