"""What the control plane is told, and what it is asked: phases in passing, permission, and the one last word.

A phase that only informs never holds up the work: it is sent once and kept for a later `flush`. A phase that needs
permission, and the terminal report, are sent until they are answered. NotWanted comes out of all of them.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict
from typing import Any

from builder.api import ControlPlane, insist
from builder.clock import Deadline
from builder.errors import NotNow, Refused
from builder.failpoint import Failpoint
from builder.log_tail import LogTail
from builder.pace import Pace
from chalicelib.domain.build import NEEDS_PERMISSION, BuildReport, Phase

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
        self._unsent: deque[BuildReport] = deque()
        self._said: Phase | None = None
        self._not_before = 0.0
        self._pause = pace.progress_again

    def begin(self, phase: Phase) -> None:
        """Say that a phase has begun, unless that or a later one was said, or it is one to `ask` for."""
        if phase in NEEDS_PERMISSION or (self._said and _ORDER.index(phase) <= _ORDER.index(self._said)):
            return
        self._said = phase
        self._unsent.append(BuildReport(phase=phase, log_tail=self._tail.text()))
        self.flush()

    def flush(self) -> None:
        """Send what could not be sent yet, in order; returns at once when it was tried a moment ago."""
        while self._unsent and time.monotonic() >= self._not_before:
            try:
                self._post(self._unsent[0], self._pace.progress_timeout)
            except NotNow:
                self._not_before = time.monotonic() + self._pause
                self._pause = min(2 * self._pause, self._pace.progress_longest)
                return
            self._pause = self._pace.progress_again
            self._unsent.popleft()

    def ask(self, phase: Phase) -> None:
        """Return once the phase is permitted. NotNow: no answer until the deadline. Refused: not an answer."""
        self._unsent.clear()  # the question itself says how far we are
        self._said = phase
        question = BuildReport(phase=phase, log_tail=self._tail.text())
        status = insist(
            lambda: self._post(question, 30),
            left=self._deadline.left,
            first=self._pace.request_first,
            longest=self._pace.request_longest,
        )
        self._not_before, self._pause = 0.0, self._pace.progress_again  # somebody listens again
        if status != _PERMISSION:
            raise Refused(status)

    def end(self, report: BuildReport) -> None:
        """Send the terminal report, at least once and until the deadline; NotNow when it was never answered."""
        self._unsent.clear()
        insist(
            lambda: self._post(report, 30),
            left=self._deadline.left,
            first=self._pace.last_first,
            longest=self._pace.last_longest,
        )

    def _post(self, report: BuildReport, timeout: float) -> int:
        status, _ = self._api.post("reports", self._token, as_document(report), timeout)
        self._failpoint.returned("Builder.report")
        return status


def as_document(report: BuildReport) -> dict[str, Any]:
    """The report as it travels: the fields that say something, so that a phase carries no outcome."""
    document = {name: value for name, value in asdict(report).items() if value}
    if "detail" in document:
        document["detail"] = document["detail"][:_DETAIL_CHARS]
    return document
