"""Waiting for CloudFormation: its events as they come, and in the end what failed first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from operate.aws import Aws
from operate.failure import OperateFailed
from operate.stack import Stack, look
from operate.terminal import Terminal

EVERY_SECONDS = 5.0
LONGEST_SECONDS = 3600.0
NOISE = "Resource creation cancelled"
"""What CloudFormation says of everything that was under way when something else failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often is looked, and for how long; `wait` and `now` are in seconds."""

    every: float = EVERY_SECONDS
    longest: float = LONGEST_SECONDS
    wait: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    def looks(self, what: str) -> Iterator[None]:
        """One for every look; OperateFailed when it takes longer."""
        end = self.now() + self.longest
        while True:
            yield
            if self.now() > end:
                raise OperateFailed(
                    f"{what} takes longer than {self.longest:g} s; it goes on without us.", "make deploy"
                )
            self.wait(self.every)


@dataclass(slots=True, kw_only=True)
class Watch:
    """The events of one stack from now on."""

    aws: Aws
    stack: str
    terminal: Terminal
    pace: Pace = field(default_factory=Pace)
    _seen: set[str] = field(default_factory=set)
    _failed: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Take everything that has happened so far as known."""
        self._seen = {str(each["EventId"]) for each in self._events()}

    def until_still(self) -> Stack | None:
        """Tell what happens until nothing does; the stack then, None when it is gone."""
        for _ in self.pace.looks(self.stack):
            found = look(self.aws, self.stack)
            self._tell()
            if found is None or not found.moves:
                return found
        raise AssertionError  # looks() ends by raising

    def failures(self) -> list[str]:
        """What failed while we watched, the first first."""
        return list(self._failed)

    def _tell(self) -> None:
        new = [each for each in self._events() if each["EventId"] not in self._seen]
        for event in reversed(new):
            self._seen.add(str(event["EventId"]))
            line, failed = _told(event)
            self.terminal.say(f"  {line}")
            if failed:
                self._failed.append(line)

    def _events(self) -> list[dict[str, Any]]:
        """The newest events: one page holds a hundred, and we look every few seconds."""
        if look(self.aws, self.stack) is None:
            return []
        answer = self.aws.call("cloudformation", "describe_stack_events", StackName=self.stack)
        return list(answer["StackEvents"])


def _told(event: dict[str, Any]) -> tuple[str, bool]:
    reason = event.get("ResourceStatusReason", "")
    status = event.get("ResourceStatus", "")
    line = f"{status:<32} {event.get('LogicalResourceId', '')}{': ' + reason if reason else ''}"
    return line, status.endswith("_FAILED") and not reason.startswith(NOISE)
