"""The records of reap runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.orphan_cost import OrphanCost
from chalicelib.domain.orphans import Sighting


class RunState(StrEnum):
    """How far a reap run has come; `interrupted` is only shown: a worker that was killed can write nothing."""

    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One thing a run did or left alone, and why."""

    what: str
    why: str
    instance_id: str | None = None
    server_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The record of one reap run: what it looked at, did, skipped and why."""

    id: str
    state: RunState
    dry_run: bool
    requested_at: datetime
    confirm: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    rows: int = 0
    servers: int = 0
    did: tuple[RunEntry, ...] = ()
    skipped: tuple[RunEntry, ...] = ()
    errors: tuple[str, ...] = ()
    frozen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """Some runs, newest first, and the cursor that leads on (None at the end)."""

    runs: tuple[Run, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanPage:
    """What some servers without a row have cost, the newest first, and the cursor that leads on (None at the end)."""

    costs: tuple[OrphanCost, ...]
    next_cursor: str | None


class Runs(Protocol):
    """The records of reap runs, the sightings of servers without a row, and what those have cost."""

    def begin(self, run: Run) -> None:
        """Keep a run that is begun now, by whoever is first; WriteConflict when it was begun before."""

    def save(self, run: Run) -> None:
        """Keep a run, in place of its earlier form: whoever asks for it, and then whoever has begun it, and no other.

        What it did and its errors are kept whole, however many there are; of very much that it left alone, a part of
        each reason, and how much more there was.
        """

    def get(self, run_id: str) -> Run | None:
        """One run."""

    def newest(self, limit: int, *, before: Run | None = None) -> list[Run]:
        """The newest runs, or the newest of those that were asked for before another one, newest first."""

    def page(self, limit: int, cursor: str | None) -> RunPage:
        """Some runs from a cursor on, newest first (an index: may lag). InvalidInput: not our cursor."""

    def sightings(self) -> dict[int, Sighting]:
        """All sightings by server id."""

    def sight(self, seen: Sequence[Sighting], forget: Sequence[int]) -> None:
        """Keep new sightings and forget those of servers that are gone or owned."""

    def charge(self, cost: OrphanCost) -> None:
        """Keep what a server has cost, in place of what was kept of the same server; before its delete is sent."""

    def orphans(self, limit: int, cursor: str | None) -> OrphanPage:
        """What servers have cost, the newest delete first (an index: may lag). InvalidInput: not our cursor."""
