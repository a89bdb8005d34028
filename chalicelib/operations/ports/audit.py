"""Where it is kept who changed what."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from chalicelib.domain.audit import AuditEntry


class Audit(Protocol):
    """The entries of the last 90 days. StoreUnavailable as everywhere.

    What belongs to the change of a row is written by `Instances.write`, in the same transaction; this port keeps what
    changes no row, and reads both.
    """

    def record(self, entry: AuditEntry, *, server_id: int | None = None) -> None:
        """Keep one entry; StoreUnavailable: it may have been kept, and a repeat may be kept twice.

        With a server's number at the provider it can be found by that too: `of_server`.
        """

    def of_day(self, day: date, limit: int) -> list[AuditEntry]:
        """The newest entries of one day in UTC, newest first (an index: may lag)."""

    def of_instance(self, instance_id: str, limit: int) -> list[AuditEntry]:
        """The newest entries about one instance, newest first (an index: may lag)."""

    def of_server(self, server_id: int) -> AuditEntry | None:
        """The newest entry that was kept under this number; read consistently."""
