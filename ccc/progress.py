"""Showing how far an instance is while one waits: a live table on a terminal, else one plain line per step.

Everything goes to stderr. `rich` is imported only when a terminal is there to use it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from ccc.environment import read_environment
from ccc.instance import Instance
from ccc.output import is_terminal, say
from ccc.when import span

ENDING = frozenset({"deleting", "deleted", "failed"})
"""Who ends a machine does not want to read how it was made."""

AWAY = "waiting for the service to answer"


class Progress(Protocol):
    """Shows instances as they come; a context manager, so that a terminal is left as it was."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, instance: Instance) -> None:
        """Show the instance as it is now."""

    def answering(self, yes: bool) -> None:
        """Show whether the service answers at the moment."""


def progress() -> Progress:
    """Return the display that fits what stderr is."""
    if is_terminal(sys.stderr) and not read_environment().dumb_terminal:
        from ccc.live_progress import LiveProgress  # noqa: PLC0415 imports rich

        return LiveProgress()
    return PlainProgress()


class PlainProgress:
    """One line for each status and each stage, when it is first seen."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began = now()
        self._told: set[str] = set()
        self._answering = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind: lines stay."""

    def show(self, instance: Instance) -> None:
        """Write a line for whatever was not told yet."""
        self._tell_once(instance.status, "")
        if instance.status in ENDING:
            return
        for stage in instance.stages:
            if stage.started:
                usual = f" (usually {span(stage.usual_seconds)})" if stage.usual_seconds else ""
                self._tell_once(stage.name, usual)
        if instance.stage:
            self._tell_once(instance.stage, "")

    def answering(self, yes: bool) -> None:
        """Write a line whenever the service begins or ceases to be away."""
        if yes != self._answering:
            self._answering = yes
            self._tell("the service answers again" if yes else AWAY)

    def _tell_once(self, step: str, aside: str) -> None:
        if step not in self._told:
            self._told.add(step)
            self._tell(f"{in_words(step)}{aside}")

    def _tell(self, what: str) -> None:
        say(f"[{span(self._now() - self._began):>12}] {what}")


def in_words(step: str) -> str:
    """Return a stage's or status's name as words."""
    return step.replace("_", " ").replace("-", " ")
