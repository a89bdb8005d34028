"""The phases of one build, in the order and with the names that AWS tells them by, each with its times and its outcome.

SUBMITTED, QUEUED, PROVISIONING and DOWNLOAD_SOURCE come before the commands of the buildspec (INSTALL to POST_BUILD),
UPLOAD_ARTIFACTS and FINALIZING after them, COMPLETED at the very end. Source: "Build phase transitions" in AWS's
CodeBuild user guide, and `BuildPhase` in its API reference.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BEFORE = ("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE")
AFTER = ("UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED")

_FAILED = re.compile(r"FAILED ([0-9]+)")


@dataclass(slots=True)
class _Phase:
    name: str
    began: float
    ended: float | None = None
    status: str = "SUCCEEDED"
    exit_status: int | None = None


class Phases:
    """What a build has gone through so far; times are real seconds since 1970, as AWS tells them."""

    def __init__(self) -> None:
        self._all = [_Phase(BEFORE[0], _now())]
        self._heard = 0

    @property
    def current(self) -> str:
        """The name of the phase that goes on, or COMPLETED."""
        return self._all[-1].name

    def begin(self, name: str) -> None:
        """End the phase before and begin this one."""
        now = _now()
        self._all[-1].ended = now
        self._all.append(_Phase(name, now))

    def hear(self, lines: Sequence[str]) -> None:
        """Take in all lines that the commands' shell has noted so far; those that are known are passed over."""
        for line in lines[self._heard :]:
            failed = _FAILED.fullmatch(line)
            if failed is None:
                self.begin(line)
            else:
                self._all[-1].status, self._all[-1].exit_status = "FAILED", int(failed[1])
        self._heard = max(self._heard, len(lines))

    def left(self, exit_status: int) -> None:
        """Take note of the shell's end; a command that ended the shell itself has noted nothing."""
        if exit_status and all(each.exit_status is None for each in self._all):
            self._all[-1].status, self._all[-1].exit_status = "FAILED", exit_status

    def finish(self, outcome: str) -> None:
        """Go through what comes after the commands; a build that was stopped or lost ends in the phase it was in."""
        if outcome in {"STOPPED", "FAULT"}:
            self._all[-1].status = outcome
        else:
            self.begin(AFTER[0])
            self.begin(AFTER[1])
        self.begin(AFTER[2])

    def documents(self) -> list[dict[str, Any]]:
        """As `BatchGetBuilds` answers them."""
        return [_document(each) for each in list(self._all)]


def _document(phase: _Phase) -> dict[str, Any]:
    told: dict[str, Any] = {"phaseType": phase.name, "startTime": phase.began}
    if phase.ended is not None:
        took = int(phase.ended - phase.began)
        told |= {"phaseStatus": phase.status, "endTime": phase.ended, "durationInSeconds": took}
    if phase.exit_status is not None:
        message = f"Error while executing command. Reason: exit status {phase.exit_status}"
        told["contexts"] = [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": message}]
    return told


def _now() -> float:
    return time.time()  # noqa: TID251 -- what is told is real time, as AWS tells it
