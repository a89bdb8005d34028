"""The table of instances, their builds, and the counters that limit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.audit import AuditEntry
from chalicelib.domain.build import BuildRecord
from chalicelib.domain.instance import Instance
from chalicelib.domain.lifecycle import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterChange:
    """An amount added to a counter in the same transaction as a row; with a cap, it must not be passed.

    `expires_at` is when the store may throw the counter away; a later change moves it.
    """

    key: str
    amount: int
    cap: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some instances, the cursor that leads on (None at the end), and how many rows could not be read."""

    instances: tuple[Instance, ...]
    next_cursor: str | None
    unread: int = 0


class Instances(Protocol):
    """The table of instances, their builds, and the counters that limit them.

    Reads are consistent except where a method says that it reads an index. StoreUnavailable: nothing is known;
    a write that raises it may have happened. UnknownSchema: the row is of another release and is left alone.
    """

    def get(self, instance_id: str) -> Instance | None:
        """The row, read consistently; None if there is none."""

    def write(
        self,
        after: Instance,
        *,
        before: Instance | None,
        counters: Sequence[CounterChange] = (),
        build: tuple[BuildRecord | None, BuildRecord] | None = None,
        audit: Sequence[AuditEntry] = (),
    ) -> Instance:
        """Put the row, and with it counters, a build's record and who did it: all or nothing.

        `before` None: the row must not exist; else it must be as it was read (version). `build` is a pair (as it was
        read or None, as it shall be). Returns the row as stored, with its new `version` and `op_id`. WriteConflict:
        nothing was written, somebody else was first. CounterFull: nothing was written. A lost reply to one's own
        write is recognised and is a success (rule R5).
        """

    def write_build(self, after: BuildRecord, *, before: BuildRecord) -> BuildRecord:
        """Put a build's record alone, if it is as it was read; WriteConflict and lost replies as for `write`."""

    def delay(self, instance_id: str, until: datetime) -> None:
        """Put off a row that raises or is not understood: sets nothing but `due_at`, whatever else is in the row."""

    def get_build(self, instance_id: str, attempt: int) -> BuildRecord | None:
        """The record of one build attempt, read consistently; None while nobody has claimed it."""

    def due(self, queue: Queue, until: datetime, limit: int) -> list[str]:
        """Ids of rows due in a queue, the earliest first (an index: may lag)."""

    def page(self, *, ended: bool, limit: int, cursor: str | None) -> Page:
        """Live rows, or with `ended` all rows, newest first (an index: may lag). InvalidInput: not our cursor."""

    def owned(self, owner: str) -> list[str]:
        """Ids of all rows of an owner, tombstones too (an index: may lag)."""

    def add(self, key: str, amount: int, *, cap: int | None, expires_at: datetime | None) -> int:
        """Add to a counter of its own and return its new value. CounterFull: nothing was added."""

    def counters(self, keys: Sequence[str]) -> dict[str, int]:
        """The values of counters; 0 for one that does not exist."""

    def store_time(self) -> datetime | None:
        """The Date of the store's last answer; None where the store has no clock of its own."""
