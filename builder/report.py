"""What the control plane is told, and what it is asked: progress in passing, permission, and the one last word.

Progress never holds up the work: a thread sends it (`messenger.py`). A phase that needs permission, and the terminal
report, are sent until they are answered, after what was said in passing before. NotWanted comes out of all of them.

A control plane of an older release refuses what it does not know. It is told the phases alone then: a step is worth
no build.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any

from builder.api import ControlPlane, insist
from builder.clock import Deadline
from builder.errors import Refused
from builder.failpoint import Failpoint
from builder.log_tail import LogTail
from builder.messenger import Message, Messenger
from builder.pace import Pace
from chalicelib.domain.build import NEEDS_PERMISSION, STEP_CHARS, BuildReport, Phase

_PERMISSION = 200
_DETAIL_CHARS = 300
_ORDER = tuple(Phase)


class Reporter:
    """Speaks for one attempt, with its build token, until its deadline."""

    def __init__(
        self, api: ControlPlane, token: str, tail: LogTail, deadline: Deadline, pace: Pace, failpoint: Failpoint
    ) -> None:
        self._api = api
        self._token = token
        self._tail = tail
        self._deadline = deadline
        self._pace = pace
        self._failpoint = failpoint
        self._messenger = Messenger(self._pass_on, pace)
        self._takes_steps = True
        self._said: Phase | None = None
        self._step = ""
        self._told_at, self._told_lines = time.monotonic(), 0

    def begin(self, phase: Phase) -> None:
        """Say that a phase has begun, unless that or a later one was said, or it is one to `ask` for."""
        if self._is_next(phase):
            self._said, self._step = phase, ""
            self._messenger.put(Message(report=self._progress(), begins=True))

    def step(self, title: str, phase: Phase | None) -> None:
        """Say what the program is doing now, and that a phase has begun with it; None where it is of no phase."""
        begins = phase is not None and self._is_next(phase)
        self._said, self._step = phase if begins else self._said, title[:STEP_CHARS]
        if self._said is not None:
            self._messenger.put(Message(report=self._progress(), begins=begins))

    def tick(self) -> None:
        """Hear what the control plane said to what it was told in passing, and send new lines now and then."""
        self._messenger.look()
        is_time = time.monotonic() >= self._told_at + self._pace.tail_again
        if is_time and self._step and self._tail.added > self._told_lines:
            self._messenger.refresh(self._progress())

    def ask(self, phase: Phase) -> None:
        """Return once the phase is permitted. NotNow: no answer until the deadline. Refused: not an answer."""
        self.settle()
        self._messenger.look()
        self._said, self._step = phase, ""
        question = self._progress()
        status = insist(
            lambda: self._post(question, 30),
            left=self._deadline.left,
            first=self._pace.request_first,
            longest=self._pace.request_longest,
        )
        if status != _PERMISSION:
            raise Refused(status)

    def end(self, report: BuildReport) -> None:
        """Send the terminal report, at least once and until the deadline; NotNow when it was never answered."""
        self.settle()
        insist(
            lambda: self._post(report, 30),
            left=self._deadline.left,
            first=self._pace.last_first,
            longest=self._pace.last_longest,
        )

    def close(self) -> None:
        """Say nothing more."""
        self._messenger.close()

    def settle(self) -> None:
        """Let what was said in passing come first, in a bounded time: what follows says how far we are."""
        self._messenger.drain(self._pace.progress_last)

    def _is_next(self, phase: Phase) -> bool:
        return phase not in NEEDS_PERMISSION and not (self._said and _ORDER.index(phase) <= _ORDER.index(self._said))

    def _progress(self) -> BuildReport:
        self._told_at, self._told_lines = time.monotonic(), self._tail.added
        return BuildReport(phase=self._said, step=self._step, log_tail=self._tail.text())

    def _pass_on(self, message: Message) -> None:
        """Send a message, from the messenger's thread."""
        if self._takes_steps or not message.report.step:
            try:
                self._post(message.report, self._pace.progress_timeout, "report" if message.begins else "step")
            except Refused:
                if not message.report.step:
                    raise
                self._takes_steps = False
            else:
                return
        if message.begins:
            self._post(replace(message.report, step=""), self._pace.progress_timeout)

    def _post(self, report: BuildReport, timeout: float, what: str = "report") -> int:
        status, _ = self._api.post("reports", self._token, as_document(report), timeout)
        self._failpoint.returned(f"Builder.{what}")
        return status


def as_document(report: BuildReport) -> dict[str, Any]:
    """The report as it travels: the fields that say something, so that a phase carries no outcome."""
    document = {name: value for name, value in asdict(report).items() if value}
    if "detail" in document:
        document["detail"] = document["detail"][:_DETAIL_CHARS]
    return document
