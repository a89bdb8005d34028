"""Tells in passing: what only informs is sent one after the other by a thread of its own, so that nobody waits for it.

A control plane that hangs holds up neither the reading of a program's output nor the next phase. What waits is
bounded: a new end of the log goes with the newest message that waits, and when there are too many the oldest go that
begin no phase. It decides nothing of what is said, and does not know how it is sent.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from builder.errors import NotNow
from builder.pace import Pace
from chalicelib.domain.build import BuildReport

MOST = 32
"""Messages that may wait: those of nixos-anywhere's three runs are 20."""

_LEAVE = 1.0
"""Seconds in which a thread that sends nothing has ended; one that waits for an answer is left to its timeout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A report that needs no answer; `begins`: it says that a phase begins, and must not be left out."""

    report: BuildReport
    begins: bool


class Messenger:
    """`send` sends one message: NotNow, and it is sent again later; anything else it raises is the last it does."""

    def __init__(self, send: Callable[[Message], None], pace: Pace) -> None:
        self._send = send
        self._pace = pace
        self._changed = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._on_its_way: Message | None = None
        self._pause = pace.progress_again
        self._not_before = 0.0
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, message: Message) -> None:
        """Have a message sent after all others that wait."""
        with self._changed:
            self._waiting.append(message)
            self._leave_out()
            self._changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="messenger", daemon=True)
            self._thread.start()

    def refresh(self, report: BuildReport) -> None:
        """Have a newer end of the log sent: with the newest message that waits, or as one of its own."""
        with self._changed:
            if self._waiting:
                last = self._waiting.pop()
                self._waiting.append(replace(last, report=replace(last.report, log_tail=report.log_tail)))
                return
        self.put(Message(report=report, begins=False))

    def look(self) -> None:
        """Raise what ended the sending, if anything did."""
        with self._changed:
            if self._failure is not None:
                raise self._failure

    def drain(self, within: float) -> None:
        """Wait until all is sent, at most so many seconds; what waits then is given up."""
        with self._changed:
            self._not_before = 0.0
            self._changed.notify_all()
            self._changed.wait_for(self._is_done, timeout=max(0.0, within))
            self._waiting.clear()
            self._on_its_way = None

    def close(self) -> None:
        """Send nothing more."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_LEAVE)

    def _is_done(self) -> bool:
        return self._failure is not None or (not self._waiting and self._on_its_way is None)

    def _leave_out(self) -> None:
        while len(self._waiting) > MOST:
            oldest = next((each for each in self._waiting if not each.begins), self._waiting[0])
            self._waiting.remove(oldest)

    def _work(self) -> None:
        while (message := self._next()) is not None:
            try:
                self._send(message)
            except NotNow:
                self._again(message)
            except Exception as failure:  # noqa: BLE001 -- it is raised where somebody can act on it
                self._end(failure)
                return
            else:
                self._sent(message)

    def _next(self) -> Message | None:
        """The next message when its time has come; None when there will be none."""
        with self._changed:
            while not self._closed:
                left = self._not_before - time.monotonic()
                if self._waiting and left <= 0:
                    self._on_its_way = self._waiting.popleft()
                    return self._on_its_way
                self._changed.wait(left if self._waiting else None)
        return None

    def _sent(self, message: Message) -> None:
        with self._changed:
            self._pause = self._pace.progress_again
            self._arrived(message)

    def _again(self, message: Message) -> None:
        with self._changed:
            self._not_before = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, self._pace.progress_longest)
            if self._on_its_way is message and not self._closed:
                self._waiting.appendleft(message)
            self._arrived(message)

    def _end(self, failure: Exception) -> None:
        with self._changed:
            self._failure = failure
            self._waiting.clear()
            self._on_its_way = None
            self._changed.notify_all()

    def _arrived(self, message: Message) -> None:
        if self._on_its_way is message:
            self._on_its_way = None
        self._changed.notify_all()
