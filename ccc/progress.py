"""Showing how far an instance is while one waits: a live table on a terminal, else one plain line per step.

Everything goes to stderr. `rich` is imported only when a terminal is there to use it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from ccc.attempt import attempt_in_words
from ccc.environment import read_environment
from ccc.instance import WAITING, Instance
from ccc.output import is_terminal, say
from ccc.progress_words import AWAY, SLOW, in_words
from ccc.when import span

ENDING = frozenset({"deleting", "deleted", "failed"})
"""Who ends a machine does not want to read how it was made."""


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
    """One line for each status, stage and step, when it is first seen; each attempt tells its stages anew."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began = now()
        self._told: set[str] = set()
        self._attempt: int | None = None
        self._shown: Instance | None = None
        self._shown_at = now()
        self._answering = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind: lines stay, and begin anew below the terminal's ^C."""
        if kind is KeyboardInterrupt and is_terminal(sys.stderr):
            say("")

    def show(self, instance: Instance) -> None:
        """Write a line for whatever was not told yet."""
        self._shown, self._shown_at = instance, self._now()
        self._begin_again(instance)
        goes_on = instance.status in WAITING
        if goes_on:
            self._tell_once(instance.status)
        if instance.status not in ENDING:
            self._tell_stages(instance)
        if not goes_on:  # what led to it comes first
            self._tell_once(instance.status)

    def _begin_again(self, instance: Instance) -> None:
        """Forget the stages of the attempt before, and say why there is another one."""
        number = instance.attempt.number if instance.attempt else None
        if number == self._attempt or instance.status in ENDING:
            return
        if self._attempt is not None:
            self._told = {instance.status} & self._told
        self._attempt = number
        if words := attempt_in_words(instance):
            self._tell_once(f"attempt {words}", as_it_is=True)

    def _tell_stages(self, instance: Instance) -> None:
        for stage in instance.stages:
            if stage.started:
                usual = f" (usually {span(stage.usual_seconds)})" if stage.usual_seconds else ""
                self._tell_once(stage.name, usual)
        if instance.stage:
            self._tell_once(instance.stage)
            if instance.step:
                self._tell_once(f"{in_words(instance.stage)}: {instance.step}", as_it_is=True)
        self._tell_if_slow(instance)

    def _tell_if_slow(self, instance: Instance) -> None:
        passed = self._now() - self._shown_at
        for stage in instance.stages:
            if stage.name == instance.stage and stage.slow(passed):
                self._tell_once(f"{in_words(stage.name)}: this takes {SLOW}", as_it_is=True)

    def answering(self, yes: bool) -> None:
        """Write a line whenever the service begins or ceases to be away, and when a stage has become slow."""
        if yes != self._answering:
            self._answering = yes
            self._tell("the service answers again" if yes else AWAY)
        if self._shown:
            self._tell_if_slow(self._shown)

    def _tell_once(self, step: str, aside: str = "", *, as_it_is: bool = False) -> None:
        if step not in self._told:
            self._told.add(step)
            self._tell(f"{step if as_it_is else in_words(step)}{aside}")

    def _tell(self, what: str) -> None:
        say(f"[{span(self._now() - self._began):>12}] {what}")
