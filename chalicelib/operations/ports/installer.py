"""The platform that runs builder jobs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class BuildState(StrEnum):
    """What the platform knows of an attempt."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStart:
    """What a builder job is started with: where to claim, as whom, and the one-time claim code."""

    instance_id: str
    attempt: int
    api_url: str
    claim_code: str


class Installer(Protocol):
    """The platform that runs builder jobs."""

    def start(self, start: BuildStart) -> str:
        """Start the job of one attempt and return the platform's reference; starting it again is the same job.

        BuilderFull: no slot, nothing was started. BuilderUnknown: it may have been started; start again.
        """

    def state(self, instance_id: str, attempt: int, reference: str) -> BuildState:
        """What the platform knows of the attempt; UNKNOWN if it never heard of it. BuilderUnknown: no answer."""

    def stop(self, instance_id: str, attempt: int, reference: str) -> None:
        """Ask the platform to end the attempt; `state` tells when it has. BuilderUnknown: no answer."""
