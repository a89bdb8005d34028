"""The one `stack` item: who we are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.operations.ports.servers import MarkerState


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutOut:
    """An owner (a digest of their address) whom an operator has shut out, and when."""

    owner: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """The `stack` item: who we are, and how far the newest sweep has counted.

    `uuid` and `epoch` are rule R11's; `marker_seen_at` and `marker_state` are the last marker answer, which counts only
    for the token with `marker_token`. `paused` stops new instances (rule R25). `frozen` says why nothing destructive
    may happen, or None. After a marker that did not answer nobody asks again before `marker_silent_until`.
    `reaped_at` is the end of the newest scheduled run, or when it was first waited for; `missed_told_at` is when its
    absence was last told. `counted_at` is when `epoch` last rose. `shut_out` are owners whose rows are still
    looked for.
    """

    uuid: str
    epoch: int
    marker_id: int | None = None
    marker_state: MarkerState | None = None
    marker_epoch: int | None = None
    marker_seen_at: datetime | None = None
    marker_token: str = ""
    paused: bool = False
    frozen: str | None = None
    swept_at: datetime | None = None
    marker_silent_until: datetime | None = None
    reaped_at: datetime | None = None
    missed_told_at: datetime | None = None
    counted_at: datetime | None = None
    shut_out: tuple[ShutOut, ...] = ()
    version: int = 0


class Stack(Protocol):
    """The one `stack` item; it is created by a deployment or the first start, never in passing."""

    def get(self) -> StackState | None:
        """The item, read consistently."""

    def write(self, after: StackState, before: StackState | None) -> StackState:
        """Compare-and-swap; WriteConflict when somebody else was first. Returns it with its new version."""
